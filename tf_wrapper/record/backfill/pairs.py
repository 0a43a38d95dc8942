"""Compares each version of a state with the one before it: which entries differ, and when.

Versions are loaded one by one; at most two are in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.journal.backfilled import Origin
from tf_wrapper.record.backfill.versions import Stored, UnreadableError, digest, state_of
from tf_wrapper.state.compare import clouds_of
from tf_wrapper.state.edits import ANY, Edits, compare_edits
from tf_wrapper.state.pairs import pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from change_events.model import Cloud
    from change_events.redact import Redactor
    from change_events.settings import Settings
    from tf_wrapper.record.backfill.versions import Moment, Version
    from tf_wrapper.state.objects import State

UNDATED = (
    "when it was written is not known: the files' times are those of copies; names with a time, or `cp -p`, keep it"
)


class Compared(NamedTuple):
    """Two versions that differ.

    Attributes:
        before: the earlier version.
        after: the later version.
        old: the earlier state.
        new: the later state.
        edits: the differences.
        clouds: locations of the differing objects.
        moment: when the later version was written.
        unread: why the versions between the two could not be read.
        origin: identity of the difference.
    """

    before: Version
    after: Version
    old: State
    new: State
    edits: Edits
    clouds: tuple[Cloud, ...]
    moment: Moment
    unread: tuple[str, ...]
    origin: Origin


class Passed(NamedTuple):
    """A version without an event: ``reason`` is empty if nothing differs, or its event exists."""

    version: Version
    reason: str = ""
    known: bool = False


class Pairs:
    """The differences of one history.

    Args:
        stored: its versions.
        source: identity of the source (:class:`~change_events.journal.backfilled.Origin`).
        known: places in it that have an event.
        redactor: remembers the states' secrets.
        settings: ignored attributes and the user's signal rules.
    """

    def __init__(self, stored: Stored, source: str, known: set[str], redactor: Redactor, settings: Settings) -> None:
        self._versions = stored.versions
        self._source = source
        self._known = known
        self._redactor = redactor
        self._settings = settings
        self._loaded: dict[int, State] = {}
        self._unreadable: dict[int, str] = {}

    def compare(self, *, last: int, since: datetime | None) -> Iterator[Compared | Passed]:
        """Compare the newest ``last`` versions (0 for all) written since a time, oldest first."""
        first = max(1, len(self._versions) - last) if last else 1
        for place in range(first, len(self._versions)):
            version = self._versions[place]
            if since is not None and version.written is not None and version.written.at < since:
                continue
            if digest(version.place) in self._known:
                yield Passed(version, known=True)
            elif self._state(place) is None:
                yield Passed(version, self._unreadable[place])
            else:
                yield self._with_the_one_before(place)

    def _with_the_one_before(self, place: int) -> Compared | Passed:
        version, below = self._versions[place], place - 1
        while below >= 0 and self._state(below) is None:
            below -= 1
        old, new = self._state(below) if below >= 0 else None, self._state(place)
        if old is None or new is None:
            return Passed(version, "there is no readable version before it")
        before = self._versions[below]
        unread = tuple(self._unreadable[number] for number in range(below + 1, place))
        moment = _moment(before, version, follows=not unread and (old.serial or 0) + 1 == new.serial)
        if moment is None:
            return Passed(version, version.undated or before.undated or UNDATED)
        settings = self._settings
        edits = compare_edits(old, new, self._redactor, effect=ANY, ignore=settings.ignore, own=settings.own_rules)
        if not (edits.plan.changes or edits.plan.outputs):
            return Passed(version)
        clouds = clouds_of(list(pairs_of(old, new)), self._redactor)
        key = digest(old.lineage, old.serial, new.lineage, new.serial)
        origin = Origin(key, self._source, digest(version.place), len(unread), new.serial or 0)
        return Compared(before, version, old, new, edits, clouds, moment, unread, origin)

    def _state(self, place: int) -> State | None:
        """Return one version; None if it cannot be read."""
        if place in self._unreadable:
            return None
        if place not in self._loaded:
            try:
                state = state_of(self._versions[place])
            except UnreadableError as error:
                self._unreadable[place] = str(error)
                return None
            # of two the later one: the next is compared with it
            self._loaded = dict(sorted(self._loaded.items())[-1:]) | {place: state}
        return self._loaded[place]


def _moment(before: Version, after: Version, *, follows: bool) -> Moment | None:
    """Return when ``after`` was written: the time at which a backup of the previous version was made.

    Of two backups with others in between, the first of those determines the time.
    """
    if follows and before.replaced is not None:
        return before.replaced
    return after.written or before.replaced
