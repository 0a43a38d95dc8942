"""``-o FILE``: a file written atomically."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress

from change_events.errors import TfeventError


def write_file(path: str, data: bytes) -> None:
    """Write ``data`` to ``path``, replacing an existing file; its mode is that of a new file (umask).

    Anything but a regular file (a link, a device, a pipe) is neither followed nor replaced.

    Raises:
        TfeventError: it cannot be written; an existing file is unchanged.
    """
    try:
        _refuse_what_is_no_file(path)
        _replace(path, data)
    except (OSError, ValueError) as error:  # ValueError: a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise TfeventError(f"{path} cannot be written: {reason}") from error


def _refuse_what_is_no_file(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise TfeventError(f"{path} cannot be written: it is a directory")
    if stat.S_ISLNK(mode):
        raise TfeventError(f"{path} cannot be written: it is a symbolic link; name the file itself")
    if not stat.S_ISREG(mode):
        raise TfeventError(f"{path} cannot be written: it is not a file; without -o, standard output is used")


def _replace(path: str, data: bytes) -> None:
    beside = os.path.join(os.path.dirname(path), f".tfevent-{secrets.token_hex(8)}")  # noqa: PTH118, PTH120 - keeps `./`
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(beside, path)  # noqa: PTH105 - a text, as it was given
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108 - likewise
        raise
