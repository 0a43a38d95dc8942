"""What the serials and lineages of an edit of the state say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model.event import StateEdit

_WRITE_ONCE = frozenset({
    "state rm", "state mv", "state replace-provider", "taint", "untaint", "import", "refresh",
})  # fmt: skip


def is_replaced(state: StateEdit) -> bool:
    """Whether another state, or a version that is not newer, took the place of one.

    Terraform writes what is pushed with the next serial, and takes one that is not newer only by force.
    """
    if state.previous_serial is None or state.serial is None:
        return False
    if state.lineage != state.previous_lineage or state.serial < state.previous_serial:
        return True
    return state.forced and state.serial - 1 <= state.previous_serial


def is_shared(state: StateEdit) -> bool:
    """Whether other commands wrote the state as well: each of these commands writes it once, with the next serial."""
    if state.command not in _WRITE_ONCE or state.previous_serial is None or state.serial is None:
        return False
    return state.lineage == state.previous_lineage and state.serial > state.previous_serial + 1
