"""The baseline of a run that changed nothing, for the causes of later runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Change, ChangeEvent, ChangeOutcome, Outcome, Phase, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator


def baseline_of(event: ChangeEvent) -> ChangeEvent | None:
    """Return the part of an event that proves that everything matched its configuration.

    Args:
        event: the settled event of a run.

    Returns:
        None without such a proof: the run changed something, was limited to some resources, compared none, or was not
        made from a commit.
    """
    if event.explicit or event.phase is not Phase.APPLIED or event.outcome is not Outcome.NO_CHANGE:
        return None
    from change_events.cause.earlier_runs import lists_all

    if event.vcs is None or event.vcs.commit is None or event.partial or not lists_all(event):
        return None
    if event.playbook is None and not event.summary.counts.no_op:
        return None  # -refresh-only, a destroy, a plan that could not be read
    if event.playbook is not None and not any(host.ok for host in event.hosts):
        return None
    return ChangeEvent(
        id=event.id,
        kind=event.kind,
        phase=event.phase,
        started_at=event.started_at,
        title="",
        outcome=event.outcome,
        tool=event.tool,
        actor=event.actor,
        vcs=event.vcs,
        playbook=event.playbook,
        summary=Summary(counts=event.summary.counts),
        changes=tuple(_undone(event)),
        inputs=event.inputs,
    )


def _undone(event: ChangeEvent) -> Iterator[Change]:
    """Return planned changes that were not made: of failed and rescued tasks."""
    for change in event.changes:
        if change.outcome is not ChangeOutcome.APPLIED:
            yield Change(address=change.address, action=change.action, outcome=change.outcome)
