"""The result of a service, from systemd's variables in ``ExecStopPost=``, or from its exit code.

systemd.exec(5): ``$SERVICE_RESULT`` is the result, ``$EXIT_CODE`` how the main process ended (exited, killed, dumped),
``$EXIT_STATUS`` its exit code or the name of the signal.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import msgspec

from change_events.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {
    "protocol": "it did not start as its unit says",
    "timeout": "it timed out",
    "watchdog": "its watchdog did not hear of it",
    "oom-kill": "the system was out of memory",
    "start-limit-hit": "it was started too often",
    "resources": "the system lacked resources",
    "exec-condition": "a condition of its unit did not hold",
}
_SIGNALLED = 128  # what a shell adds to a signal's number
_MOST = 255


class Result(msgspec.Struct, frozen=True):
    """The result of a service.

    Attributes:
        outcome: succeeded, failed, or no_change for one that was not started because a condition did not hold.
        detail: a clause, empty for a success: ``exit code 3``, ``killed by SIGKILL: it timed out``.
        data: systemd's own words, for the event's data.
    """

    outcome: Outcome = Outcome.SUCCEEDED
    detail: str = ""
    data: dict[str, str] = {}


def by_systemd(environ: Mapping[str, str]) -> Result | None:
    """Return the result from systemd's variables; None outside of systemd."""
    result = environ.get("SERVICE_RESULT")
    if not result:
        return None
    code, status = environ.get("EXIT_CODE", ""), environ.get("EXIT_STATUS", "")
    data = {"service_result": result, "exit_code": code, "exit_status": status}
    data |= {"invocation_id": environ.get("INVOCATION_ID", "")}
    reported = {name: value for name, value in data.items() if value}
    if result == "success":
        return Result(data=reported)
    outcome = Outcome.NO_CHANGE if result == "exec-condition" else Outcome.FAILED
    parts = (_process(code, status), _WORDS.get(result, "" if result in _PROCESS else result))
    return Result(outcome, ": ".join(part for part in parts if part) or result, reported)


_PROCESS = {"exit-code", "signal", "core-dump"}  # results that the process's own end explains


def _process(code: str, status: str) -> str:
    if code in {"killed", "dumped"}:
        core = ", dumped core" if code == "dumped" else ""
        return f"killed by SIG{status}{core}" if status else "killed"
    return f"exit code {status}" if status and status != "0" else ""


def by_exit_code(code: int) -> Result:
    """Return the result from an exit code as in a shell: 0 to 255, above 128 for signals.

    SIGTERM, SIGINT and SIGHUP count as normal stops, as in systemd.
    """
    if code == 0:
        return Result()
    if code > _SIGNALLED:
        try:
            name = signal.Signals(code - _SIGNALLED).name
        except ValueError:
            return Result(Outcome.FAILED, f"exit code {code}")
        clean = name in {"SIGTERM", "SIGINT", "SIGHUP"}
        return (
            Result(Outcome.SUCCEEDED, "", {"exit_status": name})
            if clean
            else Result(Outcome.FAILED, f"killed by {name}")
        )
    return Result(Outcome.FAILED, f"exit code {code}")
