"""Compares two states of unknown origin, as the edits that lead from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.model import StateEdit
from tf_wrapper.state.compare import clouds_of
from tf_wrapper.state.document import read_state
from tf_wrapper.state.edits import ANY, compare_edits
from tf_wrapper.state.pairs import pairs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import Plan, StateCounts
    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.state.objects import State

_REMOVED = "whether a removed resource was destroyed or is only no longer managed"
_ADDED = "whether an added one was created or imported"


def between_states(
    before: bytes,
    after: bytes,
    *,
    redactor: Redactor,
    names: Sequence[str],
    ignore: Sequence[str] = (),
    own: Sequence[OwnRule] = (),
) -> Plan:
    """Compare two states, each raw or `show -json`; ``Plan.state`` has their versions and what they do not show.

    Args:
        before: empty for no state.
        after: empty for no state.
        redactor: remembers the states' secrets and renders their values.
        names: names of the two, for the report and errors.
        ignore: globs of attribute paths to leave out.
        own: the user's signal rules.

    Raises:
        InputError: one of them is not a readable state.
    """
    old, new = read_state(before, names[0]), read_state(after, names[1])
    edits = compare_edits(old, new, redactor, effect=ANY, ignore=ignore, own=own)
    plan = replace(edits.plan, name=redactor.text(" → ".join(names)))
    if not (plan.changes or plan.outputs):
        return plan
    clouds = clouds_of(list(pairs_of(old, new)), redactor)
    return replace(plan, clouds=clouds, state=versions(old, new, edits.counts, redactor), edited=edits.counts)


def versions(old: State, new: State, counts: StateCounts, redactor: Redactor) -> StateEdit:
    """Return the versions of two states, and which facts on these edits they do not show."""
    unseen = ", or ".join([_REMOVED] * bool(counts.removed) + [_ADDED] * bool(counts.added))
    note = f"two states do not show {unseen}" if unseen else None
    if old.serial is None or new.serial is None:  # `show -json` has none
        return StateEdit(command="", note=note)
    return StateEdit(
        command="",
        serial=new.serial,
        previous_serial=old.serial,
        lineage=redactor.text(new.lineage) if new.lineage else None,
        previous_lineage=redactor.text(old.lineage) if old.lineage else None,
        note=note,
    )
