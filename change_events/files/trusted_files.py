"""Whose settings files are read, and which files of a working tree have the user's consent.

Standard library only: the binary in a working tree's settings is needed before terraform starts.

A file that another user could have written is not read (:func:`read`). A file found in a working tree is read, since a
team shares its settings there; but it is controlled by whoever can change the tree, e.g. by a pull request. Settings
that could harm the user (:mod:`change_events.settings.consent`) require consent for one path and one content: `tfevent
events trust` stores it in the state folder.
"""

from __future__ import annotations

import os
import stat

from change_events.files import private_folder

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "tfevent.yaml"
VARIABLE = "TFEVENT_TRUST_SETTINGS"
ANY_OWNER = "any-owner"
STORE = "trusted"
MOST_BYTES = 256_000  # of a settings file
_LARGE = 4_000_000  # bytes: a file above is known by size, times and place instead of its content
_OFF = {"", "0", "false", "no", "off"}


class UntrustedError(OSError):
    """A file is not read; the text is the reason and the remedy, as a clause."""


def read(path: str, environ: Mapping[str, str], most: int = MOST_BYTES) -> bytes:
    """Return the content of a settings file that only its user and root can have written.

    Raises:
        UntrustedError: another user owns it or can write it, or it is not a regular file, or too long.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UntrustedError("is not a regular file: replace or remove it")
    with open(descriptor, "rb") as file:
        if wrong := doubt(path, status, environ):
            raise UntrustedError(f"is not read, {wrong}")
        data = file.read(most + 1)
    if len(data) > most:
        raise UntrustedError(f"is longer than {most:,} bytes: shorten it")
    return data


def doubt(path: str, status: os.stat_result, environ: Mapping[str, str]) -> str | None:
    """Return why an open file may be written by others, with the remedy; None if it may not.

    Args:
        path: the name it was opened by.
        status: status of the open file.
        environ: ``TFEVENT_TRUST_SETTINGS=any-owner`` skips the check.
    """
    if environ.get(VARIABLE) == ANY_OWNER:
        return None
    remedy = f"or set {VARIABLE}={ANY_OWNER} where only you decide what is there, as in a container"
    if status.st_uid not in {0, os.getuid()}:
        return f"it belongs to {_name(status.st_uid)}, not to {_name(os.getuid())}: make it yours, {remedy}"
    if _others_can_write(status):
        return "others can write it: chmod go-w it"
    for folder in dict.fromkeys((os.path.dirname(os.path.realpath(path)), os.path.dirname(os.path.abspath(path)))):
        place = os.stat(folder)
        if place.st_uid not in {0, os.getuid()}:
            return f"{folder} belongs to {_name(place.st_uid)}, not to {_name(os.getuid())}: make it yours, {remedy}"
        if _others_can_write(place) and not place.st_mode & stat.S_ISVTX:
            return f"others can write in {folder}: chmod go-w it"
    return None


def _others_can_write(status: os.stat_result) -> bool:
    """Return whether users other than its owner and root can write it; a private group (umask 002) is ignored."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status)


def _is_private_group(status: os.stat_result) -> bool:
    """Return whether a group has its owner's name and no other member, as many distributions create them."""
    import grp
    import pwd

    try:
        group, owner = grp.getgrgid(status.st_gid), pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return False
    return group.gr_name == owner and set(group.gr_mem) <= {owner}


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


# -- consent -----------------------------------------------------------------------------------------------------------


def refusal(path: str, what: str) -> str:
    """Return the message that a part of a file requires consent, with the remedy."""
    return f"{path}: not used without your consent: {what}. Read the file, then run `tfevent events trust {path}`"


def program_in(folder: str, word: str) -> str | None:
    """Return the real path of the file below ``folder`` named by a word of a command; None if it names none."""
    try:
        path = os.path.realpath(os.path.join(folder, word))
        return path if os.path.isfile(path) and path.startswith(os.path.realpath(folder) + os.sep) else None
    except ValueError:  # a null character
        return None


def is_trusted_program(path: str, data: bytes, program: str, environ: Mapping[str, str]) -> bool:
    """Return whether a settings file may name this program: with consent to both.

    Args:
        path: the settings file.
        data: its content.
        program: name or path of the program, as in the file.
        environ: the environment.
    """
    from change_events.paths import state_dir

    state = state_dir()
    own = program_in(os.path.dirname(path), program)
    return is_trusted(path, data, environ, state) and (own is None or is_trusted(own, None, environ, state))


def is_trusted(path: str, data: bytes | None, environ: Mapping[str, str], state: str) -> bool:
    """Return whether the user has consented to this content, or to all files by ``TFEVENT_TRUST_SETTINGS``.

    Args:
        path: any name of the file.
        data: its content, if it was read already.
        environ: the environment.
        state: the state folder.
    """
    if environ.get(VARIABLE, "").lower() not in _OFF:
        return True
    real = os.path.realpath(path)
    known = consents(state).get(real)
    if known is None:
        return False
    try:
        return known == digest(real, data)
    except OSError:
        return False


def digest(path: str, data: bytes | None = None) -> str:
    """Return the SHA-256 of a file in hex; for a large one, of its size, times and inode. Raises OSError."""
    import hashlib

    if data is None:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > _LARGE:
                return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"
            data = file.read()
    return hashlib.sha256(data).hexdigest()


def consents(state: str) -> dict[str, str]:
    """Return the digests by path of files with consent; nothing if others may have written the list."""
    try:
        folder = private_folder.open_folder(state, (), shared=False)
        try:
            text = os.fsdecode(private_folder.read_file(folder, STORE))
        finally:
            os.close(folder)
    except OSError:
        return {}
    pairs = (line.partition(" ") for line in text.split("\n") if line)
    return {path: known for known, _, path in pairs}


def keep_consents(state: str, found: Mapping[str, str]) -> None:
    """Store all consents, mode 0600. Raises OSError; ValueError for a path with a line break."""
    if any("\n" in path for path in found):
        raise ValueError("a path with a line break")
    text = "".join(f"{known} {path}\n" for path, known in sorted(found.items()))
    folder = private_folder.open_folder(state, (), shared=False, make=True)
    try:
        private_folder.write_file(folder, STORE, os.fsencode(text), durable=True)
    finally:
        os.close(folder)
