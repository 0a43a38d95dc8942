"""What the commands share: settings, journal and redactor, each made when first asked for."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from change_events.cli.render.terminal import note
from change_events.paths import working_directory

if TYPE_CHECKING:
    from types import TracebackType

    from change_events.cli.tool_adapter import ToolAdapter
    from change_events.history.source import Source
    from change_events.journal import Journal
    from change_events.redact import Redactor
    from change_events.settings import Settings

_INDEX_SECONDS = 5.0  # to take in what a version without an index of things recorded


class Session:
    """One invocation of ``tfevent events``; a context manager that closes what was opened.

    Attributes:
        tools: what knows Terraform's files and processes.
        lists: the command reads the journal at length, so that it may make the indexes which that needs.
        ledger: the URL of a ledger that is asked instead of the journal; ``team`` is whose events in it are.
        mistakes_reported: the command itself names the mistakes in the settings, so that no note is needed.
    """

    def __init__(self, tools: ToolAdapter) -> None:
        self.tools = tools
        self.mistakes_reported = False
        self.lists = False
        self.ledger: str | None = None
        self.team: str | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def cwd(self) -> Path:
        """The folder that settings are looked for from; the root where the working directory has been removed."""
        return Path(working_directory())

    @cached_property
    def settings_and_mistakes(self) -> tuple[Settings, tuple[str, ...]]:
        """The usable part of the settings, and a sentence for each mistake in the rest."""
        from change_events.settings import load_leniently

        return load_leniently(self.cwd, os.environ)

    @cached_property
    def settings(self) -> Settings:
        """The usable part of the settings; mistakes are reported once, on standard error."""
        settings, mistakes = self.settings_and_mistakes
        if mistakes and not self.mistakes_reported:
            more = len(mistakes) - 1
            note(mistakes[0])
            if more:
                note(f"{more} more mistake{'s' if more > 1 else ''} in the settings: `tfevent events doctor` lists all")
        return settings

    @cached_property
    def journal(self) -> Journal:
        """The journal, with the records of killed runs closed; raises JournalError."""
        from change_events.journal import Journal
        from change_events.journal.store import LOCK_WAIT
        from change_events.process.pressure import stretch

        journal = Journal.open(
            self.settings.journal, caps=self.settings.caps, patience=LOCK_WAIT * stretch(), index=self.lists
        )
        self._open.callback(journal.close)
        self.tools.settle_leftovers(journal, self.settings)
        self._route_late(journal)
        return journal

    @cached_property
    def source(self) -> Source:
        """What questions about events are asked: the ledger that was chosen, or the journal; raises JournalError."""
        if self.ledger is None:
            return self.journal
        from change_events.query.ledgers import open_ledger

        ledger = open_ledger(self.ledger, self.team)
        self._open.callback(ledger.close)
        return ledger

    def indexed_source(self) -> Source:
        """The same for questions about things: says so where older events are not indexed, or cannot be."""
        from change_events.errors import JournalError

        if self.ledger is not None:
            return self.source
        journal = self.journal
        try:
            complete = journal.index_older(_INDEX_SECONDS)
        except JournalError as error:  # what is indexed is worth an answer
            note(f"older events are not indexed: {error}")
        else:
            if not complete:
                note("older events are not indexed yet: later commands and `tfevent events flush` continue")
        return journal

    def _route_late(self, journal: Journal) -> None:
        from change_events.errors import JournalError

        with suppress(JournalError):  # a journal that can only be read is still worth reading
            if journal.unrouted():
                from change_events.recording.unrouted import route_late

                route_late(journal, self.settings)

    @cached_property
    def redactor(self) -> Redactor:
        """The redactor of every command: what an event hides, nothing that is printed shows."""
        from change_events.settings.redaction import redactor_of

        return redactor_of(self.settings, os.environ)
