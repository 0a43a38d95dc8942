"""Errors of SQLite and the file system, as sentences a user can act on.

* JournalError
  x JournalCorrupt     the file is damaged: `Journal.open(path, repair=True)` moves it aside
  x JournalLocked      another process keeps it locked: what was to be written can be spooled
  x JournalTooSlow     a query was interrupted
  x AmbiguousId        an ID prefix matches several events
"""

from __future__ import annotations

import sqlite3

from change_events.errors import JournalError
from change_events.journal import files

_ELSEWHERE = "or set TFEVENT_JOURNAL to a file elsewhere"


class JournalCorrupt(JournalError):  # noqa: N818  # what is wrong, as a sentence says it
    """The journal's file is damaged, or is not an SQLite file."""


class JournalLocked(JournalError):  # noqa: N818  # as above
    """Another process keeps the journal locked."""


class JournalTooSlow(JournalError):  # noqa: N818  # as above
    """A query exceeded its time limit."""


class AmbiguousId(JournalError):  # noqa: N818  # what is wrong, as a sentence says it
    """A prefix matches more than one event; the text lists the first of them."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of ``error``; 0 if the error is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return int(code) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether the same statement may succeed a moment later.

    This includes SQLITE_PROTOCOL: a lost race for the shared-memory lock while many processes open the file.
    """
    return primary_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


def is_corrupt(error: sqlite3.Error) -> bool:
    """Return whether the file itself is damaged."""
    return primary_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def not_a_journal(path: str) -> JournalCorrupt:
    """Return the error for a file that tfevent did not create."""
    return JournalCorrupt(f"journal {path}: this file is not a journal and stays unchanged; use another path")


def explain(error: sqlite3.Error | OSError, path: str) -> JournalError:
    """Return the error to raise for ``error``, with ``path`` and the remedy."""
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return JournalError(f"journal {path}: {reason}; make its folder writable, {_ELSEWHERE}")
    if is_corrupt(error) and not files.is_journal(path):
        return not_a_journal(path)
    if is_corrupt(error):
        return JournalCorrupt(
            f"journal {path}: the file is damaged ({error}); the next run moves it aside and begins a new one"
        )
    kind = JournalTooSlow if primary_code(error) == sqlite3.SQLITE_INTERRUPT else JournalError
    if is_busy(error):
        kind = JournalLocked
    return kind(f"journal {path}: {_advice(error)}")


def _advice(error: sqlite3.Error) -> str:
    code = primary_code(error)
    if is_busy(error):
        return "another process keeps it locked; look for a hung tfevent, and try again"
    if code == sqlite3.SQLITE_INTERRUPT:
        return "the answer took too long and was broken off; ask for less, e.g. since a later time"
    if code == sqlite3.SQLITE_FULL:
        return f"the disk is full; free some space, {_ELSEWHERE}"
    if code == sqlite3.SQLITE_IOERR:
        return f"the disk does not take it ({error}); check space and quota, {_ELSEWHERE}"
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return f"it cannot be written ({error}); make the file and its folder writable, {_ELSEWHERE}"
    return f"{error}; move the file aside, {_ELSEWHERE}"
