"""The causes of a playbook run's changes, found when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.errors import JournalError
from change_events.journal import Journal
from change_events.model import Outcome
from change_events.process.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent
    from change_events.redact import Redactor
    from change_events.settings import Settings

SECONDS = 2.0
PATIENCE = 0.5  # seconds that a journal which another process keeps locked is waited for


def is_wanted(event: ChangeEvent, settings: Settings) -> bool:
    """Return whether causes are searched: only for playbooks in a repository that ended normally.

    For a run that changed nothing, the uncommitted files are recorded: later runs are compared with it.
    """
    is_cut = event.outcome in {None, Outcome.CANCELLED, Outcome.UNKNOWN}
    if not settings.causes or is_cut or event.playbook is None or event.vcs is None:
        return False
    return bool(event.changes) or (event.outcome is Outcome.NO_CHANGE and event.vcs.dirty is not False)


def explained(event: ChangeEvent, settings: Settings, redactor: Redactor, environ: Mapping[str, str]) -> ChangeEvent:
    """Return the event with the causes of its changes.

    Args:
        event: the event of the ended run.
        settings: name the journal with the earlier runs.
        redactor: has seen the run's secrets.
        environ: for git.

    Returns:
        The event unchanged if the journal cannot be read: causes require earlier runs.
    """
    from change_events.cause.playbook import find_causes
    from change_events.cause.playbook_runs import runs_before
    from change_events.cause.redacted import redacted

    deadline = Deadline(SECONDS)
    try:
        with Journal.open(settings.journal, caps=settings.caps, patience=PATIENCE) as journal:
            runs = runs_before(journal, event, deadline)
    except JournalError:  # settling reports it
        return event
    search = find_causes(event, runs, environ, deadline)
    if search is None:
        return event
    changes = tuple(
        replace(change, causes=tuple(redacted(cause, redactor) for cause in causes)) if causes else change
        for change, causes in zip(event.changes, search.causes, strict=True)
    )
    return replace(event, changes=changes, inputs=search.inputs)
