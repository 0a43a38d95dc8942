"""The system's log of boots and shutdowns, /var/log/wtmp: how the previous boot ended.

Records have one size on a machine (man 5 utmp): 384 bytes if 32-bit and 64-bit programs share the file (x86 and
others), 400 if times are 64 bits wide (aarch64 and others). Newer systems have no such file.
"""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAYOUTS = (
    struct.Struct("=hxxi32s4s32s256shhiii16s20x"),  # 384: session, seconds, microseconds: 32 bits each
    struct.Struct("=hxxi32s4s32s256shhqqq16s20x4x"),  # 400: the same with 64 bits
)
_RUN_LEVEL, _BOOT = 1, 2
_HIGHEST_TYPE = 9
_MOST = 4_000_000  # bytes looked at, from the end
_HALTING = {ord("0"), ord("6")}  # runlevels of System V: halt and reboot
_SLACK = timedelta(minutes=5)  # the clock may be set while a machine boots


class _Entry(NamedTuple):
    type: int
    pid: int
    user: str
    at: datetime


class LastEnd(NamedTuple):
    """How the previous boot ended: ``clean`` or not, and the time of the shutdown, or of its last record."""

    clean: bool
    at: datetime


def last_end(path: Path, booted_at: datetime) -> LastEnd | None:
    """Return how the boot before the one of ``booted_at`` ended; None if the log does not show it."""
    latest: datetime | None = None
    for entry in _backwards(path):
        if entry.type == _BOOT:
            if entry.at >= booted_at - _SLACK:
                latest = None  # ours: what stands behind it has happened since
                continue
            return LastEnd(clean=False, at=max(latest or entry.at, entry.at))
        if _is_shutdown(entry):
            return LastEnd(clean=True, at=entry.at)
        latest = latest or entry.at
    return None


def _is_shutdown(entry: _Entry) -> bool:
    halting = entry.pid & 0xFF in _HALTING
    return entry.type == _RUN_LEVEL and (entry.user == "shutdown" or (entry.user == "runlevel" and halting))


def _backwards(path: Path) -> Iterator[_Entry]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            layout = _layout(size)
            if layout is None:
                return
            start = max(0, size - _MOST // layout.size * layout.size)
            file.seek(start)
            data = file.read(size - start)
    except OSError:
        return
    for at in range(len(data) - layout.size, -1, -layout.size):
        fields = layout.unpack_from(data, at)
        if 0 <= fields[0] <= _HIGHEST_TYPE:
            user = fields[4].split(b"\0")[0].decode("ascii", "replace")
            yield _Entry(fields[0], fields[1], user, _moment(fields[9], fields[10]))


def _layout(size: int) -> struct.Struct | None:
    """Return the layout that matches the file's size; if both do, that of this machine's architecture."""
    wide = os.uname().machine in {"aarch64", "riscv64", "loongarch64", "s390x", "alpha", "ia64"}
    for layout in reversed(_LAYOUTS) if wide else _LAYOUTS:
        if size and size % layout.size == 0:
            return layout
    return None


def _moment(seconds: int, micros: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
