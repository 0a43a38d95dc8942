"""Fits an event into a backend's limit by omitting the least important parts, recorded in the event.

Only trusted text and counts are added, so that a redacted event stays redacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.destinations.base import OptionError
from change_events.model import Action, Change, ChangeEvent, ChangeOutcome, Drift, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from change_events.model import TaskRun

    Stage = Callable[[ChangeEvent], "Cuts"]

_MESSAGE_KEPT = 400  # bytes: below that, other things are left out first
_TITLE_KEPT = 200  # characters
_LESS = (Action.NO_OP, Action.READ, Action.FORGET, Action.IMPORT, Action.MOVE, Action.EDIT)
_MORE = (Action.REPLACE, Action.DESTROY)
# without a figure in `truncated`
_UNCOUNTED = ("drift", "outputs", "checks", "signals", "causes", "links", "related", "data", "tags")
_FAILED_HOSTS_KEPT = 3  # of a task whose details are left out
_QUIET_HOSTS = ("ok", "skipped", "ignored", "rescued", "changed")  # the least important first; the others failed

replace = msgspec.structs.replace


class DoesNotFit(Exception):  # noqa: N818  # what is wrong, as a sentence says it
    """Not even the bare event fits."""


class Cuts(NamedTuple):
    """What one stage can leave out of an event: ``total`` things, and the event without ``n`` of them."""

    total: int
    without: Callable[[int], ChangeEvent]


def fit(event: ChangeEvent, limit: int, measure: Callable[[ChangeEvent], int]) -> ChangeEvent:
    """Return the largest tried event that fits.

    Each stage is used up before the next one; the last one used omits as little as possible.

    Args:
        event: the whole event.
        limit: bytes.
        measure: size in bytes of an event in the form it is sent in.

    Returns:
        ``event`` itself if it fits, else a smaller one whose ``truncated`` says what was left out.

    Raises:
        DoesNotFit: the limit is too small even for the bare event.
    """
    if measure(event) <= limit:
        return event
    smaller = event
    for stage in STAGES:
        cuts = stage(smaller)
        if not cuts.total:
            continue
        emptied = cuts.without(cuts.total)
        if measure(_with_note(event, emptied, limit)) <= limit:
            return _least_cut(cuts, lambda cut: _with_note(event, cut, limit), lambda e: measure(e) <= limit)
        smaller = emptied
    raise DoesNotFit(f"{limit} bytes are too few for any event")


def fitted(event: ChangeEvent, limit: int, encode: Callable[[ChangeEvent], bytes], option: str | None = None) -> bytes:
    """Return ``event`` encoded by ``encode`` within ``limit`` bytes.

    Raises:
        OptionError: the limit is too small for any event; ``option`` is the one that sets it, if one does.
    """
    try:
        return encode(fit(event, limit, lambda smaller: len(encode(smaller))))
    except DoesNotFit as error:
        raise OptionError(f"{option}: {error}" if option else str(error)) from error


def _least_cut(
    cuts: Cuts, marked: Callable[[ChangeEvent], ChangeEvent], fits: Callable[[ChangeEvent], bool]
) -> ChangeEvent:
    """Bisect the smallest sufficient cut of a stage; cutting all of it is known to suffice."""
    low, high = 1, cuts.total
    best = marked(cuts.without(high))
    while low < high:
        middle = (low + high) // 2
        candidate = marked(cuts.without(middle))
        if fits(candidate):
            best, high = candidate, middle
        else:
            low = middle + 1
    return best


def _with_note(original: ChangeEvent, cut: ChangeEvent, limit: int) -> ChangeEvent:
    before = original.truncated or Truncated()
    gone = [name for name in _UNCOUNTED if len(getattr(cut, name)) < len(getattr(original, name))]
    also = f", also of {', '.join(gone)}" if gone else ""
    return replace(
        cut,
        truncated=Truncated(
            changes=before.changes + len(original.changes) - len(cut.changes),
            attributes=before.attributes + _count_attributes(original) - _count_attributes(cut),
            failures=before.failures + len(original.failures) - len(cut.failures),
            hosts=before.hosts + len(original.hosts) - len(cut.hosts),
            message_bytes=before.message_bytes + max(0, _size(original.message) - _size(cut.message)),
            note=f"cut to fit {limit} bytes{also}; the journal has the whole event",
        ),
    )


def _count_attributes(event: ChangeEvent) -> int:
    items: tuple[Change | Drift, ...] = (*event.changes, *event.drift)
    return sum(len(item.attributes) for item in items)


def _size(text: str) -> int:
    return len(text.encode())


def importance(change: Change) -> int:
    """Return the importance of a change; larger is more important."""
    if change.outcome is ChangeOutcome.FAILED:
        return 5
    if change.action in _MORE:
        return 4
    if change.action in _LESS:
        return 0
    return 1 if change.action is Action.CREATE else 3


def _order(changes: Sequence[Change]) -> list[int]:
    """Return indices of ``changes``, the least important first, later ones before earlier ones."""
    ranks = [importance(change) for change in changes]
    return sorted(range(len(changes)), key=lambda index: (ranks[index], -index))


def _bare(change: Change) -> Change:
    omitted = change.attributes_omitted + len(change.attributes)
    return replace(change, attributes=(), attributes_omitted=omitted, task=change.task and _bare_task(change.task))


def _bare_task(task: TaskRun) -> TaskRun:
    kept = task.failures[:_FAILED_HOSTS_KEPT]
    return replace(
        task,
        changed_on=(),
        failures=kept,
        hosts_omitted=task.hosts_omitted + len(task.changed_on) + len(task.failures) - len(kept),
        things=(),
        things_omitted=task.things_omitted + len(task.things),
        diff=(),
    )


def _attributes(event: ChangeEvent) -> Cuts:
    """Attributes of what matters least: what no-ops and creates set says least about what changed.

    Of a task, its hosts, what it changed on them and how.
    """
    changes = event.changes
    targets = [index for index in _order(changes) if _bare(changes[index]) != changes[index]]

    def without(number: int) -> ChangeEvent:
        doomed = set(targets[:number])
        return replace(event, changes=tuple(_bare(c) if i in doomed else c for i, c in enumerate(changes)))

    return Cuts(len(targets), without)


def _changes(event: ChangeEvent) -> Cuts:
    order = _order(event.changes)

    def without(number: int) -> ChangeEvent:
        doomed = set(order[:number])
        return replace(event, changes=tuple(c for i, c in enumerate(event.changes) if i not in doomed))

    return Cuts(len(order), without)


def _causes(event: ChangeEvent) -> Cuts:
    """Cut the causes of each change, since the event itself has them by cause."""
    order = [index for index in _order(event.changes) if event.changes[index].causes]

    def without(number: int) -> ChangeEvent:
        doomed = set(order[:number])
        changes = (replace(c, causes=()) if i in doomed else c for i, c in enumerate(event.changes))
        return replace(event, changes=tuple(changes))

    return Cuts(len(order), without)


def _hosts(event: ChangeEvent) -> Cuts:
    """Cut hosts, unchanged ones first, failed ones last."""
    ranks = [_QUIET_HOSTS.index(h.status) if h.status in _QUIET_HOSTS else len(_QUIET_HOSTS) for h in event.hosts]
    order = sorted(range(len(ranks)), key=lambda index: (ranks[index], -index))

    def without(number: int) -> ChangeEvent:
        doomed = set(order[:number])
        return replace(event, hosts=tuple(h for i, h in enumerate(event.hosts) if i not in doomed))

    return Cuts(len(order), without)


def _message(event: ChangeEvent) -> Cuts:
    body = event.message.encode()

    def without(number: int) -> ChangeEvent:
        kept = body[: len(body) - number].decode(errors="ignore").rstrip()
        return replace(event, message=kept + "…")

    return Cuts(max(0, len(body) - _MESSAGE_KEPT), without)


def _title(event: ChangeEvent) -> Cuts:
    title = event.title

    def without(number: int) -> ChangeEvent:
        return replace(event, title=title[: len(title) - number] + "…")

    return Cuts(max(0, len(title) - _TITLE_KEPT), without)


def _last_of(name: str, keep: int = 0) -> Stage:
    """Return a stage that cuts the last elements of a tuple first, and keeps ``keep`` of them."""

    def stage(event: ChangeEvent) -> Cuts:
        items = getattr(event, name)
        return Cuts(max(0, len(items) - keep), lambda number: replace(event, **{name: items[: len(items) - number]}))

    return stage


def _last_within(field: str, name: str, omitted: str) -> Stage:
    """The last elements of a tuple in a part of the event, which itself counts (``omitted``) what was left out."""

    def stage(event: ChangeEvent) -> Cuts:
        part = getattr(event, field)
        if part is None:
            return Cuts(0, lambda _: event)
        items = getattr(part, name)

        def without(number: int) -> ChangeEvent:
            left = {name: items[: len(items) - number], omitted: getattr(part, omitted) + number}
            return replace(event, **{field: replace(part, **left)})

        return Cuts(len(items), without)

    return stage


def _whole(**emptied: object) -> Stage:
    """Return a stage that cuts these fields together."""

    def stage(event: ChangeEvent) -> Cuts:
        some = any(getattr(event, name) not in (value, None) for name, value in emptied.items())
        return Cuts(int(some), lambda _: replace(event, **emptied))

    return stage


def _figures(event: ChangeEvent) -> Cuts:
    summary = event.summary
    some = bool(summary.by_type or summary.by_module or summary.by_group)
    return Cuts(int(some), lambda _: replace(event, summary=replace(summary, by_type={}, by_module={}, by_group={})))


# In this order, least important first.
STAGES: tuple[Stage, ...] = (
    _whole(inputs=None),
    _attributes,
    _last_of("drift"),
    _last_of("outputs"),
    _whole(data={}),
    _last_of("related"),
    _hosts,
    _figures,
    _last_within("vcs", "commits", "commits_omitted"),
    _causes,
    _changes,
    _last_within("stacks", "units", "omitted"),  # those that changed nothing are last there, those that failed first
    _message,
    _last_of("causes"),
    _last_of("checks"),
    _last_of("signals"),
    _last_of("failures", keep=1),
    _last_of("links"),
    _whole(tags={}),
    _last_of("failures"),
    _title,
    _whole(message="", tool=None, actor=None, vcs=None, trace=None, playbook=None, stacks=None),
    _whole(environment=None, service=None, version=None, dedup_key=None),
)
