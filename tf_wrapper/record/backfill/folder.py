"""Files with history: versions and backups of states, plans in JSON; grouped into one history per state.

Terraform's own backups hold the previous state and are made when the next one is written: their name or time says when
they were *replaced*.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import InputError
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.configuration import inputs
from tf_wrapper.record.backfill.versions import MOST_BYTES, Moment, Stored, UnreadableError, Version
from tf_wrapper.stream.encodings import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_FILES = 20_000
_NONE = msgspec.Raw()
_LEFT_OUT = {".git", ".terraform"}
_EXPECTED = (".tfstate", ".json", ".backup", ".tfplan")
_ISO = lazy_pattern(
    r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)[T_ -]?([0-2]\d)[:_.-]?([0-5]\d)[:_.-]?([0-5]\d)"
    r"(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?(?!\d)"
)
_EPOCH = lazy_pattern(r"(?<!\d)(1[4-9]\d{8})(?:\d{3})?(?!\d)")
_TOO_FAST = 1.0  # seconds: files that follow each other faster were copied
_FEW = 3
_AHEAD = timedelta(days=1)  # of a clock, at most
FUTURE = "its time is in the future"
_NAME_IN_FUTURE = "its name's time is in the future"
_CONTRADICTED = "the times in the files' names are not in the order of the serials"


class _Head(msgspec.Struct, gc=False):
    version: msgspec.Raw = _NONE
    format_version: msgspec.Raw = _NONE
    serial: int | None = None
    lineage: str | None = None
    timestamp: str | None = None
    resources: msgspec.Raw = _NONE
    planned_values: msgspec.Raw = _NONE
    resource_changes: msgspec.Raw = _NONE
    encrypted_data: msgspec.Raw = _NONE


class Unused(NamedTuple):
    """A file without usable history, and why."""

    path: str
    reason: str


class PlanFile(NamedTuple):
    """A plan in JSON; ``content`` is a digest."""

    path: str
    made: Moment
    content: str


class Files(NamedTuple):
    """The usable and unused files."""

    states: list[Stored]
    plans: list[PlanFile]
    unused: list[Unused]


class _StateFile(NamedTuple):
    path: str
    serial: int
    lineage: str
    content: bytes  # a digest
    named: datetime | None
    modified: datetime

    @property
    def is_backup(self) -> bool:
        return self.path.endswith(".backup")


def sort(paths: Sequence[str]) -> Files:
    """Examine all files of these folders, and these files.

    Raises:
        InputError: one does not exist, or there are too many.
    """
    states: dict[str, list[_StateFile]] = defaultdict(list)
    plans: list[PlanFile] = []
    unused: list[Unused] = []
    for path in _files(paths):
        found = _looked_at(path)
        if isinstance(found, _StateFile):
            states[found.lineage].append(found)
        elif isinstance(found, PlanFile):
            plans.append(found)
        elif found is not None:
            unused.append(found)
    plans.sort(key=lambda plan: (plan.made.at, plan.path))
    return Files([_stored(lineage, files) for lineage, files in states.items()], plans, unused)


def read(path: str) -> bytes:
    """Return the content of a file. Raises UnreadableError."""
    data = inputs.read(path, MOST_BYTES + 1)
    if data is None:
        raise UnreadableError("the file cannot be read")
    if len(data) > MOST_BYTES:
        raise UnreadableError(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
    return data


def _files(paths: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.exists(path):
            raise InputError(f"{path}: there is no such file or folder; expected s3://BUCKET/KEY, a folder or files")
        for file in _below(path) if os.path.isdir(path) else (path,):
            found[os.path.abspath(file)] = None
            if len(found) > MOST_FILES:
                raise InputError(f"{path}: more than {MOST_FILES:,} files; give the folder of one state")
    return list(found)


def _below(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        yield from (os.path.join(where, name) for name in sorted(names))


def _looked_at(path: str) -> _StateFile | PlanFile | Unused | None:
    try:
        data = read(path)
    except UnreadableError as error:
        return Unused(path, str(error))
    try:
        head = msgspec.json.decode(to_utf8(data), type=_Head)
    except (msgspec.DecodeError, RecursionError):
        return _no_json(path, data)
    return _judged(path, data, head)


def _no_json(path: str, data: bytes) -> Unused | None:
    if data[:2] == b"PK":
        return Unused(path, "a saved plan file: convert it with `terraform show -json`")
    is_meant = any(mark in os.path.basename(path) for mark in _EXPECTED) and bool(data.strip())
    return Unused(path, "not a state or a plan in JSON") if is_meant else None


def _judged(path: str, data: bytes, head: _Head) -> _StateFile | PlanFile | Unused | None:
    modified = datetime.fromtimestamp(os.stat(path).st_mtime, UTC)
    if bytes(head.planned_values) or bytes(head.resource_changes):
        made = _made(head, path, modified)
        return Unused(path, _ahead(made)) if _ahead(made) else PlanFile(path, made, hashlib.sha256(data).hexdigest())
    if bytes(head.encrypted_data):
        return Unused(path, "the state is encrypted by OpenTofu, which alone can read it")
    if head.serial is not None and head.lineage and bytes(head.version):
        content, named = hashlib.sha256(data).digest(), _time_in(os.path.basename(path))
        return _StateFile(path, head.serial, head.lineage, content, named, modified)
    is_state = bool(bytes(head.format_version) or bytes(head.resources))
    return (
        Unused(path, "a state without serial and lineage; expected raw state, not `show -json`") if is_state else None
    )


def _made(head: _Head, path: str, modified: datetime) -> Moment:
    try:
        if head.timestamp:
            return Moment(datetime.fromisoformat(head.timestamp).astimezone(UTC), "plan")
    except ValueError:
        pass
    named = _time_in(os.path.basename(path))
    return Moment(named, "name") if named else Moment(modified, "file")


def _time_in(name: str) -> datetime | None:
    """Return the time in a file name, in UTC unless it has a zone."""
    found = _ISO.search(name)
    try:
        if found:
            zone = (found[7] or "Z").replace("Z", "+00:00")
            date, clock = "-".join(found.groups()[:3]), ":".join(found.groups()[3:6])
            return datetime.fromisoformat(f"{date}T{clock}{zone}").astimezone(UTC)
        seconds = _EPOCH.search(name)
        return datetime.fromtimestamp(int(seconds[1]), UTC) if seconds else None
    except (ValueError, re.error):
        return None


def _ahead(moment: Moment) -> str:
    """Return why a time is impossible, as a clause; empty if it is possible."""
    if moment.at <= datetime.now(UTC) + _AHEAD:
        return ""
    return _NAME_IN_FUTURE if moment.taken_from == "name" else FUTURE


def _stored(lineage: str, files: list[_StateFile]) -> Stored:
    """Return one history by serial, each content once."""
    files.sort(key=lambda file: (file.serial, file.named or file.modified, file.path))
    distinct = list({(file.serial, file.content): file for file in reversed(files)}.values())[::-1]
    folder = os.path.commonpath([os.path.dirname(file.path) for file in files])
    trusted = _are_times_of_writing(distinct)
    doubtful = _contradicted([file for file in distinct if file.is_backup])
    doubtful |= _contradicted([file for file in distinct if not file.is_backup])
    return Stored(folder, [_version(file, folder, _moment(file, trusted, doubtful)) for file in distinct], lineage)


def _contradicted(files: Sequence[_StateFile]) -> set[str]:
    """Return paths of files whose name's time contradicts the order of the serials."""
    named = [(file.path, file.named) for file in files if file.named and not _ahead(Moment(file.named, "name"))]
    times = [time for _, time in named]
    latest_before = list(accumulate(times, max))
    earliest_after = list(accumulate(reversed(times), min))[::-1]
    bounds = zip(named, latest_before, earliest_after, strict=True)
    return {path for (path, time), latest, earliest in bounds if time < latest or time > earliest}


def _moment(file: _StateFile, trusted: bool, doubtful: set[str]) -> Moment | str:
    """Return the time of a file, or why it is unusable; the reason is empty for the time of a copy."""
    if file.path in doubtful:
        return _CONTRADICTED
    moment = Moment(file.named, "name") if file.named else Moment(file.modified, "file")
    return _ahead(moment) or (moment if file.named or trusted else "")


def _are_times_of_writing(files: Sequence[_StateFile]) -> bool:
    """Return whether modification times can be times of writing: ordered by serial, no faster than terraform."""
    times = [file.modified for file in files if file.named is None]
    if any(later < earlier for earlier, later in pairwise(times)):
        return False
    return len(times) < _FEW or (times[-1] - times[0]).total_seconds() / (len(times) - 1) >= _TOO_FAST


def _version(file: _StateFile, folder: str, found: Moment | str) -> Version:
    moment, undated = (found, "") if isinstance(found, Moment) else (None, found)
    name, load = os.path.relpath(file.path, folder), partial(read, file.path)
    if file.is_backup:
        return Version(name, file.path, None, load, replaced=moment, undated=undated)
    return Version(name, file.path, moment, load, undated=undated)
