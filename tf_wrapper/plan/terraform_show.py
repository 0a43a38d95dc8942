"""Asking terraform itself, beside a run or after it: what is in a saved plan, what is in the state."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Any

from change_events.paths import working_directory
from tf_wrapper.launch.environment import helper_environment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from change_events.process import Signals

_PLAN_SECONDS = 600.0  # a huge plan with many providers; it runs beside the approval or the apply
_STATE_SECONDS = 20.0
_CHUNK = 1 << 20


def plan_json(facts: Mapping[str, Any], path: str, *, seconds: float = _PLAN_SECONDS) -> bytes | None:
    """`show -json` of a saved plan; None where it fails or takes longer.

    Args:
        facts: the run's facts (binary, globals, cwd).
        path: the plan file, absolute.
        seconds: how long it may take.
    """
    return _ask(facts, ["show", "-json", path], seconds)


def state(facts: Mapping[str, Any], signals: Signals | None = None, *, most: int | None = None) -> bytes | None:
    """The raw state before or after a run, as `state pull` gives it; None where it cannot be had.

    A signal that ``signals`` notes ends the wait: terraform waits for this to be over. One that is larger than
    ``most`` bytes is not taken.
    """
    return _ask(facts, ["state", "pull"], _STATE_SECONDS, signals, most)


def workspaces(facts: Mapping[str, Any], signals: Signals | None = None) -> list[str] | None:
    """The names that `workspace list` prints; None where it fails."""
    listed = _ask(facts, ["workspace", "list"], _STATE_SECONDS, signals)
    return None if listed is None else [line.lstrip("* ").strip() for line in listed.decode().splitlines()]


def version(binary: str) -> bytes | None:
    """`version -json` of a binary."""
    return _ask({"binary": binary, "cwd": working_directory()}, ["version", "-json"], _STATE_SECONDS)


def abandon() -> None:
    """End what is being asked: no one waits for the answer any more."""
    for process in tuple(_asked):
        process.kill()


_asked: set[subprocess.Popen[bytes]] = set()


def _ask(
    facts: Mapping[str, Any],
    words: Sequence[str],
    seconds: float,
    signals: Signals | None = None,
    most: int | None = None,
) -> bytes | None:
    import subprocess  # few runs ask anything: with what it brings it costs a twentieth of what a run imports

    try:
        process = subprocess.Popen(
            [str(facts["binary"]), *facts.get("globals", ()), *words],
            cwd=str(facts["cwd"]),
            env=_environment(facts),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # never a file: what it prints holds secrets
            stderr=subprocess.DEVNULL,
            process_group=0,  # the terminal's Ctrl-C is for the run, not for our look at it
        )
    except (OSError, subprocess.SubprocessError):
        return None
    with process:
        _asked.add(process)
        try:
            answer = _answer(process, seconds, signals) if most is None else _bounded(process, seconds, signals, most)
        except (OSError, subprocess.SubprocessError):
            process.kill()
            return None
        finally:
            _asked.discard(process)
    return answer if process.returncode == 0 else None


def _answer(process: subprocess.Popen[bytes], seconds: float, signals: Signals | None) -> bytes:
    """Everything that it prints; raises TimeoutExpired when the time is over or a signal has come."""
    import subprocess

    deadline = time.monotonic() + seconds
    while True:
        try:
            return process.communicate(timeout=seconds if signals is None else 0.1)[0]
        except subprocess.TimeoutExpired:
            if signals is None or signals.received or time.monotonic() > deadline:
                raise


def _bounded(process: subprocess.Popen[bytes], seconds: float, signals: Signals | None, most: int) -> bytes:
    """Everything that it prints, likewise; what is larger raises SubprocessError."""
    import subprocess

    if process.stdout is None:
        raise subprocess.SubprocessError
    descriptor, found = process.stdout.fileno(), bytearray()
    deadline = time.monotonic() + seconds
    while len(found) <= most:
        if select.select([descriptor], [], [], 0.1)[0]:
            part = os.read(descriptor, _CHUNK)
            if not part:
                process.wait(max(deadline - time.monotonic(), 0.1))
                return bytes(found)
            found += part
        if (signals is not None and signals.received) or time.monotonic() > deadline:
            break
    raise subprocess.SubprocessError


def _environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """The user's own, but for what selects the working directory's data: those as they were when the run started."""
    environ = helper_environment(os.environ)
    for name in ("TF_DATA_DIR", "TF_WORKSPACE"):
        if "selected" in facts:
            environ.pop(name, None)
    return {**environ, **facts.get("selected", {})}
