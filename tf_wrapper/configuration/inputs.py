"""Reads the user's files beside terraform: regular files only, and never in a way that can block.

A pipe, a process substitution or a device yields its content once, and terraform must be its reader.
"""

from __future__ import annotations

import os
import stat

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DESCRIPTORS = ("/dev/fd/", "/dev/stdin")
_CHUNK = 1 << 20


def read(path: str, most: int = -1) -> bytes | None:
    """Return the content of a regular file; None for anything else or if it cannot be read.

    Args:
        path: the file; links are followed.
        most: maximum number of bytes to read; negative for all.
    """
    opened = _opened(path)
    if opened is None:
        return None
    descriptor, size = opened
    try:
        return _content(descriptor, most, size)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def open_regular(path: str) -> int | None:
    """Return a descriptor for reading a regular file; None for anything else, which is not opened."""
    opened = _opened(path)
    return opened[0] if opened is not None else None


def _opened(path: str) -> tuple[int, int] | None:
    """Return the descriptor and size of a regular file."""
    if not is_rereadable(path):  # to open a pipe would wake its writer
        return None
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return descriptor, status.st_size
    os.close(descriptor)  # replaced since it was looked at
    return None


def _content(descriptor: int, most: int, size: int) -> bytes:
    parts: list[bytes] = []
    left = most
    chunk = min(size + 1, _CHUNK) if size else _CHUNK  # room for more than there is costs more than to read it
    while left and (part := os.read(descriptor, chunk if left < 0 else min(left, chunk))):
        parts.append(part)
        left = left - len(part) if left > 0 else left
    return b"".join(parts)


def is_rereadable(path: str) -> bool:
    """Return whether it is a regular file, or a link to one: each reading returns the same content."""
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
    # where /dev/fd/N is a duplicate of the descriptor (macOS), reading moves the position that terraform reads from
    return regular and (not path.startswith(_DESCRIPTORS) or os.path.exists("/proc/self/fd"))


def is_read_once(path: str) -> bool:
    """Return whether it may yield its content to one reader only: a pipe, a socket, a terminal.

    Directories and /dev/null are not read once.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    if stat.S_ISDIR(mode) or is_rereadable(path):
        return False
    return not _is_null(path)


def _is_null(path: str) -> bool:
    try:
        return os.stat(path).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False
