"""Details of an object that are kept while its values are in memory: risk signals, and its identity.

The signal rules are imported on demand: most edits of a state need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from change_events.diff.masks import child, has_true
from change_events.model import Action, Risk, ValueKind
from change_events.signals.names import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.diff.walk import Node
    from change_events.model import Change
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.plan.document import ResourceChange
    from tf_wrapper.plan.reading import Reading

_SETS = {Action.CREATE, Action.UPDATE, Action.REPLACE}
_GOES = {Action.DESTROY, Action.REPLACE}
# what a reader calls a machine or a database that is gone, the first that is there of each
_IDENTITY = {
    "name": ("tags.Name", "tags.name", "labels.name", "name", "identifier"),
    "size": ("instance_type", "instance_class", "machine_type", "vm_size", "size", "node_type", "flavor_name"),
    "private_ip": ("private_ip", "private_ip_address", "network_interface.network_ip", "ipv4_address_private"),
    "public_ip": ("public_ip", "public_ip_address", "network_interface.access_config.nat_ip", "ipv4_address"),
}


def which_may_signal(kept: Sequence[tuple[ResourceChange, Action]], own: Sequence[OwnRule] = ()) -> list[bool]:
    """Return which changes may have a signal; most are neither examined nor decoded."""
    from change_events import signals
    from change_events.signals import protectors
    from change_events.signals.watched import own_attributes

    may_signal = [False] * len(kept)
    for kind, places in _by_type(kept).items():
        sides = [(kept[place][0].change.before, kept[place][0].change.after) for place in places]
        for place, may in zip(places, signals.which_may_signal(kind, sides, own_attributes(kind, own)), strict=True):
            may_signal[place] = may
    for place, (entry, action) in enumerate(kept):
        if action in _GOES and entry.mode == "managed" and protectors.may_be_armed(bytes(entry.change.before)):
            may_signal[place] = True
    return may_signal


def _by_type(kept: Sequence[tuple[ResourceChange, Action]]) -> dict[str, list[int]]:
    """Return the positions of changes that set something, by resource type."""
    found: dict[str, list[int]] = {}
    for place, (entry, action) in enumerate(kept):
        if action in _SETS and entry.mode == "managed":
            found.setdefault(entry.type or "", []).append(place)
    return found


def is_identified(entry: ResourceChange, action: Action) -> bool:
    """Return whether a change keeps the object's identity without its attributes being compared."""
    if action is not Action.REPLACE or entry.mode != "managed":
        return False
    from change_events.signals import watched_types

    return (entry.type or "") in watched_types()


def with_details(
    change: Change,
    kind: str | None,
    node: Node,
    reading: Reading,
    *,
    may_signal: bool = True,
    unprotects: bool = False,
) -> Change:
    """Return the change with its signals and, if the object goes away, its identity.

    Args:
        change: the redacted change.
        kind: resource type in the plan.
        node: both sides, complete.
        reading: its redactor has remembered the plan's secrets.
        may_signal: result of :func:`which_may_signal`, if it was computed.
        unprotects: it is a protector that is destroyed while the protected object stays.
    """
    if change.mode != "managed":
        return change
    if may_signal and (change.action in _SETS or change.action is Action.DESTROY):
        from change_events.signals import Subject, risks

        subject = Subject(kind or "", change.action, *node)
        found = risks(
            subject, lambda path, value: _is_shown(path, value, reading), unprotects=unprotects, own=reading.own
        )
        change = replace(change, risks=tuple(_redacted(risk, reading) for risk in found)) if found else change
    if change.action is Action.UPDATE and _is_labels_only(kind, node):
        change = replace(change, labels_only=True)
    if change.action in _GOES and isinstance(node.before, dict):
        change = replace(change, identity=dict(_identity(node, reading)))
    return change


def _is_labels_only(kind: str | None, node: Node) -> bool:
    from change_events.signals import Subject, is_labels_only

    return is_labels_only(Subject(kind or "", Action.UPDATE, *node))


def _is_shown(path: tuple[str, ...], value: object, reading: Reading) -> bool:
    """Return whether a value that a reason would quote is shown at its own place."""
    return reading.redactor.value(path, value).kind is ValueKind.VALUE


def _redacted(risk: Risk, reading: Reading) -> Risk:
    probe = reading.redactor.value((), 0)
    reason = risk.reason if probe.kind is ValueKind.VALUE else bare(risk.name)
    return Risk(name=risk.name, reason=reading.names.text(reason))


def _identity(node: Node, reading: Reading) -> Iterator[tuple[str, str]]:
    for fact, paths in _IDENTITY.items():
        for path in paths:
            text = _text(node, path.split("."), reading)
            if text:
                yield fact, text
                break


def _text(node: Node, steps: list[str], reading: Reading) -> str | None:
    value, mask = node.before, node.before_mask
    for step in steps:
        while isinstance(value, list):
            value, mask = (value[0] if value else None), child(mask, 0)
        value, mask = (value.get(step) if isinstance(value, dict) else None), child(mask, step)
    if not isinstance(value, str) or not value or has_true(mask):
        return None
    shown: Any = reading.redactor.value(tuple(steps), value)
    return reading.names.text(value) if shown.kind is ValueKind.VALUE else None
