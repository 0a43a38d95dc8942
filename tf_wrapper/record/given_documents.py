"""Reads plans and states given on the command line, with a limit for endless inputs."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from change_events.errors import InputError

if TYPE_CHECKING:
    from typing import BinaryIO

MOST_BYTES = 1 << 30
"""Of one document: plans of a hundred thousand resources have a third of it."""
_CHUNK = 1 << 20
_EXPECTED = "give a plan (`terraform show -json PLAN`), a plan file or two states"


def read_given(path: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file, a pipe or a terminal; ``-`` is standard input.

    Raises:
        InputError: it cannot be read, is another device, or has more than ``most`` bytes.
    """
    try:
        if path == "-" and sys.stdin is None:
            raise InputError("standard input is closed")
        if path == "-":
            return _bounded(sys.stdin.buffer, "standard input", most)
        _refuse_devices(path, os.stat(path))  # to open a device may do something already
        with open(path, "rb") as file:
            return _bounded(file, path, most)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {_EXPECTED}") from error


def _refuse_devices(path: str, status: os.stat_result) -> None:
    if stat.S_ISBLK(status.st_mode) or (stat.S_ISCHR(status.st_mode) and not _ends(status.st_rdev)):
        raise InputError(f"{path}: a device, not a file; {_EXPECTED}")


def _ends(number: int) -> bool:
    """Return whether a device has an end: the null device, and the controlling terminal."""
    if number == os.stat(os.devnull).st_rdev:
        return True
    return any(os.isatty(own) and os.fstat(own).st_rdev == number for own in range(3))


def _bounded(file: BinaryIO, name: str, most: int) -> bytes:
    status = os.fstat(file.fileno())
    _refuse_devices(name, status)
    size = status.st_size if stat.S_ISREG(status.st_mode) else 0
    parts: list[bytes] = []
    left = most
    while left >= 0 and size <= most and (part := file.read(min(max(size, _CHUNK), left) + 1)):
        parts.append(part)
        left -= len(part)
    if left < 0 or size > most:
        raise InputError(f"{name}: larger than {_readable(most)}, more than is read of one document")
    return b"".join(parts)


def _readable(size: int) -> str:
    return f"{size // MOST_BYTES} GiB" if size % MOST_BYTES == 0 else f"{size:,} bytes"
