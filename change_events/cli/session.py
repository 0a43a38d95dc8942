"""The context shared by the commands: settings, journal and redactor, each created on first use."""

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
        tools: the adapter for Terraform's files and processes.
        lists: the command reads much of the journal, and so may create missing indexes.
        ledger: URL of a ledger to query instead of the journal; ``team`` limits it to one team.
        mistakes_reported: the command reports mistakes in the settings itself.
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
        """The folder from which settings are looked for; the root if the working directory was removed."""
        return Path(working_directory())

    @cached_property
    def settings_and_mistakes(self) -> tuple[Settings, tuple[str, ...]]:
        """The valid part of the settings, and a sentence for each mistake in the rest."""
        from change_events.settings import load_leniently

        return load_leniently(self.cwd, os.environ)

    @cached_property
    def settings(self) -> Settings:
        """The valid part of the settings; mistakes are reported once, on standard error."""
        settings, mistakes = self.settings_and_mistakes
        if mistakes and not self.mistakes_reported:
            more = len(mistakes) - 1
            note(mistakes[0])
            if more:
                note(f"{more} more mistake{'s' if more > 1 else ''} in the settings: `tfevent events doctor` lists all")
        return settings

    @cached_property
    def journal(self) -> Journal:
        """The journal, with killed runs settled; raises JournalError."""
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
        """The source of queries: the chosen ledger, or the journal; raises JournalError."""
        if self.ledger is None:
            return self.journal
        from change_events.query.ledgers import open_ledger

        ledger = open_ledger(self.ledger, self.team)
        self._open.callback(ledger.close)
        return ledger

    def indexed_source(self) -> Source:
        """The source of queries for resources and hosts; reports if older events are not indexed."""
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
        """The redactor of all printed output, with the rules for events."""
        from change_events.settings.redaction import redactor_of

        return redactor_of(self.settings, os.environ)
