"""Finds protectors that a plan destroys while the protected resource stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.diff import decode_exact
from change_events.model import Action
from change_events.signals import protectors
from change_events.signals.paths import masked, words
from change_events.signals.subject import leaves
from change_events.signals.table import steps_of
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.partial_json import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import msgspec

    from change_events.signals.protectors import Protector
    from tf_wrapper.plan.document import ResourceChange

_SETS = {Action.CREATE, Action.UPDATE, Action.REPLACE}
_NAMES = (  # by which others name a resource
    *("id", "arn", "name", "bucket", "self_link", "project_id", "number", "node_id", "metadata"),
    *("arn_suffix", "identifier", "cluster_identifier", "cluster_id", "replication_group_id", "function_name"),
)
# a project or folder of Google by id or number, and an address by ARN, are named with and without what comes before
_PREFIXED = lazy_pattern(r"(?:projects|folders|arn:[^/]+:eip-allocation)/([^/]+)")
_SELECTORS = {  # of types of Kubernetes, without `_v1`: the labels of the pods that are covered
    "kubernetes_network_policy": ("spec", "pod_selector", "match_labels"),
    "kubernetes_pod_disruption_budget": ("spec", "selector", "match_labels"),
}
_POD_LABELS = ("spec", "template", "metadata", "labels")
_Labels = set[tuple[tuple[str, ...], Any]]


def unprotecting(kept: Sequence[tuple[ResourceChange, Action]], entries: Sequence[ResourceChange]) -> set[int]:
    """Return the positions of destroyed protectors whose target stays and gets no other protector of the type.

    If the plan destroys everything it knows of, there are none.

    Args:
        kept: changes with their actions.
        entries: all entries of the plan, including unchanged ones.
    """
    known = protectors.protectors()
    places = [
        place
        for place, (entry, action) in enumerate(kept)
        if action is Action.DESTROY and entry.mode == "managed" and entry.type in known and not entry.deposed
    ]
    managed = [entry for entry in entries if entry.mode == "managed"]
    if not places or all(tuple(entry.change.actions or ()) == ("delete",) for entry in managed):
        return set()
    gone = _gone(kept)
    pods = _pods(kept) if any(_selector(kept[at][0]) for at in places) else []
    return {
        at
        for at in places
        if _leaves_open(kept[at][0], known[kept[at][0].type or ""], gone, kept) and not _selects(kept[at][0], pods)
    }


def _leaves_open(
    entry: ResourceChange, protector: Protector, gone: set[str], kept: Sequence[tuple[ResourceChange, Action]]
) -> bool:
    before = _decoded(entry.change.before)
    targets = {name for path in protector.targets for word in words(before, steps_of(path)) for name in _named(word)}
    if targets & gone or any(_is_below(target, gone) for target in targets):
        return False
    return not any(_covers(other, action, protector, targets) for other, action in kept
                   if other.type == entry.type and action in _SETS)  # fmt: skip


def _is_below(target: str, gone: set[str]) -> bool:
    """Return whether an Azure or Google path is inside a resource that is destroyed."""
    return target.startswith("/") and any(target.startswith(f"{name}/") for name in gone if name.startswith("/"))


def _covers(other: ResourceChange, action: Action, protector: Protector, targets: set[str]) -> bool:
    """Return whether another protector of the type is created for the same target, or for an unknown one.

    A protector that already had the target does not count.
    """
    if not protector.targets:
        return action is not Action.UPDATE
    before, after, unknown = map(_decoded, (other.change.before, other.change.after, other.change.after_unknown))
    steps = [steps_of(path) for path in protector.targets]
    new = targets - {word for one in steps for word in words(before, one)}
    return any(masked(unknown, one) or new & words(after, one) for one in steps)


def _selector(entry: ResourceChange) -> tuple[str, ...]:
    return _SELECTORS.get((entry.type or "").removesuffix("_v1"), ())


def _selects(entry: ResourceChange, pods: list[tuple[set[str], _Labels]]) -> bool:
    """Return whether a Kubernetes object covers pods of a destroyed workload, by label."""
    steps = _selector(entry)
    before = _decoded(entry.change.before) if steps else None
    wanted = _labels(before, steps) if steps else set()
    space = words(before, ("metadata", "namespace"))
    return bool(wanted) and any(wanted <= labels and space == other for other, labels in pods)


def _pods(kept: Sequence[tuple[ResourceChange, Action]]) -> list[tuple[set[str], _Labels]]:
    """Return namespaces and labels of the pods of destroyed Kubernetes workloads."""
    gone = [
        entry for entry, action in kept if action is Action.DESTROY and (entry.type or "").startswith("kubernetes_")
    ]
    found = [_decoded(entry.change.before) for entry in gone]
    return [(words(before, ("metadata", "namespace")), _labels(before, _POD_LABELS)) for before in found]


def _labels(value: Any, steps: tuple[str, ...]) -> _Labels:
    """Return the pairs of the map at a path; blocks are lists of one element."""
    for step in steps:
        block = value[0] if isinstance(value, list) and value else value
        value = block.get(step) if isinstance(block, dict) else None
    return set(leaves(value))


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


def _gone(kept: Sequence[tuple[ResourceChange, Action]]) -> set[str]:
    """Return the names by which other resources refer to destroyed resources."""
    names = (name for entry, action in kept if action is Action.DESTROY for name in _names_of(entry))
    return {alias for name in names for alias in _named(name)}


def _named(word: str) -> Iterator[str]:
    yield word
    if found := _PREFIXED.fullmatch(word):
        yield found[1]


def _names_of(entry: ResourceChange) -> Iterator[str]:
    if entry.type in protectors.protectors():
        return
    found: Any = attributes(bytes(entry.change.before) or b"null", _NAMES) or {}
    metadata = found.pop("metadata", None)
    yield from (value for value in found.values() if isinstance(value, str) and value)
    if entry.type in {"kubernetes_namespace", "kubernetes_namespace_v1"}:
        yield from words(metadata, ("name",))
