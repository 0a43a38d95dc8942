"""Opening folders below which files are written and deleted, so that no one else decides where they lie.

Standard library only: run folders are made before terraform starts.

A path is not enough: in a folder that everybody can write, such as ``/tmp``, another user may have put a link in the
place of ours. Folders are therefore opened one below the other by descriptor, without following links, and each one is
checked after it has been opened. What is done through the descriptor cannot be redirected later.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Sequence

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_LINKS = 40  # as many as Linux follows in one path


def open_folder(base: str, names: Sequence[str], *, shared: bool, make: bool = False) -> int:
    """A descriptor of the folder ``base/names…``, opened so that it is certain to be ours alone.

    Args:
        base: an existing folder, or one to make; links on the way to it count if they are ours or root's.
        names: the folders below it, each owned by us and not writable by others.
        shared: the base may belong to root, and others may write it if it is sticky (``/tmp``); else it must be ours
            and not writable by others.
        make: make what is missing, with mode 0700.

    Raises:
        OSError: something is missing, is no folder, belongs to someone else, or can be written by others.
    """
    _check_links(base, _LINKS)
    if make:
        os.makedirs(base, mode=0o700, exist_ok=True)
    folder = os.open(base, _DIRECTORY)
    try:
        _check(folder, base, shared=shared)
        for name in names:
            folder = _below(folder, name, make=make)
    except BaseException:
        os.close(folder)
        raise
    return folder


def open_own(folder: int, name: str) -> int:
    """A descriptor of the folder ``name`` in ``folder``; a link is not followed. Raises OSError as `open_folder`."""
    descriptor = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        _check(descriptor, name)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_file(folder: int, name: str, flags: int) -> int:
    """A descriptor of a regular file of ours in ``folder``, mode 0600 where it is made. Raises OSError.

    Nothing blocks and nothing is followed, whatever stands there under that name.
    """
    safe = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(name, flags | safe, 0o600, dir_fd=folder)
    status = os.fstat(descriptor)
    if status.st_uid != os.getuid() or not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "is not a file of tfevent", name)
    return descriptor


def write_file(folder: int, name: str, data: bytes, *, durable: bool = False) -> None:
    """Put a file into ``folder``, atomically. What stands there under its name is replaced, never written to.

    Args:
        folder: descriptor of a folder of ours.
        name: the file; ``name.new`` is used on the way.
        data: all of it.
        durable: not even a power cut loses it.

    Raises:
        OSError: it cannot be written.
    """
    fresh = name + ".new"
    try:
        descriptor = open_file(folder, fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:  # left by a process that was killed while it wrote
        os.unlink(fresh, dir_fd=folder)
        descriptor = open_file(folder, fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)


def read_file(folder: int, name: str) -> bytes:
    """All of a file of ours in ``folder``. Raises OSError."""
    with open(open_file(folder, name, os.O_RDONLY), "rb") as file:
        return file.read()


def _below(folder: int, name: str, *, make: bool) -> int:
    if make:
        try:  # noqa: SIM105 - importing contextlib costs
            os.mkdir(name, 0o700, dir_fd=folder)
        except FileExistsError:
            pass
    found = open_own(folder, name)
    os.close(folder)
    return found


def _check(folder: int, name: str, *, shared: bool = False) -> None:
    status = os.fstat(folder)
    if not (_is_ours(status) or (shared and _is_safe_to_share(status))):
        raise PermissionError(errno.EPERM, "is not ours alone", name)


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and not status.st_mode & _WRITABLE_BY_OTHERS


def _is_safe_to_share(status: os.stat_result) -> bool:
    """No one but us and root can rename what we have made there."""
    sticky = bool(status.st_mode & stat.S_ISVTX)
    return status.st_uid in {0, os.getuid()} and (sticky or not status.st_mode & _WRITABLE_BY_OTHERS)


def _check_links(path: str, left: int) -> None:
    """Every symbolic link on the way is ours or root's: others must not choose where a path leads."""
    place = "/" if os.path.isabs(path) else "."
    for part in path.split("/"):
        place = os.path.join(place, part)
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            return
        if not stat.S_ISLNK(status.st_mode):
            continue
        if status.st_uid not in {0, os.getuid()} or not left:
            raise PermissionError(errno.EPERM, "is a link of another user", place)
        _check_links(os.path.join(os.path.dirname(place), os.readlink(place)), left - 1)
