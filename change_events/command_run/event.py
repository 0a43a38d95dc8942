"""The event of one command: started from its input, settled from its end."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from change_events import __version__
from change_events.explicit import command_outcome
from change_events.explicit.event import Surroundings, draft
from change_events.explicit.explicit_input import read
from change_events.model import Tool
from change_events.output import say
from change_events.paths import working_directory
from change_events.recording import RecoverableRun, report_line
from change_events.recording.explicit import settings_for
from change_events.recording.recoverable import PATIENCE
from change_events.settings import load_leniently
from change_events.settings.redaction import redactor_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.command_run.command import ObservedCommand
    from change_events.explicit.event import Draft
    from change_events.explicit.explicit_input import ExplicitInput
    from change_events.model import ChangeEvent


class CommandEvent:
    """The event of one command; invalid options are reported and left out.

    Attributes:
        budget: maximum seconds of delivery.
        patience: seconds to wait for a journal locked by another process.
    """

    patience = PATIENCE

    def __init__(self, observed: ObservedCommand) -> None:
        self._observed = observed
        self._argv = observed.argv
        self._facts = facts = observed.facts
        self._cwd = Path(working_directory())
        self._settings, self._mistakes = load_leniently(self._cwd, os.environ)
        self.budget = self._settings.budget
        self._started = datetime.fromtimestamp(float(facts["started_at"]), UTC)
        self._redactor = redactor_of(self._settings, os.environ)
        self._given = self._read(observed.options)
        self._folder = observed.folder
        chosen = settings_for({"destinations": self._given.destinations}, self._settings, say)
        self._run = RecoverableRun(
            str(facts["owner"]), chosen, self._redactor, say, folder=observed.folder, patience=self.patience
        )
        self._draft: Draft | None = None

    def begin(self) -> None:
        """Record the start of the command, and report invalid options."""
        self._draft = self._drafted()
        for text in self._mistakes:
            say(text)
        if self._folder and self._given.destinations:
            self._folder.facts["destinations"] = list(self._given.destinations)
        self._run.start(self._first(self._draft))

    def settle(self, end: Mapping[str, Any]) -> None:
        """Record its end, and deliver the event."""
        if self._draft is None:
            return
        if self._given.commit:  # the command may have checked out what it names, or moved it
            self._draft = self._drafted()
        if self._draft.note:
            say(self._draft.note)
        event = self._last(self._draft, end)
        if event is None:
            self._run.release()
            return
        settled = self._run.settle(event, keep=self._is_kept(event))
        if settled.reportable and (settled.lost or settled.problems or not self._settings.quiet):
            say(report_line(settled))

    def _first(self, draft: Draft) -> ChangeEvent:
        """Return the started event."""
        return draft.worded(self._settings.message_bytes)

    def _last(self, draft: Draft, end: Mapping[str, Any]) -> ChangeEvent | None:
        """Return the ended event; None if it is left to the next command."""
        return command_outcome.worded(draft, end, self._settings.message_bytes)

    def _is_kept(self, event: ChangeEvent) -> bool:  # noqa: ARG002 - that of many stacks asks it
        """Return whether the folder of its run is needed after the event is settled."""
        return False

    def _drafted(self) -> Draft:
        around = Surroundings(self._cwd, os.environ, self._settings, self._redactor)
        own = {"event_id": str(self._facts["id"]), "trace": self._facts["trace"]}
        return draft(self._given, around, **own, tool=self._tool(), begun=self._started)

    def _read(self, options: Mapping[str, Any]) -> ExplicitInput:
        given, wrong = read(options, known_destinations=self._settings.names, now=self._started, stdin=False)
        self._mistakes = (*self._mistakes, *wrong)
        return given

    def _tool(self) -> Tool:
        return Tool(
            name=self._redactor.text(os.path.basename(self._argv[0])),
            tfevent=__version__,
            command=self._redactor.command_line(self._argv),
            directory=self._redactor.text(str(self._cwd)),
        )
