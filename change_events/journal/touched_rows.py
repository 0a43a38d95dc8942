"""Converts an event's changes to rows of the journal: things, attributes, moves and names. Pure functions.

Only actual changes count: applied, failed and unknown changes of an applied run; not plans, reads and check mode.
Values are kept as fingerprints, never as text; a partly redacted value has none, since two different ones could look
the same.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Action, ChangeOutcome, Phase, ValueKind
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import AttributeChange, Change, ChangeEvent, Value

MOST_ROWS = 3_000  # of one event
LONGEST = 500  # characters of an address, a path or a name
ABSENT = "-"
_HAPPENED = (ChangeOutcome.APPLIED, ChangeOutcome.FAILED, ChangeOutcome.UNKNOWN)
_NOTHING = (Action.READ, Action.NO_OP)
_COMPARED = (Action.UPDATE, Action.REPLACE)
_REWRITTEN = {"attributes", "replace"}  # entries of a state, where another one is compared with it
_MACHINE = lazy_pattern(
    r"_(instance|server|virtual_machine|vm|droplet|machine|node|host|device|container|linode|vps|domain|dns_record|record"
    r"|record_set|lxc|qemu|eip|floating_ip|address|public_ip)s?(_v\d)?$"
)
_NAMES = frozenset(
    {"name", "hostname", "computer_name", "fqdn", "private_ip", "public_ip", "private_ip_address", "public_ip_address",
     "ip_address", "ipv4_address", "ipv4_address_private", "ipv6_address", "private_dns", "public_dns", "address",
     "tags.Name", "tags.name", "labels.name", "nat_ip", "network_ip"}
)  # fmt: skip


class Thing(NamedTuple):
    """A resource of a stack, or a host: ``kind`` is ``resource`` or ``host``. Hosts belong to no stack."""

    address: str
    kind: str
    type: str | None = None


class Row(NamedTuple):
    """One attribute of a thing, or a task on a host; an empty path is the whole thing.

    ``before`` and ``after`` are fingerprints: None if the value is unknown or not comparable.
    """

    thing: Thing
    path: str
    action: str
    outcome: str
    before: str | None = None
    after: str | None = None


class Rows(NamedTuple):
    """The rows of one event; moves are pairs of the new and the old address, names belong to a thing."""

    rows: list[Row]
    moves: list[tuple[str, str]]
    names: list[tuple[str, Thing]]


def rows_of(event: ChangeEvent) -> Rows:
    """Return the rows of a settled event; things first, so that a limit cuts attributes."""
    rows = Rows([], [], [])
    if event.phase is not Phase.APPLIED:
        return rows
    attributes: list[Row] = []
    for change in event.changes:
        if change.outcome not in _HAPPENED or change.action in _NOTHING or change.deposed:
            continue
        if change.task is not None:
            attributes += _task_rows(change)
        elif change.mode == "managed" and len(change.address) <= LONGEST:
            _add_resource(rows, attributes, change)
    rows.rows.extend(_host_rows(event, attributes))
    return rows._replace(rows=list(_distinct([*_by_type(rows.rows), *rows.rows, *attributes]))[:MOST_ROWS])


def fingerprint_of(value: Value) -> str | None:
    """Return a text that is equal for equal values of one installation; None if that is not certain."""
    if value.kind is ValueKind.ABSENT:
        return ABSENT
    if value.kind in (ValueKind.SENSITIVE, ValueKind.LARGE):
        return value.fingerprint and f"s{value.fingerprint}"
    if value.kind is not ValueKind.VALUE or value.text is None or _is_marked(value.text):
        return None
    import hashlib  # the run has ended by now: nothing waits for it

    return "v" + hashlib.blake2b(value.text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def compared(change: Change) -> Iterator[tuple[AttributeChange, str | None, str | None]]:
    """Return attributes of an update or replacement with both fingerprints, without those computed for a new object.

    The same applies between two states, whatever changed the entry.
    """
    if change.action not in _COMPARED and not _REWRITTEN.intersection(change.raw_actions):
        return
    for attribute in change.attributes:
        before, after = fingerprint_of(attribute.before), fingerprint_of(attribute.after)
        computed = change.action is Action.REPLACE and attribute.after.kind is ValueKind.UNKNOWN
        if not computed and len(attribute.path) <= LONGEST:
            yield attribute, before, after


def _add_resource(found: Rows, attributes: list[Row], change: Change) -> None:
    thing = Thing(change.address, "resource", change.type)
    is_compared = change.action is Action.EDIT and change.attributes and _REWRITTEN.intersection(change.raw_actions)
    action, outcome = (Action.UPDATE if is_compared else change.action).value, change.outcome.value
    found.rows.append(Row(thing, "", action, outcome))
    if change.previous_address and change.outcome is ChangeOutcome.APPLIED:
        found.moves.append((change.address, change.previous_address))
    found.names.extend((name, thing) for name in _names(change))
    attributes.extend(
        Row(thing, attribute.path, action, outcome, before, after) for attribute, before, after in compared(change)
    )


def _names(change: Change) -> set[str]:
    """Return other names of a resource: its ID, earlier addresses, and name and network addresses of a machine."""
    names = {change.id, change.previous_id, change.import_id, change.previous_address}
    if _is_machine(change.type or ""):
        names |= {text for key, text in change.identity.items() if key != "size"}
        for attribute in change.attributes:
            if attribute.path.rpartition("].")[2] in _NAMES:
                names |= {_plain(attribute.before), _plain(attribute.after)}
    return {name for name in names if name and len(name) <= LONGEST and not _is_marked(name)}


@lru_cache(maxsize=1_000)
def _is_machine(kind: str) -> bool:
    return _MACHINE.search(kind) is not None


@cache
def _marks() -> tuple[str, str]:
    from change_events.redact.spans import ADDRESS_MARK, MARK  # not while terraform is about to start

    return MARK, ADDRESS_MARK


def _is_marked(text: str) -> bool:
    mark, address_mark = _marks()
    return mark in text or address_mark in text


def _plain(value: Value) -> str | None:
    text = value.text if value.kind is ValueKind.VALUE else None
    return text[1:-1] if text and text[0] == text[-1] == '"' and "\\" not in text else None


def _task_rows(change: Change) -> Iterator[Row]:
    task = change.task
    if task is None or task.checked:
        return
    # a delegated task changed the machine it ran on, not the hosts that it ran for
    changed = task.delegated_to or task.changed_on
    bad = [(one.host, ChangeOutcome.FAILED) for one in task.failures if one.status in ("failed", "unreachable")]
    hosts = dict.fromkeys(changed, ChangeOutcome.APPLIED) | dict(bad)
    hosts |= dict.fromkeys(task.unfinished, ChangeOutcome.UNKNOWN)
    for host, outcome in hosts.items():
        yield Row(Thing(host, "host"), change.address[:LONGEST], change.action.value, outcome.value)


def _host_rows(event: ChangeEvent, tasks: list[Row]) -> Iterator[Row]:
    """Return each host as a whole, with its worst outcome; and the machine of an explicit event."""
    worst: dict[Thing, Row] = {}
    for row in tasks:
        if row.thing.kind == "host":
            before = worst.get(row.thing)
            if before is None or _HAPPENED.index(ChangeOutcome(before.outcome)) == 0:
                worst[row.thing] = row._replace(path="")
    yield from worst.values()
    if event.explicit and event.actor and event.actor.host:
        thing = Thing(event.actor.host, "host")
        if thing not in worst:
            yield Row(thing, "", event.kind.value, ChangeOutcome.APPLIED.value)


def _by_type(rows: list[Row]) -> list[Row]:
    """Return one thing of each type first: whether a type is new in a stack must not depend on a limit."""
    return list({row.thing.type: row for row in reversed(rows)}.values())


def _distinct(rows: list[Row]) -> Iterator[Row]:
    """Return the first item of each key: a replacement may name an attribute twice."""
    seen = set()
    for row in rows:
        key = (row.thing.kind, row.thing.address, row.path)
        if key not in seen:
            seen.add(key)
            yield row
