"""Make an event fit a backend's limit by leaving out the least important first, and say so in the event.

Nothing is ever added but our own words and figures: what is left of a redacted event is redacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.model import Action, Change, ChangeEvent, ChangeOutcome, Drift, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Cut = Callable[[ChangeEvent, int], ChangeEvent]

_MESSAGE_KEPT = 400  # bytes: below that, other things are left out first
_TITLE_KEPT = 200  # characters
_LESS = (Action.NO_OP, Action.READ, Action.FORGET, Action.IMPORT, Action.MOVE)
_MORE = (Action.REPLACE, Action.DESTROY)
_UNCOUNTED = ("drift", "outputs", "checks", "signals", "links", "data", "tags")  # no figure in `truncated`
_WITHOUT_ATTRIBUTES = frozenset({Action.CREATE, *_LESS})  # what a create sets says least about what changed

replace = msgspec.structs.replace


class DoesNotFit(Exception):  # noqa: N818  # what is wrong, as a sentence says it
    """Not even the bare event fits."""


class Stage(msgspec.Struct, frozen=True):
    """One sort of thing that can be left out: how many there are, and the event without ``n`` of them."""

    count: Callable[[ChangeEvent], int]
    cut: Cut


def fit(event: ChangeEvent, limit: int, measure: Callable[[ChangeEvent], int]) -> ChangeEvent:
    """The largest event of those tried that fits.

    Each stage is emptied before the next one is touched; the stage that suffices loses as little as it can.

    Args:
        event: the whole event.
        limit: bytes.
        measure: bytes that an event takes in the form it is sent in.

    Returns:
        ``event`` itself if it fits, else a smaller one whose ``truncated`` says what was left out.

    Raises:
        DoesNotFit: the limit is too small even for the bare event.
    """
    if measure(event) <= limit:
        return event
    smaller = event
    for stage in STAGES:
        total = stage.count(smaller)
        if not total:
            continue
        emptied = _told(event, stage.cut(smaller, total), limit)
        if measure(emptied) <= limit:
            return _least_cut(event, smaller, stage, total, (limit, measure))
        smaller = stage.cut(smaller, total)
    raise DoesNotFit(f"{limit} bytes are too few for any event")


def _least_cut(
    original: ChangeEvent,
    smaller: ChangeEvent,
    stage: Stage,
    total: int,
    bound: tuple[int, Callable[[ChangeEvent], int]],
) -> ChangeEvent:
    """Bisect how few of the stage's things must go; all of them are known to suffice."""
    limit, measure = bound
    low, high = 1, total
    best = _told(original, stage.cut(smaller, total), limit)
    while low < high:
        middle = (low + high) // 2
        candidate = _told(original, stage.cut(smaller, middle), limit)
        if measure(candidate) <= limit:
            best, high = candidate, middle
        else:
            low = middle + 1
    return best


def _told(original: ChangeEvent, cut: ChangeEvent, limit: int) -> ChangeEvent:
    before = original.truncated or Truncated()
    gone = [name for name in _UNCOUNTED if len(getattr(cut, name)) < len(getattr(original, name))]
    also = f", also of {', '.join(gone)}" if gone else ""
    return replace(
        cut,
        truncated=Truncated(
            changes=before.changes + len(original.changes) - len(cut.changes),
            attributes=before.attributes + _attributes(original) - _attributes(cut),
            failures=before.failures + len(original.failures) - len(cut.failures),
            message_bytes=before.message_bytes + max(0, _size(original.message) - _size(cut.message)),
            note=f"cut to fit {limit} bytes{also}; the journal has the whole event",
        ),
    )


def _attributes(event: ChangeEvent) -> int:
    items: tuple[Change | Drift, ...] = (*event.changes, *event.drift)
    return sum(len(item.attributes) for item in items)


def _size(text: str) -> int:
    return len(text.encode())


def importance(change: Change) -> int:
    """How much one change matters to a reader; larger is more."""
    if change.outcome is ChangeOutcome.FAILED:
        return 5
    if change.action in _MORE:
        return 4
    if change.action in _LESS:
        return 0
    return 1 if change.action is Action.CREATE else 3


def _order(changes: Iterable[Change]) -> list[int]:
    """Indices of ``changes``, the least important first, later ones before earlier ones."""
    numbered = list(enumerate(changes))
    return [index for index, _ in sorted(numbered, key=lambda pair: (importance(pair[1]), -pair[0]))]


def _bare(change: Change) -> Change:
    omitted = change.attributes_omitted + len(change.attributes)
    return replace(change, attributes=(), attributes_omitted=omitted)


def _attribute_stage(concerned: Callable[[Change], bool]) -> Stage:
    def targets(event: ChangeEvent) -> list[int]:
        changes = event.changes
        return [i for i in _order(changes) if changes[i].attributes and concerned(changes[i])]

    def cut(event: ChangeEvent, number: int) -> ChangeEvent:
        doomed = set(targets(event)[:number])
        kept = tuple(_bare(c) if i in doomed else c for i, c in enumerate(event.changes))
        return replace(event, changes=kept)

    return Stage(lambda event: len(targets(event)), cut)


def _cut_changes(event: ChangeEvent, number: int) -> ChangeEvent:
    doomed = set(_order(event.changes)[:number])
    return replace(event, changes=tuple(c for i, c in enumerate(event.changes) if i not in doomed))


def _cut_message(event: ChangeEvent, number: int) -> ChangeEvent:
    body = event.message.encode()
    kept = body[: len(body) - number].decode(errors="ignore").rstrip()
    return replace(event, message=kept + "…")


def _tuple_stage(name: str, keep: int = 0) -> Stage:
    """The last of a tuple's elements go first; ``keep`` of them stay."""

    def cut(event: ChangeEvent, number: int) -> ChangeEvent:
        items = getattr(event, name)
        return replace(event, **{name: items[: len(items) - number]})

    return Stage(lambda event: max(0, len(getattr(event, name)) - keep), cut)


def _whole_stage(**emptied: object) -> Stage:
    """Fields that go together or not at all."""

    def count(event: ChangeEvent) -> int:
        return int(any(getattr(event, name) not in (value, None) for name, value in emptied.items()))

    return Stage(count, lambda event, _: replace(event, **emptied))


def _cut_figures(event: ChangeEvent, _: int) -> ChangeEvent:
    return replace(event, summary=replace(event.summary, by_type={}, by_module={}))


def _cut_title(event: ChangeEvent, number: int) -> ChangeEvent:
    return replace(event, title=event.title[: len(event.title) - number] + "…")


# In this order, least important first.
STAGES: tuple[Stage, ...] = (
    _attribute_stage(lambda change: change.action in _WITHOUT_ATTRIBUTES),
    _attribute_stage(lambda _: True),
    _tuple_stage("drift"),
    _tuple_stage("outputs"),
    _whole_stage(data={}),
    Stage(lambda event: len(event.summary.by_type) + len(event.summary.by_module), _cut_figures),
    Stage(lambda event: len(event.changes), _cut_changes),
    Stage(lambda event: max(0, _size(event.message) - _MESSAGE_KEPT), _cut_message),
    _tuple_stage("checks"),
    _tuple_stage("signals"),
    _tuple_stage("failures", keep=1),
    _tuple_stage("links"),
    _whole_stage(tags={}),
    _tuple_stage("failures"),
    Stage(lambda event: max(0, len(event.title) - _TITLE_KEPT), _cut_title),
    _whole_stage(message="", tool=None, actor=None, vcs=None, trace=None, environment=None, service=None),
)
