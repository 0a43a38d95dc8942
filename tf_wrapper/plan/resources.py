"""Entries of `resource_changes`, `resource_drift` and `deferred_changes` as changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.diff import decode_exact, render_path
from change_events.diff.walk import Node, diff_bounded
from change_events.model import Action, AttributeChange, Change, Drift, Value, ValueKind
from tf_wrapper.plan.actions import Tally, action_of, most_urgent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor
    from tf_wrapper.plan.document import Body, Deferred, ResourceChange
    from tf_wrapper.plan.names import Names

MOST_ATTRIBUTES = 200  # of one resource; the rest are counted


class Reading(NamedTuple):
    """What the reading of one plan needs everywhere.

    Attributes:
        redactor: it has remembered the plan's secrets already.
        names: redacted addresses.
        ignore: globs of attribute paths to leave out.
        detailed: how many changes get their attributes computed; all others are only listed.
    """

    redactor: Redactor
    names: Names
    ignore: Sequence[str]
    detailed: int


def read_changes(entries: Sequence[ResourceChange], tally: Tally, reading: Reading) -> list[Change]:
    """Turn all entries but plain no-ops into changes, in the plan's order, and count every one."""
    kept: list[tuple[ResourceChange, Action]] = []
    for entry in entries:
        if entry.mode == "ephemeral":  # OpenTofu lists what is opened during the run; nothing of it changes
            continue
        action, moved, imported = _classify(entry)
        words = entry.change.actions or ()
        tally.resource(words, action_of(words), moved=moved, imported=imported)
        if action is Action.NO_OP:
            continue
        if action is not Action.READ:
            tally.place(entry.type, entry.module_address)
        kept.append((entry, action))
    reading.names.learn([entry.address for entry, _ in kept])
    detailed = most_urgent([action for _, action in kept], reading.detailed)
    return [_change(entry, action, reading, detailed=index in detailed) for index, (entry, action) in enumerate(kept)]


def read_deferred(entries: Sequence[Deferred], reading: Reading) -> list[Change]:
    """Turn deferred entries into changes; as in terraform none of them counts, for nothing happens yet."""
    changes = []
    for entry in entries[: reading.detailed]:
        action, _, _ = _classify(entry.resource_change)
        change = _change(entry.resource_change, action, reading, detailed=True)
        changes.append(msgspec.structs.replace(change, deferred=entry.reason or "unknown"))
    return changes


def read_drift(entries: Sequence[ResourceChange], tally: Tally, reading: Reading) -> list[Drift]:
    """Turn entries of `resource_drift` into drift; one that only moved did not drift."""
    drifted = [(entry, action_of(entry.change.actions or ())) for entry in entries]
    drifted = [(entry, action) for entry, action in drifted if action is not Action.NO_OP]
    tally.add("drift", len(drifted))
    found = []
    for index, (entry, action) in enumerate(drifted):
        attributes, omitted = _attributes(entry.change, reading) if index < reading.detailed else ([], 0)
        drift = Drift(
            address=reading.names.text(entry.address),
            action=action,
            attributes=tuple(attributes),
            attributes_omitted=omitted,
        )
        found.append(drift)
    return found


def _classify(entry: ResourceChange) -> tuple[Action, bool, bool]:
    """Return the action a reader should see, and whether the resource also moves and is also imported."""
    action = action_of(entry.change.actions or ())
    moved = bool(entry.previous_address) and entry.previous_address != entry.address
    imported = bytes(entry.change.importing) not in (b"", b"null")
    if action is Action.NO_OP and (moved or imported):
        action = Action.IMPORT if imported else Action.MOVE
    return action, moved, imported


def _change(entry: ResourceChange, action: Action, reading: Reading, *, detailed: bool) -> Change:
    names, body = reading.names, entry.change
    words = body.actions or ()
    replace_paths = _decoded(body.replace_paths) or []
    attributes, omitted = _attributes(body, reading, replace_paths) if detailed else ([], 0)
    return Change(
        address=names.text(entry.address),
        action=action,
        type=names.maybe(entry.type),
        name=names.maybe(entry.name),
        module=names.maybe(entry.module_address),
        mode=entry.mode or "managed",
        provider=names.maybe(entry.provider_name),
        deposed=entry.deposed,
        raw_actions=tuple(map(names.text, words)) if action is Action.OTHER or len(words) > 1 else (),
        create_before_destroy=len(words) > 1 and words[0] == "create",
        reason=names.maybe(entry.action_reason),
        replace_paths=tuple(names.text(render_path(path)) for path in replace_paths if isinstance(path, list)),
        previous_address=None if entry.previous_address == entry.address else names.maybe(entry.previous_address),
        import_id=_import_id(_decoded(body.importing), reading),
        importing=bytes(body.importing) not in (b"", b"null"),
        attributes=tuple(attributes),
        attributes_omitted=omitted,
        id=_id(body, reading) if detailed else None,
        attributes_compared=detailed,
    )


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


def _attributes(body: Body, reading: Reading, replace_paths: Sequence[Any] = ()) -> tuple[list[AttributeChange], int]:
    masks = bytes(body.after_unknown) + bytes(body.before_sensitive) + bytes(body.after_sensitive)
    if bytes(body.before) == bytes(body.after) and b"true" not in masks:
        return [], 0
    node = Node(
        _decoded(body.before),
        _decoded(body.after),
        _decoded(body.after_unknown),
        _decoded(body.before_sensitive),
        _decoded(body.after_sensitive),
    )
    paths = [path for path in replace_paths if isinstance(path, list)]
    return compare(node, reading, paths)


def compare(node: Node, reading: Reading, replace_paths: Sequence[Any] = ()) -> tuple[list[AttributeChange], int]:
    """Return the attributes of one object that differ, as many as are worth keeping, and how many more there are."""
    try:
        return diff_bounded(
            node,
            redactor=reading.redactor,
            replace_paths=replace_paths,
            ignore=reading.ignore,
            limit=MOST_ATTRIBUTES,
        )
    except RecursionError:  # JSON in a string may be nested deeper than a stack; the change itself must not be lost
        return [], 1


def _id(body: Body, reading: Reading) -> str | None:
    """Return the id of the object as it is before the run, unless it is marked."""
    before, mask = _decoded(body.before), _decoded(body.before_sensitive)
    if not isinstance(before, dict) or mask is True or (isinstance(mask, dict) and mask.get("id")):
        return None
    found = before.get("id")
    return reading.names.text(found) if isinstance(found, str) and found else None


def _import_id(importing: Any, reading: Reading) -> str | None:
    """Return the id, or the identity attributes, that an import names."""
    if not isinstance(importing, dict):
        return None
    if isinstance(importing.get("id"), str):
        return reading.names.text(importing["id"])
    identity = importing.get("identity")
    if not isinstance(identity, dict):
        return None
    return ", ".join(f"{reading.names.text(name)}={_shown(name, part, reading)}" for name, part in identity.items())


def _shown(name: str, value: Any, reading: Reading) -> str:
    shown: Value = reading.redactor.value((name,), value)
    return shown.text if shown.kind is ValueKind.VALUE and shown.text is not None else f"({shown.kind.value})"
