"""Reads `resource_changes` and `deferred_changes` as changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.diff import decode_exact, has_true, render_path
from change_events.diff.walk import Node, diff_bounded
from change_events.model import Action, AttributeChange, Change, Value, ValueKind
from tf_wrapper.plan.actions import Tally, action_of, most_urgent
from tf_wrapper.plan.details import is_identified, which_may_signal, with_details
from tf_wrapper.stream.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tf_wrapper.plan.document import Body, Deferred, ResourceChange
    from tf_wrapper.plan.reading import Reading

MOST_ATTRIBUTES = 200  # of one resource; the rest are counted


_Resource = tuple[str | None, str | None, str | None]  # module, type, name


class _Id(msgspec.Struct, gc=False):
    id: str | None = None


def read_changes(entries: Sequence[ResourceChange], tally: Tally, reading: Reading) -> list[Change]:
    """Return all entries but plain no-ops as changes, in the plan's order, and count every entry."""
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
    several = _instances(entries) if any(action is Action.DESTROY for _, action in kept) else {}
    reading.names.learn([entry.address for entry, _ in kept])
    detailed = most_urgent([action for _, action in kept], reading.detailed)
    reading.names.learn([found for index in detailed if (found := _id(kept[index][0].change))])
    _identify(kept, detailed, reading)
    signals = which_may_signal(kept, reading.own)
    unprotects = _unprotecting(kept, entries)
    changes = [
        _change(
            entry,
            action,
            reading,
            detailed=index in detailed,
            may_signal=signals[index] or index in unprotects,
            unprotects=index in unprotects,
        )
        for index, (entry, action) in enumerate(kept)
    ]
    if not several:
        return changes
    return [
        msgspec.structs.replace(change, instances=several.get(_resource(entry), 0))
        if action is Action.DESTROY and several.get(_resource(entry), 0) > 1
        else change
        for change, (entry, action) in zip(changes, kept, strict=True)
    ]


def _unprotecting(kept: Sequence[tuple[ResourceChange, Action]], entries: Sequence[ResourceChange]) -> set[int]:
    from tf_wrapper.plan.unprotected import unprotecting  # its tables are for plans: two states are compared without

    return unprotecting(kept, entries)


def _identify(kept: Sequence[tuple[ResourceChange, Action]], detailed: Collection[int], reading: Reading) -> None:
    """Keep the identities of changes: the IDs of compared objects, and of objects beside deposed ones."""
    if reading.identities is None:
        return
    deposed = {entry.address for entry, _ in kept if entry.deposed}
    for index, (entry, action) in enumerate(kept):
        wanted = action is not Action.CREATE and (index in detailed or entry.address in deposed)
        found = _raw_id(entry.change) if wanted else None
        reading.identify(Identity(entry.address, found, entry.type, entry.name))


def _instances(entries: Sequence[ResourceChange]) -> Counter[_Resource]:
    """Return the number of objects of each resource before the run."""
    return Counter(
        _resource(entry)
        for entry in entries
        if entry.mode == "managed" and not entry.deposed and bytes(entry.change.before) not in (b"", b"null")
    )


def _resource(entry: ResourceChange) -> _Resource:
    return entry.module_address, entry.type, entry.name


def read_deferred(entries: Sequence[Deferred], tally: Tally, reading: Reading) -> list[Change]:
    """Return deferred entries as changes; like terraform, count them as deferred only."""
    tally.add("deferred", len(entries))
    changes = []
    for entry in entries[: reading.detailed]:
        action, _, _ = _classify(entry.resource_change)
        may_signal = which_may_signal([(entry.resource_change, action)], reading.own)[0]
        _identify([(entry.resource_change, action)], (), reading)
        change = _change(entry.resource_change, action, reading, detailed=True, may_signal=may_signal)
        changes.append(msgspec.structs.replace(change, deferred=entry.reason or "unknown"))
    return changes


def _classify(entry: ResourceChange) -> tuple[Action, bool, bool]:
    """Return the action to show, and whether the resource is also moved or imported."""
    action = action_of(entry.change.actions or ())
    moved = bool(entry.previous_address) and entry.previous_address != entry.address
    imported = bytes(entry.change.importing) not in (b"", b"null")
    if action is Action.NO_OP and (moved or imported):
        action = Action.IMPORT if imported else Action.MOVE
    return action, moved, imported


def _change(
    entry: ResourceChange,
    action: Action,
    reading: Reading,
    *,
    detailed: bool,
    may_signal: bool,
    unprotects: bool = False,
) -> Change:
    names = reading.names
    kind, name, module, provider = names.place((entry.type, entry.name, entry.module_address, entry.provider_name))
    change = Change(
        address=names.text(entry.address),
        action=action,
        type=kind,
        name=name,
        module=module,
        mode=entry.mode or "managed",
        provider=provider,
        reason=names.maybe(entry.action_reason),
        attributes_compared=detailed,
    )
    if detailed or _is_special(entry, action):
        change = _with_placement(change, entry, reading)
    if not (detailed or may_signal or is_identified(entry, action)):
        return change
    node = _node(entry.change)
    if detailed:
        attributes, omitted = compare(node, reading, _paths(_decoded(entry.change.replace_paths))) if node else ([], 0)
        change = msgspec.structs.replace(change, attributes=tuple(attributes), attributes_omitted=omitted)
    if node is None:
        return change
    return with_details(change, entry.type, node, reading, may_signal=may_signal, unprotects=unprotects)


def _is_special(entry: ResourceChange, action: Action) -> bool:
    """Return whether a change has more to show than its location and action."""
    body = entry.change
    raw = bytes(body.importing) + bytes(body.replace_paths)
    return bool(raw or entry.previous_address or entry.deposed or action is Action.OTHER or len(body.actions or ()) > 1)


def _with_placement(change: Change, entry: ResourceChange, reading: Reading) -> Change:
    names, body = reading.names, entry.change
    words = body.actions or ()
    paths = _paths(_decoded(body.replace_paths))
    importing = _decoded(body.importing)
    return msgspec.structs.replace(
        change,
        deposed=names.maybe(entry.deposed),
        raw_actions=tuple(map(names.text, words)) if change.action is Action.OTHER or len(words) > 1 else (),
        create_before_destroy=len(words) > 1 and words[0] == "create",
        replace_paths=tuple(names.text(render_path(path)) for path in paths),
        previous_address=None if entry.previous_address == entry.address else names.maybe(entry.previous_address),
        import_id=_import_id(importing, reading),
        importing=importing is not None,
        # of an object that is let go beside a new one the id before is not the id of what is created
        id=names.maybe(_id(body)) if change.attributes_compared and change.action is not Action.CREATE else None,
    )


def _paths(decoded: Any) -> list[list[str | int]]:
    """Return the valid paths: lists of attribute names, keys and indices."""
    paths = decoded if isinstance(decoded, list) else []
    return [path for path in paths if isinstance(path, list) and all(isinstance(step, (str, int)) for step in path)]


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


def _node(body: Body) -> Node | None:
    """Return both sides of a change; None if they cannot differ."""
    masks = bytes(body.after_unknown) + bytes(body.before_sensitive) + bytes(body.after_sensitive)
    if bytes(body.before) == bytes(body.after) and b"true" not in masks:
        return None
    return Node(
        _decoded(body.before),
        _decoded(body.after),
        _decoded(body.after_unknown),
        _decoded(body.before_sensitive),
        _decoded(body.after_sensitive),
    )


def compare(node: Node, reading: Reading, replace_paths: Sequence[Any] = ()) -> tuple[list[AttributeChange], int]:
    """Return the attributes of one object that differ, up to a limit, and the number of the others."""
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


def _id(body: Body) -> str | None:
    """Return the object's ID before the run, unless it is sensitive, without decoding anything else."""
    found = _raw_id(body)
    if found is None:
        return None
    mask = _decoded(body.before_sensitive)
    marked = mask is True or (isinstance(mask, dict) and has_true(mask.get("id")))
    return None if marked else found


def _raw_id(body: Body) -> str | None:
    """Return the object's ID before the run, even if sensitive: for comparison, never shown."""
    if not bytes(body.before):
        return None
    try:
        found = msgspec.json.decode(body.before, type=_Id | None)
    except msgspec.ValidationError:
        return None
    return None if found is None else found.id or None


def _import_id(importing: Any, reading: Reading) -> str | None:
    """Return the ID, or the identity attributes, of an import."""
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
