"""Reads facts from a saved plan file without terraform, such as the version that wrote it.

A plan file may come from anywhere, so reading is limited in time and memory: two seconds, and one chunk at a time.
Facts that cannot be read within the limits are unknown; terraform gets the file anyway.
"""

from __future__ import annotations

import os
import time

from tf_wrapper.configuration import inputs

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from io import BufferedReader
    from typing import Any, BinaryIO

_ZIP = b"PK\x03\x04"
_VERSION_FIELD = 14  # terraform_version in the plan's protocol buffer (planproto/planfile.proto)
_APPLY_TIME_FIELD = 28  # apply_time_variables, since 1.10: names of the ephemeral variables that were set
_CHANGE_FIELDS = {3, 4}  # resource_changes and output_changes of the same message
_LENGTH_DELIMITED = 2
_VARINT = 0
_WIDTHS = {1: 8, 5: 4}
_SECONDS = 2.0
_MOST_ENTRIES = 20_000  # a plan holds every file of every module; reading the names of so many takes 0.1 s
_LONGEST_VERSION = 100
_CHUNK = 1 << 16
_END = b"PK\x05\x06"  # of the zip's directory; 10 bytes on stands the count of its entries
_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF


class TooMuchError(Exception):
    """The file exceeds the limits."""


def is_plan_file(path: str) -> bool:
    """Return whether it is a plan file, not an HCP Terraform bookmark, a directory, a pipe or missing."""
    return _head(path, len(_ZIP)) == _ZIP


def stamp(path: str) -> str:
    """Return a text that changes when the file is replaced or rewritten; empty if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def facts(path: str) -> dict[str, Any]:
    """Return the facts about its plan that a run stores, so that recovery finds it and notices a replacement."""
    return {"saved": path, "stamp": stamp(path)}


def digest(path: str) -> str | None:
    """Return the SHA-256 of the file in hexadecimal; None if it is not a readable regular file."""
    import hashlib

    file = _open(path)
    if file is None:
        return None
    with file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None


def is_bookmark(path: str) -> bool:
    """Return whether it is the small JSON file that HCP Terraform saves instead of a plan."""
    return b'"remote_plan_format"' in _head(path, 4096)


def _head(path: str, size: int) -> bytes:
    file = _open(path)
    if file is None:
        return b""
    with file:
        try:
            return file.read(size)
        except OSError:
            return b""


def _open(path: str) -> BufferedReader | None:
    """Open a regular file; anything else may block, or be readable only once, and is left to terraform."""
    descriptor = inputs.open_regular(path)
    return None if descriptor is None else os.fdopen(descriptor, "rb")


def written_by(path: str) -> str | None:
    """Return the version of the terraform that wrote the plan; None if it cannot be determined."""
    try:
        for number, value in _fields(path):
            if number == _VERSION_FIELD:
                return value.decode("ascii", "replace")
    except TooMuchError:
        return None
    return None


def holds_changes(path: str) -> bool:
    """Return whether the plan has any change of a resource (including no-ops) or an output.

    False without a plan, True for a plan that cannot be read.
    """
    known = False
    try:
        for number, _ in _fields(path):
            if number in _CHANGE_FIELDS:
                return True
            known = True
    except TooMuchError:
        known = False
    return not known and is_plan_file(path)


def sets_ephemeral(path: str) -> bool:
    """Return whether an ephemeral variable was set for the plan: its value is not stored and must be given again.

    True if the plan cannot be read.
    """
    try:
        return any(number == _APPLY_TIME_FIELD for number, _ in _fields(path))
    except TooMuchError:
        return True


def _fields(path: str) -> Iterator[tuple[int, bytes]]:
    """Return the plan's text and message fields: number and first bytes; nothing if it is unreadable.

    Raises:
        TooMuchError: the limits are exceeded.
    """
    with Archive(path) as archive:
        if archive is not None:
            with archive.open("tfplan") as plan:
                yield from _messages(_Reader(plan))


class Archive:
    """The zip of a plan file: ``with`` gives None if it is not a zip, and ends early if it is corrupt.

    Args:
        path: the file; only a regular file is opened.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> zipfile.ZipFile | None:
        """Raises TooMuchError: there are too many entries."""
        import zipfile

        self._file = _open(self._path)
        if self._file is None:
            return None
        try:
            _check_entries(self._file)
            return zipfile.ZipFile(self._file)
        except TooMuchError:
            self._file.close()
            raise
        except _unreadable():
            return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if self._file is not None:
            self._file.close()
        return isinstance(error, _unreadable())


def _unreadable() -> tuple[type[Exception], ...]:
    """The exceptions of zipfile for a corrupt file."""
    import zipfile
    import zlib

    return (
        *(OSError, EOFError, KeyError, ValueError, IndexError, NotImplementedError, RuntimeError),
        *(zlib.error, zipfile.BadZipFile),
    )


def _check_entries(file: BinaryIO) -> None:
    """Check the number of entries before zipfile creates an object for each. Raises TooMuchError."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END)
    file.seek(0)
    if at >= 0 and int.from_bytes(tail[at + 10 : at + 12], "little") > _MOST_ENTRIES:
        raise TooMuchError


class _Reader:
    """Reads a stream in chunks without keeping them, within a time limit."""

    def __init__(self, stream: object) -> None:
        self._stream: BinaryIO = stream  # type: ignore[assignment] # zipfile's own reader
        self._data = b""
        self._at = 0
        self._deadline = time.monotonic() + _SECONDS

    def byte(self) -> int:
        if self._at >= len(self._data):
            self._fill()
        self._at += 1
        return self._data[self._at - 1]

    def at_end(self) -> bool:
        if self._at < len(self._data):
            return False
        self._data, self._at = self._read(), 0
        return not self._data

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes, cut to the length of a version."""
        version = b""
        while size > 0:
            if self._at >= len(self._data):
                self._fill()
            part = self._data[self._at : self._at + size]
            version = version or part[:_LONGEST_VERSION]
            self._at += len(part)
            size -= len(part)
        return version

    def check(self) -> None:
        """Raise TooMuchError after the time limit."""
        if time.monotonic() > self._deadline:
            raise TooMuchError

    def _fill(self) -> None:
        self._data, self._at = self._read(), 0
        if not self._data:
            raise EOFError

    def _read(self) -> bytes:
        self.check()
        return self._stream.read(_CHUNK)


def _messages(reader: _Reader) -> Iterator[tuple[int, bytes]]:
    count = 0
    while not reader.at_end():
        count += 1
        if count % 1000 == 0:
            reader.check()
        tag = _varint(reader)
        kind, number = tag & 7, tag >> 3
        if not number:
            raise ValueError("no protocol buffer has a field 0")
        if kind == _VARINT:
            _varint(reader)
        elif kind == _LENGTH_DELIMITED:
            yield number, reader.take(_varint(reader))
        elif kind in _WIDTHS:
            reader.take(_WIDTHS[kind])
        else:
            raise ValueError("not a protocol buffer")


def _varint(reader: _Reader) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = reader.byte()
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value
    raise ValueError("a number longer than any")


_SHOWS_STALE = (1, 1, 3)
_JSON_INTO = (1, 12)  # the OpenTofu that brought it (opentofu/opentofu pull request 3606)


def has_json_into(product: str, version: str | None) -> bool:
    """Return whether this OpenTofu can write its stream to a file beside the human text (``-json-into``).

    Args:
        product: ``OpenTofu`` or another.
        version: the version that wrote the saved plan.
    """
    if product != "OpenTofu" or not version:
        return False
    numbers = version.partition("-")[0].split(".")[:2]
    return all(number.isdigit() for number in numbers) and tuple(int(number) for number in numbers) >= _JSON_INTO


def streams_applies(version: str | None) -> bool:
    """Return whether `apply -json` of a saved plan can be read with this version: 1.x from 1.0 on.

    False for an unknown version.
    """
    return (version or "").split(".", 1)[0] == "1"


def shows_stale(version: str | None) -> bool:
    """Return whether `show` of this version reads a saved plan after its apply: 1.1.3 and later.

    Earlier versions reject a plan whose state has changed (hashicorp/terraform#30205).
    """
    try:
        return tuple(int(number) for number in (version or "").partition("-")[0].split(".")) >= _SHOWS_STALE
    except ValueError:
        return True
