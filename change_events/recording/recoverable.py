"""A run observed from inside its own process, such as a playbook or a command; it survives a kill."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from change_events.files import rundir, unsettled_runs
from change_events.paths import state_dir
from change_events.recording.checkpoint import write_checkpoint
from change_events.recording.recovery import settle_beside
from change_events.recording.writer import EventWriter, RecordResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from change_events.journal import Journal
    from change_events.model import ChangeEvent, SealedEvent
    from change_events.redact import Redactor
    from change_events.settings import Settings


STARTED_SECONDS = 0.5  # that the run waits for the delivery of its start
PATIENCE = 1.0
_LATER = "recorded by the next tfevent command"
_held: list[rundir.RunDirectory] = []


def _forget_in_child() -> None:
    """Release the folder's lock in a fork that outlives this process (a worker of Ansible)."""
    for folder in _held:
        folder.release()
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class RecoverableRun:
    """One run and its event, from start to end. No method raises for problems with disk, journal or backends.

    Args:
        owner: the observer: ``ansible``, ``command``.
        settings: the usable part of the settings.
        redactor: has seen the run's secrets.
        say: takes one line for the user.
        folder: the run's folder, if it exists already; it is held by this process.
        patience: seconds to wait, at start and end, for a journal locked by another process.
    """

    def __init__(
        self,
        owner: str,
        settings: Settings,
        redactor: Redactor,
        say: Callable[[str], object],
        *,
        folder: rundir.RunDirectory | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._owner = owner
        self._settings = settings
        self._redactor = redactor
        self._say = say
        self._patience = patience
        self._recording = EventWriter(settings, redactor, say=say, patience=patience)
        self._folder = folder

    def start(self, event: ChangeEvent) -> None:
        """Write the `started` record, and settle killed runs, which wait for the next command.

        Delivers it to destinations with ``include_started``, waiting for at most :data:`STARTED_SECONDS`.
        """
        self._folder = self._folder or rundir.create(state_dir(), event.id)
        self._write_facts(event)  # before the record: a kill in between must not leave one that no one closes
        result = self._recording.begin(event)
        self._keep(result.sealed)
        if result.lost:
            return  # nothing else that needs the journal will go better now
        self._recording.announce(event, wait=min(self._settings.budget, STARTED_SECONDS))
        if unsettled_runs.count(state_dir()) > 1:  # another one than ours
            settle_beside(self._recording, self._say)

    def journal(self) -> AbstractContextManager[Journal]:
        """Open the journal with its record. Raises JournalError."""
        return self._recording.journal()

    def checkpoint(self, event: ChangeEvent) -> None:
        """Store the current event, in case the run is killed."""
        if self._folder is not None:
            self._keep(self._recording.sealed(event))

    def settle(self, event: ChangeEvent, *, deliver: bool = True, keep: bool = False) -> RecordResult:
        """Record the end, and deliver the event unless the process is at its end.

        Args:
            event: the whole event.
            deliver: False leaves delivery to the next command.
            keep: keep the run's folder, since later commands may settle the event again.
        """
        recording = self._recording
        if not deliver:
            say = self._recording.say_once
            recording = EventWriter(self._settings, self._redactor, say=say, deliver=False, patience=self._patience)
        recording.is_blocked = False
        settled = recording.settle(event)
        if self._folder is None:
            return settled
        if settled.lost or recording.is_blocked:
            return self._left(settled)
        if keep and settled.recorded:
            self.release()
            return settled
        self._folder.remove()
        self._let_go()
        return settled

    def _left(self, settled: RecordResult) -> RecordResult:
        """Store the complete event for the next command: the journal cannot be used now."""
        is_kept = self._keep(settled.sealed)
        self.release()
        return msgspec.structs.replace(settled, lost=False, places=(_LATER,)) if is_kept and settled.lost else settled

    def release(self) -> None:
        """Release a run that is not settled here: the next command settles it."""
        if self._folder is not None:
            self._folder.release()
            self._let_go()

    def _write_facts(self, event: ChangeEvent) -> None:
        if self._folder is None:
            return
        _held.append(self._folder)
        facts = {"id": event.id, "owner": self._owner, "started_at": event.started_at.timestamp()}
        try:
            self._folder.write_journal(str(self._settings.journal))
            self._folder.write_facts(durable=True, **facts)
        except OSError as error:
            self._recording.say_once(
                f"cannot write the run folder ({error.strerror}); if this run is killed, it is not recorded"
            )

    def _keep(self, sealed: SealedEvent) -> bool:
        if self._folder is None:
            return False
        try:
            write_checkpoint(self._folder, sealed)
        except OSError as error:
            self._recording.say_once(
                f"cannot write the checkpoint ({error.strerror}); if this run is killed, its event will be incomplete"
            )
            return False
        return True

    def _let_go(self) -> None:
        if self._folder in _held:
            _held.remove(self._folder)
