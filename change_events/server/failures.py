"""Error pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from change_events.errors import JournalError, LedgerError, TfeventError
from change_events.journal.errors import AmbiguousId, JournalTooSlow
from change_events.ledger.problems import LedgerSilent, NoTeamToRead, NotInLedger
from change_events.server.page import Page
from change_events.server.policy import QUERY_SECONDS
from change_events.server.reader import NoTeamError

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = (
    (NoTeamError, 403, "None of your groups is a team with events in this ledger"),
    (NoTeamToRead, 503, "This server may read no team's events"),
    (NotInLedger, 400, "A ledger does not know what was not delivered"),
    (AmbiguousId, 400, "This cannot be answered"),
    (LedgerError, 503, "The ledger cannot be read now"),
    (JournalError, 503, "What is recorded cannot be read"),
    (TfeventError, 400, "This cannot be answered"),
)
"""The first that fits says what is answered."""


def explain(error: Exception, report: Callable[[str], None]) -> Page:
    """Return the page for an error.

    Args:
        error: the error raised by a page.
        report: called with a line for an internal error: type and place only, since its text may quote recorded data.
    """
    if isinstance(error, JournalTooSlow) and not isinstance(error, LedgerSilent):
        return _page(
            503,
            f"This question took longer than {QUERY_SECONDS:.0f} s and was stopped",
            "Ask for a shorter time, or add a filter such as a service or an environment.",
        )
    for kind, status, title in _KINDS:
        if isinstance(error, kind):
            return _page(status, title, str(error))
    report(f"a page could not be made: {type(error).__name__}{_place(error)}; please report it")
    return _page(
        500,
        "This page could not be made",
        "This is a mistake of tfevent, and nothing is lost. The terminal in which the server runs says where.",
    )


def _page(status: int, title: str, text: str) -> Page:
    return Page("error.html", {"title": title, "text": text, "link": "/"}, status)


def _place(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "change_events" in frame.filename] or frames
    return f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
