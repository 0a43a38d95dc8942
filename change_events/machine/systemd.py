"""Queries systemd: how the previous boot ended, by its journal, and whether this one is ending.

Its own programs are run, with a limit of half a second: a machine that boots or goes down waits for tfevent.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from change_events.machine.wtmp import LastEnd

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 0.5
_LINES = "80"  # the end of a boot: the last words of a shutdown are among them
_JOURNAL_STOPPED = "d93fb3c9c24d451a97cea615ce59c00b"  # `journalctl --catalog` shows what message ids mean
_LAST_UNITS = {"umount.target", "final.target"}  # reached when every service has been stopped
_GOALS = ("reboot", "kexec", "soft-reboot", "poweroff", "halt")
UNKNOWN = "unknown"


class _Line(msgspec.Struct):
    """The relevant fields of a journal line (systemd.journal-fields(7)); fields may be binary or repeated."""

    at: object = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    message_id: object = msgspec.field(name="MESSAGE_ID", default=None)
    program: object = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    unit: object = msgspec.field(name="UNIT", default=None)


def last_end(environ: Mapping[str, str], boot_id: str | None = None) -> LastEnd | None:
    """Return how the previous boot ended, by the last lines of the journal; None without a persistent journal.

    Args:
        environ: environment for ``journalctl``.
        boot_id: ID of that boot; None for the previous one.
    """
    boot = boot_id.replace("-", "") if boot_id else "-1"
    fields = "__REALTIME_TIMESTAMP,MESSAGE_ID,SYSLOG_IDENTIFIER,UNIT"
    out = _ask(
        ["journalctl", "--quiet", "--no-pager", f"--boot={boot}", f"--lines={_LINES}", "--output=json",
         f"--output-fields={fields}"],
        environ,
    )  # fmt: skip
    lines = [line for text in (out or b"").splitlines() if (line := _line(text))]
    times = [moment for line in lines if (moment := _moment(line.at))]
    if not times:
        return None
    return LastEnd(clean=any(_is_last_word(line) for line in lines), at=max(times))


def goal(environ: Mapping[str, str], root: Path = Path("/")) -> str | None:
    """Return the purpose of a shutdown in progress: ``reboot``, ``poweroff`` …, or ``shutdown``; None without one.

    ``unknown`` without systemd, or if it does not answer in time.
    """
    if not (root / "run/systemd/system").is_dir():
        return UNKNOWN
    out = _ask(["systemctl", "list-jobs", "--no-legend", "--no-pager", "--plain"], environ)
    if out is None:
        return UNKNOWN
    jobs = {words[1] for line in out.decode("utf-8", "replace").splitlines() if len(words := line.split()) > 2}  # noqa: PLR2004 - number, unit, what is done to it
    if "shutdown.target" not in jobs:
        return None
    return next((name for name in _GOALS if f"{name}.target" in jobs), "shutdown")


def _ask(argv: list[str], environ: Mapping[str, str]) -> bytes | None:
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            argv, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
        return done.stdout
    return None


def _line(text: bytes) -> _Line | None:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text, type=_Line)
    return None


def _moment(micros: object) -> datetime | None:
    with suppress(ValueError, TypeError, OverflowError, OSError):
        return datetime.fromtimestamp(int(str(micros)) / 1_000_000, UTC)
    return None


def _is_last_word(line: _Line) -> bool:
    return line.message_id == _JOURNAL_STOPPED or line.program == "systemd-shutdown" or str(line.unit) in _LAST_UNITS
