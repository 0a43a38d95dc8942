"""The causes of a playbook run's changes, looked for when it has ended."""

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
    """Whether causes are looked for: not of a run that was ended early, and of none but a playbook's in a repository.

    Of a run that changed nothing, the uncommitted files are wanted: later runs are compared with it.
    """
    is_cut = event.outcome in {None, Outcome.CANCELLED, Outcome.UNKNOWN}
    if not settings.causes or is_cut or event.playbook is None or event.vcs is None:
        return False
    return bool(event.changes) or (event.outcome is Outcome.NO_CHANGE and event.vcs.dirty is not False)


def explained(event: ChangeEvent, settings: Settings, redactor: Redactor, environ: Mapping[str, str]) -> ChangeEvent:
    """The event with the causes of its changes.

    Args:
        event: how the run ended.
        settings: where the journal with the earlier runs is.
        redactor: has seen the run's secrets.
        environ: for git.

    Returns:
        The event as it is where the journal cannot be read: without earlier runs, nothing is known to be a cause.
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
