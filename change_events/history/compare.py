"""Comparison of two events: changes of one that the other does not have."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # of the printed structs
from typing import TYPE_CHECKING, TypeVar

import msgspec

from change_events.model import Action, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from change_events.model import AttributeChange, Change, ChangeEvent, HostRun

_T = TypeVar("_T")
_ADDED = (Action.NO_OP, Action.READ)


class Side(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the two events."""

    event: str
    started_at: datetime
    title: str
    outcome: str | None = None


class Fact(msgspec.Struct, frozen=True):
    """A circumstance in which they differ; None where one has none."""

    name: str
    a: str | None
    b: str | None


class AttributePair(msgspec.Struct, frozen=True, omit_defaults=True):
    """An attribute that only one of them changed, or both in another way: values before and after of each."""

    path: str
    a: tuple[Value, Value] | None = None
    b: tuple[Value, Value] | None = None


class OnlyOne(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change that only one of them has."""

    address: str
    action: str
    outcome: str
    hosts: tuple[str, ...] = ()


class BothDiffer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change that both have, in another way.

    Attributes:
        facts: action, outcome and error, as far as they differ.
        attributes: those in which they differ.
        hosts_a: hosts that the task changed only in the first event; ``hosts_b`` likewise.
        things_a: what the task changed only in the first event; ``things_b`` likewise.
    """

    address: str
    facts: tuple[Fact, ...] = ()
    attributes: tuple[AttributePair, ...] = ()
    hosts_a: tuple[str, ...] = ()
    hosts_b: tuple[str, ...] = ()
    things_a: tuple[str, ...] = ()
    things_b: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True, omit_defaults=True):
    """What differs; ``same`` is the number of changes that both have in the same way."""

    a: Side
    b: Side
    same: int
    facts: tuple[Fact, ...] = ()
    only_a: tuple[OnlyOne, ...] = ()
    only_b: tuple[OnlyOne, ...] = ()
    different: tuple[BothDiffer, ...] = ()
    hosts: tuple[Fact, ...] = ()
    failures_a: tuple[str, ...] = ()
    failures_b: tuple[str, ...] = ()
    signals_a: tuple[str, ...] = ()
    signals_b: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether only the circumstances differ."""
        rest = (self.only_a, self.only_b, self.different, self.hosts, self.failures_a, self.failures_b)
        return not any((*rest, self.signals_a, self.signals_b))


def compare(a: ChangeEvent, b: ChangeEvent) -> Comparison:
    """Return the differences between the changes of two events."""
    ours, theirs = _changes(a), _changes(b)
    both = [(ours[key], theirs[key]) for key in ours if key in theirs]
    different = [found for pair in both if (found := _pair(*pair)) is not None]
    failures = [_texts(event.failures, lambda one: f"{one.address}: {one.summary}" if one.address else one.summary)
                for event in (a, b)]  # fmt: skip
    signals = [_texts(event.signals, lambda one: f"{one.name}: {one.address}" if one.address else one.name)
               for event in (a, b)]  # fmt: skip
    return Comparison(
        a=_side(a),
        b=_side(b),
        same=len(both) - len(different),
        facts=tuple(_facts(a, b)),
        only_a=tuple(_only(change) for key, change in ours.items() if key not in theirs),
        only_b=tuple(_only(change) for key, change in theirs.items() if key not in ours),
        different=tuple(different),
        hosts=tuple(_hosts(a, b)),
        failures_a=_without(failures[0], failures[1]),
        failures_b=_without(failures[1], failures[0]),
        signals_a=_without(signals[0], signals[1]),
        signals_b=_without(signals[1], signals[0]),
    )


def _changes(event: ChangeEvent) -> dict[tuple[str, str | None], Change]:
    """Return changes by address; tasks by role, name and number, which identify them across runs of a playbook."""
    return {(change.address, change.deposed): change for change in event.changes if change.action not in _ADDED}


def _side(event: ChangeEvent) -> Side:
    return Side(event.id, event.started_at, event.title, event.outcome and event.outcome.value)


def _only(change: Change) -> OnlyOne:
    hosts = (change.task.delegated_to or change.task.changed_on) if change.task else ()
    return OnlyOne(change.address, change.action.value, change.outcome.value, hosts)


def _pair(a: Change, b: Change) -> BothDiffer | None:
    facts = _differing(
        ("action", a.action.value, b.action.value),
        ("outcome", a.outcome.value, b.outcome.value),
        ("error", a.error, b.error),
        ("id", a.id, b.id),
    )
    attributes = tuple(_attributes(a, b))
    hosts = [(one.task.changed_on if one.task else ()) for one in (a, b)]
    things = [(one.task.things if one.task else ()) for one in (a, b)]
    found = BothDiffer(
        address=a.address,
        facts=facts,
        attributes=attributes,
        hosts_a=_without(*hosts),
        hosts_b=_without(*reversed(hosts)),
        things_a=_without(*things),
        things_b=_without(*reversed(things)),
    )
    return None if found == BothDiffer(address=a.address) else found


def _attributes(a: Change, b: Change) -> Iterator[AttributePair]:
    ours, theirs = _by_path(a.attributes), _by_path(b.attributes)
    for path in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(path), theirs.get(path)
        if one != other:
            yield AttributePair(path, one, other)


def _by_path(attributes: Iterable[AttributeChange]) -> dict[str, tuple[Value, Value]]:
    return {attribute.path: (attribute.before, attribute.after) for attribute in attributes}


def _hosts(a: ChangeEvent, b: ChangeEvent) -> Iterator[Fact]:
    ours, theirs = ({host.name: _host_words(host) for host in event.hosts} for event in (a, b))
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            yield Fact(name, ours.get(name), theirs.get(name))


def _host_words(host: HostRun) -> str:
    figures = (("changed", host.changed), ("failed", host.failed), ("unreachable", host.unreachable))
    return ", ".join([host.status, *(f"{number} {name}" for name, number in figures if number)])


def _facts(a: ChangeEvent, b: ChangeEvent) -> tuple[Fact, ...]:
    return _differing(*((name, read(a), read(b)) for name, read in _FACTS.items()))


def _differing(*facts: tuple[str, str | None, str | None]) -> tuple[Fact, ...]:
    return tuple(Fact(name, a, b) for name, a, b in facts if (a or None) != (b or None))


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


_FACTS: dict[str, Callable[[ChangeEvent], str | None]] = {
    "outcome": lambda event: event.outcome and event.outcome.value,
    "phase": lambda event: event.phase.value,
    "environment": lambda event: event.environment,
    "service": lambda event: event.service,
    "version": lambda event: event.version,
    "user": lambda event: event.actor.user if event.actor else None,
    "host": lambda event: event.actor.host if event.actor else None,
    "repository": lambda event: event.vcs.repository if event.vcs else None,
    "folder": lambda event: event.vcs.path if event.vcs else None,
    "branch": lambda event: event.vcs.branch if event.vcs else None,
    "commit": lambda event: event.vcs.commit if event.vcs else None,
    "uncommitted edits": lambda event: _yes_or_no(event.vcs.dirty if event.vcs else None),
    "tool": lambda event: f"{event.tool.name} {event.tool.version or ''}".strip() if event.tool else None,
    "command": lambda event: event.tool.command if event.tool else None,
    "workspace": lambda event: event.tool.workspace if event.tool else None,
    "playbook": lambda event: event.playbook.file if event.playbook else None,
    "limit": lambda event: event.playbook.limit if event.playbook else None,
    "tags": lambda event: ", ".join(event.playbook.tags) if event.playbook else None,
    "skipped tags": lambda event: ", ".join(event.playbook.skip_tags) if event.playbook else None,
    "inventory": lambda event: ", ".join(event.playbook.inventory) if event.playbook else None,
    "ended by": lambda event: event.playbook.end if event.playbook else None,
}


def _texts(parts: Iterable[_T], text: Callable[[_T], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(text, parts)))


def _without(these: Iterable[str], those: Iterable[str]) -> tuple[str, ...]:
    left = set(those)
    return tuple(one for one in these if one not in left)
