"""``drift_status``: the result of the last drift check of each directory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.mcp.answers import MOST, Found
from change_events.mcp.arguments import choice
from change_events.mcp.bounds import page

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.journal.drift_checks import KnownDrift, LastCheck
    from change_events.mcp.arguments import DriftArguments
    from change_events.settings import Settings

UNKNOWN, DRIFT, CLEAN = STATUSES = ("unknown", "drift", "clean")
NONE = "no directory has been checked yet: `tfevent events drift DIR` does so"
_EACH = 4_000
_ROOM = 1_500


class DriftedResource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A resource that differs from the state: ``update``, or ``destroy`` where it is gone; since when it is known."""

    address: str
    action: str
    since: datetime
    attributes: tuple[str, ...] = ()


class CheckedDirectory(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last check of a directory; where it had no result (``unknown``), ``drift`` is of the last one that had."""

    directory: str
    workspace: str
    status: str
    checked_at: datetime
    result_at: datetime | None = None
    clean_at: datetime | None = None
    reason: str | None = None
    drift: tuple[DriftedResource, ...] = ()


class DriftStatus(msgspec.Struct, frozen=True):
    """How many directories have each status, and the directories: unknown, then drifted, then clean ones."""

    unknown: int
    drifted: int
    clean: int
    directories: tuple[CheckedDirectory, ...]


def drift_status(source: Source, settings: Settings, arguments: DriftArguments) -> Found:  # noqa: ARG001 - as of all tools
    """Return the last check of each selected directory. Raises TfeventError."""
    choice("status", arguments.status, STATUSES)
    known = [_directory(one) for one in source.drift_checks()]
    if not known:
        return Found(None, (NONE,))
    counts = {status: sum(one.status == status for one in known) for status in STATUSES}
    wanted = [
        one for one in known if arguments.status in (None, one.status) and (arguments.directory or "") in one.directory
    ]
    wanted.sort(key=lambda one: (STATUSES.index(one.status), one.directory, one.workspace))
    first = arguments.directories_from
    shown = page(wanted[first : first + arguments.limit], MOST - _ROOM, _EACH)
    after = first + len(shown.items)
    following: dict[str, str | int] | None = (
        {"directories_from": after} if shown.items and after < len(wanted) else None
    )
    notes = [f"of directories, {words}" for words in shown.left_out]
    if following:
        notes.append(f"directories {first + 1} to {after} of {len(wanted)}: `next` has the argument for the others")
    elif not shown.items:
        notes.append(
            f"no directory is selected; {len(known)} are known, {len(wanted)} of them have this name and status"
        )
    status = DriftStatus(counts[UNKNOWN], counts[DRIFT], counts[CLEAN], ())
    return Found({**msgspec.to_builtins(status), "directories": shown.items}, tuple(notes), following)


def _directory(one: LastCheck) -> CheckedDirectory:
    return CheckedDirectory(
        directory=one.directory,
        workspace=one.workspace,
        status=UNKNOWN if one.reason is not None else DRIFT if one.drift else CLEAN,
        checked_at=_time(one.checked_at),
        result_at=None if one.known_at is None else _time(one.known_at),
        clean_at=None if one.clean_at is None else _time(one.clean_at),
        reason=one.reason,
        drift=tuple(map(_resource, one.drift)),
    )


def _resource(one: KnownDrift) -> DriftedResource:
    return DriftedResource(one.address, one.action, _time(one.since), tuple(filter(None, one.fingerprints)))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
