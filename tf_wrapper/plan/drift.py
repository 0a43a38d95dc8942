"""Reads `resource_drift` as drift: changes made outside of Terraform, as far as terraform would show them.

Providers read back differences that no one made: null as `{}`, their own timestamps. Terraform 1.2 and later therefore
list the attributes that the plan depends on (`relevant_attributes`), and print only their drift. Attributes that the
plan sets back are reported as well, since it undoes a change. The rest is only counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff import decode_exact, has_true, same
from change_events.diff.masks import child
from change_events.diff.walk import Node
from change_events.model import Action, Drift
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.plan.actions import Tally, action_of
from tf_wrapper.plan.resources import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec

    from tf_wrapper.plan.document import Document, ResourceChange
    from tf_wrapper.plan.reading import Reading

_FIRST_WITH_RELEVANT = (1, 1)  # plan format of Terraform 1.2
_TIMESTAMP = lazy_pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?\S*")
_INDEX = lazy_pattern(r"\[[^\[\]]*\]$")
_SETS = {Action.CREATE, Action.UPDATE, Action.REPLACE}
_Steps = tuple[str | int, ...]


class _Context(NamedTuple):
    """The plan's information on drifted addresses.

    Attributes:
        everything: all drift is reported.
        relevant: paths that the plan depends on, by address.
        changes: planned change of each address.
    """

    everything: bool
    relevant: Mapping[str, list[_Steps]]
    changes: Mapping[str, ResourceChange]


def read_drift(document: Document, tally: Tally, reading: Reading) -> list[Drift]:
    """Return the drift to report; the rest is counted as ``drift_not_shown``.

    All drift of a `-refresh-only` plan, and of plans before Terraform 1.2, is reported.
    """
    entries = [
        (entry, action)
        for entry in document.resource_drift or ()
        if (action := action_of(entry.change.actions or ())) is not Action.NO_OP  # it only moved
    ]
    context = _context(document) if entries else _Context(everything=True, relevant={}, changes={})
    reported: list[Drift] = []
    for entry, action in entries:
        drift = _drift(entry, action, context, reading, detailed=len(reported) < reading.detailed)
        if drift is not None:
            reported.append(drift)
    tally.add("drift", len(reported))
    tally.add("drift_not_shown", len(entries) - len(reported))
    return reported


def _context(document: Document) -> _Context:
    relevant: dict[str, list[_Steps]] = {}
    for item in document.relevant_attributes or ():
        relevant.setdefault(item.resource, []).append(tuple(item.attribute or ()))
    changes = {entry.address: entry for entry in document.resource_changes or () if not entry.deposed}
    refresh_only = not document.resource_changes and document.applyable is not False
    old = _version(document.format_version) < _FIRST_WITH_RELEVANT
    return _Context(everything=refresh_only or old, relevant=relevant, changes=changes)


def _version(text: str | None) -> tuple[int, ...]:
    parts = (text or "").split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)


def _drift(
    entry: ResourceChange, action: Action, context: _Context, reading: Reading, *, detailed: bool
) -> Drift | None:
    node = _node(entry)
    planned = context.changes.get(entry.address)
    paths = _relevant_paths(entry.address, context)
    if action is Action.UPDATE:
        differing = _differing(node)
        anew = [key for key in differing if planned is not None and _is_set(key, planned)]
        relevant = [key for key in differing if key in anew or _is_relevant(key, node, paths)]
        if not (relevant or context.everything):
            return None
        shown = node if context.everything else only(node, relevant)
    else:
        again = planned is not None and action_of(planned.change.actions or ()) in _SETS
        if not (again or paths or context.everything):
            return None
        shown, anew = node, []
    attributes, omitted = compare(shown, reading) if detailed else ([], 0)
    return Drift(
        address=reading.names.text(entry.address),
        action=action,
        attributes=tuple(attributes),
        attributes_omitted=omitted,
        set_anew=tuple(map(reading.names.text, anew)),
    )


def _relevant_paths(address: str, context: _Context) -> list[_Steps]:
    return context.relevant.get(address) or context.relevant.get(_INDEX.sub("", address)) or []


def _node(entry: ResourceChange) -> Node:
    body = entry.change
    before, after, before_mask, after_mask = map(
        _decoded, (body.before, body.after, body.before_sensitive, body.after_sensitive)
    )
    return Node(before, after, before_mask=before_mask, after_mask=after_mask)


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


def _differing(node: Node) -> list[str]:
    """Return the attributes that were changed, without null read back as empty and the provider's timestamps."""
    before, after = (side if isinstance(side, dict) else {} for side in (node.before, node.after))
    return [key for key in sorted(before.keys() | after.keys()) if not _is_noise(before.get(key), after.get(key))]


def _is_noise(before: Any, after: Any) -> bool:
    if isinstance(before, str) and isinstance(after, str) and before and after:
        return before == after or is_timestamp(before, after)
    return same(filled(before), filled(after))


def is_timestamp(before: Any, after: Any) -> bool:
    """Return whether a timestamp was replaced with another."""
    return all(isinstance(side, str) and _TIMESTAMP.fullmatch(side) for side in (before, after))


def filled(value: Any) -> Any:
    """Return a value without empty texts, lists and objects, which terraform's output treats as null."""
    if isinstance(value, dict):
        return {key: part for key, item in value.items() if (part := filled(item)) is not None} or None
    if isinstance(value, list):
        return [filled(item) for item in value] or None
    return None if value == "" else value


def _is_set(key: str, planned: ResourceChange) -> bool:
    """Return whether the plan sets an attribute to a known value that differs from the one read back."""
    body = planned.change
    if action_of(body.actions or ()) not in _SETS:
        return False
    before, after, unknown = map(_decoded, (body.before, body.after, body.after_unknown))
    if not isinstance(before, dict) or not isinstance(after, dict) or has_true(child(unknown, key)):
        return False
    return not same(filled(before.get(key)), filled(after.get(key)))


def _is_relevant(key: str, node: Node, paths: Sequence[_Steps]) -> bool:
    return any(not path or (path[0] == key and _differs_at(node, path)) for path in paths)


def _differs_at(node: Node, path: _Steps) -> bool:
    """Return whether the sides differ at or below a path; above it, if it does not exist."""
    before, after = node.before, node.after
    for step in path:
        inner = tuple(_step(side, step) for side in (before, after))
        if inner == (None, None):
            break
        before, after = inner
    return not _is_noise(before, after)


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return None


def only(node: Node, keys: Sequence[str]) -> Node:
    """Return the node with only these attributes, without empty values."""
    before, after = (
        {key: filled(side.get(key)) for key in keys} if isinstance(side, dict) else side
        for side in (node.before, node.after)
    )
    return node._replace(before=before, after=after)
