"""Rule: a policy document allows more than before: every action, every resource, everybody.

Documents are looked for in every attribute: as JSON in a string, or as objects. Only statements that allow count, and
only what no statement allowed before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.given import holds
from change_events.signals.subject import Found, Subject, leaves
from change_events.signals.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_OF_DATA = ("google_storage_", "google_bigquery_", "google_cloud_run_", "google_cloudfunctions", "google_pubsub_")
_MARKS = ("*", "NotAction", "allUsers", "allAuthenticatedUsers")  # without one of these nothing is said below


class Statement(NamedTuple):
    """One statement that allows something, in lower case but for its values."""

    actions: frozenset[str]
    resources: frozenset[str]
    everybody: bool
    excepting: bool  # NotAction: every action but some


def policies(subject: Subject) -> Iterator[Found]:
    """What the policies of a resource newly allow."""
    for name in subject.names:
        before, after = subject.sides(name)
        if name in {"member", "members"}:
            yield from _members(subject, name, before, after)
        elif mentions(after):
            old, new = list(statements(before)), list(statements(after))
            yield from _widened(subject, name, old, new)


def _members(subject: Subject, name: str, before: Any, after: Any) -> Iterator[Found]:
    old, new = ({leaf for _, leaf in leaves(side) if leaf in _EVERYBODY} for side in (before, after))
    if new - old:
        data = subject.type.startswith(_OF_DATA)
        reason = f"{' and '.join(sorted(new - old))} may use it" if data else "a policy now allows every principal"
        yield Found("exposed_to_world" if data else "iam_widened", reason, name)


def _widened(subject: Subject, name: str, old: list[Statement], new: list[Statement]) -> Iterator[Found]:
    wider = list(dict.fromkeys(word for one in new for word in _wider(one, old)))
    if wider:
        yield Found("iam_widened", f"a policy now allows every {' and every '.join(wider)}", name)
    if any(one.everybody for one in new) and not any(one.everybody for one in old) and _counts(subject, name):
        if name == "assume_role_policy":
            yield Found(
                "iam_widened", "the role may be assumed by everybody: a policy now allows every principal", name
            )
        elif "_iam_" in subject.type or "_kms_" in subject.type:
            yield Found("iam_widened", "a policy now allows every principal", name)
        else:
            yield Found("exposed_to_world", "its policy lets everybody in: it now allows every principal", name)


def _counts(subject: Subject, name: str) -> bool:
    """Whether nothing that the table knows keeps everybody out all the same, such as a private network."""
    rows = [row for row in table().get(subject.type, ()) if row.path == name and "everybody" in row.forms]
    return all(holds(row.given, subject) for row in rows)


def _wider(one: Statement, old: list[Statement]) -> Iterator[str]:
    for action in sorted(one.actions):
        if action == "*" and not any("*" in other.actions for other in old):
            yield "action"
        elif action.endswith(":*") and not any({action, "*"} & other.actions for other in old):
            yield f"action of {action[:-2]}"
    if one.excepting and not any(other.excepting or "*" in other.actions for other in old):
        yield "action but some"
    if "*" in one.resources and _everywhere(one, old):
        yield "resource"


def _everywhere(one: Statement, old: list[Statement]) -> bool:
    """Whether some of its actions were allowed on named resources only, or are wildcards that nothing allowed."""
    for action in one.actions:
        found = [other for other in old if {action, "*"} & other.actions]
        wildcard = action.endswith("*") and (action == "*" or action.endswith(":*"))
        if (found or wildcard) and not any("*" in other.resources for other in found):
            return True
    return False


def mentions(value: Any) -> bool:
    """Whether something in a value could matter here; most values hold none of the words."""
    return any(mark in leaf for _, leaf in leaves(value) if isinstance(leaf, str) for mark in _MARKS) or _has_key(value)


def _has_key(value: Any) -> bool:
    if isinstance(value, dict):
        return "NotAction" in value or "not_actions" in value or any(map(_has_key, value.values()))
    return isinstance(value, list) and any(map(_has_key, value))


def statements(document: Any) -> Iterator[Statement]:
    """Every statement below ``document`` that allows something."""
    if isinstance(document, dict):
        lower = {key.lower().replace("_", ""): part for key, part in document.items()}
        if lower.get("effect") == "Allow":
            yield _statement(lower)
        for part in document.values():
            yield from statements(part)
    elif isinstance(document, list):
        for part in document:
            yield from statements(part)
    elif isinstance(document, str) and document.lstrip()[:1] in {"{", "["}:
        yield from statements(_parsed(document))


def _statement(lower: dict[str, Any]) -> Statement:
    excepted = _texts(lower, "notaction", "notactions")
    principals = _texts(lower, "principal", "principals", "identifiers")
    narrowed = bool(lower.get("condition") or lower.get("conditions"))
    return Statement(
        actions=_texts(lower, "action", "actions"),
        resources=_texts(lower, "resource", "resources"),
        everybody="*" in principals and not narrowed,
        excepting=bool(excepted) and "*" not in excepted,
    )


def _texts(lower: dict[str, Any], *keys: str) -> frozenset[str]:
    return frozenset(str(leaf) for key in keys for _, leaf in leaves(lower.get(key)))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
