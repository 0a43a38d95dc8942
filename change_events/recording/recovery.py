"""Settles runs whose observer was killed, from their last checkpoint.

A run observed from inside its own process (a playbook, a command) names its ``owner`` in the facts of its folder and
writes its event to ``checkpoint`` from time to time. If the folder's lock is free and the event is not settled, the
observer is gone: the event is settled as "outcome unknown". A command that outlives its observer, or the process that a
change is bound to (``writer`` in the facts), is awaited first; a command whose end was stored is settled with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.errors import JournalError
from change_events.explicit import command_outcome, titles
from change_events.files import unsettled_runs
from change_events.journal import JournalLocked, RecordState
from change_events.model import ChangeOutcome, Outcome, OutcomeCounts, Severity
from change_events.output import describe
from change_events.paths import state_dir
from change_events.recording import process_bound
from change_events.recording.checkpoint import CHECKPOINT, read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Journal, Record
    from change_events.model import Change, ChangeEvent
    from change_events.recording.writer import EventWriter
    from change_events.redact import Redactor
    from change_events.settings import Settings

_STACKS = "stacks"
END = "killed: how it ended is not known"


Say = Callable[[str], object]
"""Takes one line for the user."""

Closer = Callable[["RunDirectory", "Journal", "Settings", Say], bool]
"""Settles one run whose folder is held and whose facts are read, and lets go of it; returns whether it was settled."""


def settle_killed(state: str, journal: Journal, settings: Settings, say: Say, *, unowned: Closer | None = None) -> int:
    """Settle every unsettled run of this journal that is over; returns their number. Never raises.

    Args:
        state: the state folder.
        journal: the open journal.
        settings: the usable part of the settings.
        say: takes one line for the user.
        unowned: settles runs without an owner (terraform's), which requires their tool; without it they are left to the
            next ``tfevent`` command.
    """
    count = 0
    runs = unsettled_runs.leftovers(state, journal.path, wanted=None if unowned else _is_alone)
    for run in sorted(runs, key=lambda run: _STACKS in run.read_facts()):  # units first
        closer = close_owned if unowned is None or _is_owned(run.read_facts()) else unowned
        try:
            count += closer(run, journal, settings, say)
        except JournalLocked:  # nothing is lost: the next command does the same
            run.release()
        except Exception as error:  # noqa: BLE001 - one odd folder must not keep a command from its work
            say(f"cannot settle the killed run in {run.path}: {describe(error)}")
            run.release()
    return count


def settle_beside(writer: EventWriter, say: Say, *, unowned: Closer | None = None) -> None:
    """The same for a run that has just started, in its journal. Never raises."""
    try:
        with writer.journal() as journal:
            settle_killed(state_dir(), journal, writer.settings, say, unowned=unowned)
    except JournalError:
        return  # reported already, when the run's own start was recorded


def _is_alone(facts: Mapping[str, Any]) -> bool:
    """Return whether it has an owner and can be settled without its units, which are runs of terraform."""
    return _is_owned(facts) and _STACKS not in facts


def _is_owned(facts: Mapping[str, Any]) -> bool:
    return "owner" in facts


def close_owned(run: RunDirectory, journal: Journal, settings: Settings, say: Say) -> bool:
    """Settle one owned run whose folder is held; its event waits for the next delivery. Raises JournalError."""
    from change_events.recording.explicit import settings_for
    from change_events.recording.writer import EventWriter
    from change_events.settings.redaction import redactor_of

    if process_bound.lives(run.facts):
        run.release()  # its observer was killed, the command goes on; or it never had one
        return False
    if _STACKS in run.facts and _has_open_units(run, journal):
        run.release()  # the command was killed, runs of its units go on
        return False
    record = journal.get(str(run.facts["id"]))
    settled = record.event if record is not None and record.state is RecordState.SETTLED else None
    if settled is not None and not _may_change(settled, run):
        run.remove()
        return False
    redactor = redactor_of(settings, {})
    event = _concluded(run, journal, record, redactor)
    if event is None:
        run.remove()  # killed before anything was known of it
        return False
    if changed := settled is None or _has_other_units(event, settled):
        settings = settings_for(run.facts, settings, say)
        if EventWriter(settings, redactor, say=say, journal=journal, deliver=False).settle(event).lost:
            run.release()
            return False
    _let_go(run, event)
    return changed


def _concluded(run: RunDirectory, journal: Journal, record: Record | None, redactor: Redactor) -> ChangeEvent | None:
    """Return the event of a run that is over, as far as it is known; None if nothing is. Raises JournalError."""
    known = read_checkpoint(run) or (record.event if record else None) or command_outcome.described(run.facts, redactor)
    if known is None:
        return None
    if end := run.read_end():
        return _whole(command_outcome.concluded(known, end), run, journal, redactor)
    if known.outcome is not None and known.ended_at is not None:
        return known  # it ended, and only the journal could not be used then
    return _whole(interrupted(known, _last(run, known, journal)), run, journal, redactor)


def _has_open_units(run: RunDirectory, journal: Journal) -> bool:
    from change_events.stacks import units

    return units.are_open(state_dir(), str(journal.path), str(run.facts["id"]))


def _whole(event: ChangeEvent, run: RunDirectory, journal: Journal, redactor: Redactor) -> ChangeEvent:
    """Return the event of a run of many stacks with its units; any other unchanged. Raises JournalError."""
    facts = run.facts.get(_STACKS)
    if facts is None:
        return event
    from change_events.stacks import late, units
    from change_events.stacks.event import completed

    found = units.collect(journal, str(run.facts["id"]), str(facts["directory"]), run, facts)
    return completed(event, found, redactor, doubt=late.doubt(event, run.facts))


def _may_change(event: ChangeEvent, run: RunDirectory) -> bool:
    """Return whether a settled event may be settled again: that of many stacks, if units start late."""
    if _STACKS not in run.facts:
        return False
    from change_events.stacks import late

    return late.doubt(event, run.facts) is not None


def _has_other_units(event: ChangeEvent, settled: ChangeEvent) -> bool:
    from change_events.stacks import late

    return late.differ(event, settled)


def _let_go(run: RunDirectory, event: ChangeEvent) -> None:
    """Remove the folder of a run whose event is settled, unless units of it may still start."""
    if _STACKS in run.facts:
        from change_events.stacks import late

        if late.may_come(event, run.facts, datetime.now(UTC)):
            run.release()
            return
    run.remove()


def interrupted(event: ChangeEvent, last_seen: datetime | None = None) -> ChangeEvent:
    """Close an interrupted run: keep completed changes, mark the rest unknown."""
    changes = tuple(_ended(change) for change in event.changes)
    outcomes_of_changes = [change.outcome for change in changes]
    outcomes = OutcomeCounts(
        applied=outcomes_of_changes.count(ChangeOutcome.APPLIED),
        failed=outcomes_of_changes.count(ChangeOutcome.FAILED),
        not_attempted=outcomes_of_changes.count(ChangeOutcome.NOT_ATTEMPTED),
        unknown=outcomes_of_changes.count(ChangeOutcome.UNKNOWN),
    )
    ended = msgspec.structs.replace(
        event,
        outcome=Outcome.UNKNOWN,
        ended_at=max(last_seen, event.started_at) if last_seen else datetime.now(UTC),
        changes=changes,
        summary=msgspec.structs.replace(event.summary, outcomes=outcomes),
    )
    if event.playbook is not None:
        ended = msgspec.structs.replace(ended, playbook=msgspec.structs.replace(event.playbook, end=END))
    if event.explicit:
        title = titles.ended(event.title, Outcome.UNKNOWN)
        ended = msgspec.structs.replace(ended, title=title, severity=Severity.ERROR)
    return ended


def _ended(change: Change) -> Change:
    if change.task is None or not change.task.unfinished:
        return change
    done = change.outcome is ChangeOutcome.FAILED
    return change if done else msgspec.structs.replace(change, outcome=ChangeOutcome.UNKNOWN)


def _last(run: RunDirectory, known: ChangeEvent, journal: Journal) -> datetime | None:
    """Return when the run was last known to be active; a change bound to another run lasted until its end, if known."""
    parent = known.trace.parent_run_id if known.trace and run.facts["owner"] == process_bound.OWNER else None
    record = journal.get(parent) if parent else None
    if record is not None and record.event.ended_at is not None:
        return record.event.ended_at
    with suppress(OSError), run.open(CHECKPOINT) as file:
        return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    return None
