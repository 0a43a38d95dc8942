"""The journal's file: private to its owner, and moved aside if it is damaged."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BESIDE = ("", "-wal", "-shm")
_HEADER = b"SQLite format 3\0"
_SUFFIXES = (".db", ".sqlite", ".sqlite3")


def prepare(path: str) -> None:
    """Create the folder (0700) and the file (0600) if they are missing; what exists stays unchanged.

    An existing file is not opened: closing any descriptor of it would drop the locks that SQLite holds in this process
    for other connections (https://www.sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        OSError: they cannot be created, or the file is a folder, or may not be read and written.
    """
    _make_folder(Path(path).parent)
    if not Path(path).exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    elif reason := _why_not_usable(path):
        raise OSError(reason, os.strerror(reason), path)


def _why_not_usable(path: str) -> int:
    """Return the error number with which opening the file to read and write would fail; 0 if it would not."""
    if Path(path).is_dir():
        return errno.EISDIR
    if os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return 0
    return errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES


def make_private(path: str) -> None:
    """Remove others' permissions from a journal. Raises OSError."""
    file = Path(path)
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o700)


def identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of the file; None if there is none."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_there(path: str) -> bool:
    """Return whether there is a file. Raises JournalError for anything that is not a file."""
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise JournalError(f"journal {path}: {error.strerror}; make it readable, or set TFEVENT_JOURNAL") from error
    if not stat.S_ISREG(mode):  # of a pipe, SQLite would wait for the other end
        raise JournalError(f"journal {path}: it is not a file; set TFEVENT_JOURNAL to one")
    return True


def has_log(path: str) -> bool:
    """Return whether there are changes beside the file that it does not contain yet."""
    try:
        return Path(f"{path}-wal").stat().st_size > 0
    except OSError:
        return False


def is_journal(path: str) -> bool:
    """Return whether a damaged file may have been a journal, by name or content, and so may be moved."""
    if path.endswith(_SUFFIXES):
        return True
    try:
        with Path(path).open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER
    except OSError:
        return False


def move_aside(path: str, damaged: tuple[int, int] | None) -> str | None:
    """Rename a damaged journal (and SQLite's side files) to ``NAME.corrupt-TIMESTAMP``.

    Many processes may find the same damage at once: one of them moves it, and the others see that the file is no longer
    the one they opened.

    Args:
        path: the journal.
        damaged: the :func:`identity` of the damaged file.

    Returns:
        The new name, or None if another process has moved it already.
    """
    with _locked(Path(path).parent):
        if identity(path) != damaged:
            return None
        aside = f"{path}.corrupt-{time.strftime('%Y%m%dT%H%M%S')}"
        number = 0
        while os.path.lexists(aside + f"{number or ''}"):
            number += 1
        aside += f"{number or ''}"
        for suffix in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                Path(path + suffix).rename(aside + suffix)
        return aside


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # no locks there: two movers at once stay possible
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
