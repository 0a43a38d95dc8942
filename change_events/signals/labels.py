"""Detects changes of labels only, which affect nothing that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.diff import same
from change_events.diff.masks import child, has_true
from change_events.model import Action

if TYPE_CHECKING:
    from change_events.signals.subject import Subject

_LABELS = {
    *("tags", "tags_all", "tag", "labels", "effective_labels", "terraform_labels", "user_labels", "resource_labels"),
    *("annotations", "effective_annotations", "freeform_tags", "defined_tags"),
}
# what a provider computes again with any change
_COMPUTED = {
    *("label_fingerprint", "fingerprint", "etag", "generation", "resource_version", "update_time", "last_modified"),
    *("last_updated", "updated_at", "tags_fingerprint", "modified"),
}
_BLOCKS = {"metadata"}  # of Kubernetes, where the labels are


def is_labels_only(subject: Subject) -> bool:
    """Return whether only tags or labels differ. Google's network tags do not count: firewalls use them."""
    if subject.action is not Action.UPDATE:
        return False
    ours = _LABELS - {"tags"} if subject.type.startswith("google_") else _LABELS
    return _only(subject.before, subject.after, subject.unknown, ours) == "labels"


def _only(before: Any, after: Any, unknown: Any, labels: set[str]) -> str:
    """Return ``labels`` if nothing else differs, ``nothing`` if nothing does, else ``more``."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return "more"
    found = "nothing"
    for name in before.keys() | after.keys() | (unknown.keys() if isinstance(unknown, dict) else set()):
        is_unknown = has_true(child(unknown, name))
        if not is_unknown and same(before.get(name), after.get(name)):
            continue
        if name in _COMPUTED and is_unknown:
            continue
        if name in labels or (name in _BLOCKS and _of_blocks(before, after, unknown, name, labels)):
            found = "labels"
        else:
            return "more"
    return found


def _of_blocks(before: dict[str, Any], after: dict[str, Any], unknown: Any, name: str, labels: set[str]) -> bool:
    old, new = before.get(name), after.get(name)
    if not isinstance(old, list) or not isinstance(new, list) or not len(old) == len(new) == 1:
        return False
    return _only(old[0], new[0], child(child(unknown, name), 0), labels) in {"labels", "nothing"}
