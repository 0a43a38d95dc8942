"""The event of a command that runs many stacks, each of which has its own event."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from change_events.command_run.event import CommandEvent
from change_events.errors import JournalError
from change_events.explicit import command_outcome
from change_events.model import Outcome, Phase, Stacks
from change_events.output import say
from change_events.paths import state_dir
from change_events.stacks import late, units
from change_events.stacks.event import NO_UNIT, completed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.explicit.event import Draft
    from change_events.journal import Journal
    from change_events.model import ChangeEvent


class StacksEvent(CommandEvent):
    """The event of one such command; the sender's title and message are combined with the units' results."""

    patience = 5.0  # its units, many at once, are the ones that keep the journal locked

    def _first(self, draft: Draft) -> ChangeEvent:
        return self._observed_event(draft)

    def _last(self, draft: Draft, end: Mapping[str, Any]) -> ChangeEvent | None:
        event, _ = command_outcome.finished(self._observed_event(draft), end)
        run_id, facts = event.id, self._facts["stacks"]
        try:
            with self._run.journal() as journal:
                if self._has_open_units(journal):
                    self._leave_units()
                    say("units of this run have not ended; the next tfevent command records it when they have")
                    return None
                expected = {} if end.get("error") else facts
                found = units.collect(journal, run_id, facts["directory"], self._folder, expected)
        except JournalError as error:
            say(f"{error}; the next tfevent command records the units of this run as one event")
            return None
        whole = completed(event, found, self._redactor, doubt=late.doubt(event, self._facts))
        if not found.units and whole.outcome is Outcome.NO_CHANGE:
            say(f"{NO_UNIT}; nothing is recorded")
        return whole

    def _is_kept(self, event: ChangeEvent) -> bool:
        return late.doubt(event, self._facts) is not None

    def _leave_units(self) -> None:
        if self._folder:
            with suppress(OSError):  # the folder is as it was: only units that begin later still would be missed
                self._folder.write_facts(**{late.LEFT: True})

    def _has_open_units(self, journal: Journal) -> bool:
        """Return whether units still run though the command has ended; killed ones are settled first."""
        place = (state_dir(), str(journal.path), str(self._facts["id"]))
        if units.are_open(*place) and self._observed.close_killed:
            self._observed.close_killed(journal, self._settings)
        return units.are_open(*place)

    def _observed_event(self, draft: Draft) -> ChangeEvent:
        """Return the event with observed title and severity instead of the sender's."""
        stacks = Stacks(subject=draft.own_title or None, message=draft.own_message or None)
        phase = Phase.PLANNED if self._facts["stacks"]["plans"] else Phase.APPLIED
        return replace(draft.event, explicit=False, phase=phase, stacks=stacks)
