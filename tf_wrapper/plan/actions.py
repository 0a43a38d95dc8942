"""The actions of a plan, and how terraform counts them."""

from __future__ import annotations

from collections import Counter

from change_events.model import Action, Counts

_ACTIONS: dict[tuple[str, ...], Action] = {
    ("no-op",): Action.NO_OP,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    # a new object is made and the old one is let go undestroyed: terraform counts "add" and "forget", never
    # "destroy"
    ("create", "forget"): Action.CREATE,
    ("forget", "create"): Action.CREATE,
}
_COUNTED = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DESTROY: "destroy",
    Action.READ: "read",
    Action.FORGET: "forget",
    Action.NO_OP: "no_op",
    Action.INVOKE: "invoke",
    Action.OTHER: "other",
}


def action_of(words: tuple[str, ...]) -> Action:
    """Return the action for a list of action words; unknown words are ``OTHER``."""
    return _ACTIONS.get(words, Action.OTHER)


class Tally:
    """Exact counts of a whole plan, computed while it is read."""

    def __init__(self) -> None:
        self._actions: Counter[str] = Counter()
        self.by_type: Counter[str] = Counter()
        self.by_module: Counter[str] = Counter()

    def resource(self, words: tuple[str, ...], action: Action, *, moved: bool, imported: bool) -> None:
        """Count one resource by action, and separately as moved or imported."""
        self._actions[_COUNTED[action]] += 1
        if len(words) > 1 and "forget" in words:
            self._actions["forget"] += 1
        if moved:
            self._actions["move"] += 1
        if imported:
            self._actions["import_"] += 1

    def place(self, kind: str | None, module: str | None) -> None:
        """Count one change by resource type and module."""
        self.by_type[kind or "unknown"] += 1
        self.by_module[module or "root"] += 1

    def add(self, name: str, number: int) -> None:
        """Count drift, outputs or invocations."""
        self._actions[name] += number

    def counts(self) -> Counts:
        """Return the counts by action."""
        return Counts(**{name: number for name, number in self._actions.items() if number})


_URGENCY = {
    Action.REPLACE: 0,
    Action.DESTROY: 0,
    Action.FORGET: 1,
    Action.UPDATE: 2,
    Action.OTHER: 2,
    Action.CREATE: 3,
    Action.INVOKE: 4,
    Action.IMPORT: 4,
    Action.MOVE: 4,
    Action.READ: 5,
}


def urgency(action: Action) -> int:
    """Return the rank of a change when attributes are computed for some only; 0 is first."""
    return _URGENCY.get(action, 5)


def most_urgent(changes: list[Action], limit: int) -> set[int]:
    """Return the indices of the changes whose attributes are computed."""
    if len(changes) <= limit:
        return set(range(len(changes)))
    return set(sorted(range(len(changes)), key=lambda index: urgency(changes[index]))[:limit])
