"""The last drift check of each directory, and the day on which an expired ignore rule was last reported.

Plain functions inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

MOST = 10_000
"""Directories that are remembered; those checked longest ago are forgotten first."""
_DAY = 86_400.0


class KnownDrift(msgspec.Struct, frozen=True, omit_defaults=True):
    """A drifted resource of the last check, redacted.

    Attributes:
        address: address of the resource.
        action: ``update`` or ``destroy``.
        fingerprints: of each drifted attribute by path; a deleted resource has one, without a path.
        since: when it was first found, seconds since 1970.
        type: resource type.
    """

    address: str
    action: str
    fingerprints: dict[str, str]
    since: float
    type: str | None = None


class LastCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The last check of a directory; times in seconds since 1970.

    Attributes:
        directory: absolute, redacted.
        workspace: redacted.
        checked_at: the last check, with or without a result.
        known_at: the last one with a result; None if there was none.
        clean_at: the last one without drift; None if there was none.
        revision: number of changes of the known drift.
        terms: digest of the ignore rules at that time.
        reason: why the last check has no result; None if it has one.
        drift: of the last check with a result.
    """

    directory: str
    workspace: str
    checked_at: float
    known_at: float | None = None
    clean_at: float | None = None
    revision: int = 0
    terms: str = ""
    reason: str | None = None
    drift: tuple[KnownDrift, ...] = ()


_DECODER = msgspec.json.Decoder(tuple[KnownDrift, ...])


def keep(connection: sqlite3.Connection, checks: Iterable[LastCheck], days: int) -> None:
    """Replace the rows of these directories, unless they have newer ones; rows not checked for ``days`` are removed."""
    for one in checks:
        row = (
            one.directory,
            one.workspace,
            one.checked_at,
            one.known_at,
            one.clean_at,
            one.revision,
            one.terms,
            one.reason,
        )
        connection.execute(
            "INSERT INTO drift_checks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (directory, workspace) DO UPDATE SET "
            "checked_at = excluded.checked_at, known_at = excluded.known_at, clean_at = excluded.clean_at, "
            "revision = excluded.revision, terms = excluded.terms, reason = excluded.reason, drift = excluded.drift "
            "WHERE excluded.checked_at >= checked_at",
            (*row, msgspec.json.encode(one.drift)),
        )
    newest = "(SELECT max(checked_at) FROM drift_checks)"
    connection.execute(f"DELETE FROM drift_checks WHERE checked_at < {newest} - ?", (days * _DAY,))  # noqa: S608 - no value in it
    connection.execute(
        "DELETE FROM drift_checks WHERE checked_at < "
        "(SELECT checked_at FROM drift_checks ORDER BY checked_at DESC LIMIT 1 OFFSET ?)",
        (MOST - 1,),
    )


def forget(connection: sqlite3.Connection, places: Iterable[tuple[str, str | None]]) -> None:
    """Remove the rows of these directories, each of one workspace, or of all if it is None."""
    for directory, workspace in places:
        connection.execute(
            "DELETE FROM drift_checks WHERE directory = ?1 AND (?2 IS NULL OR workspace = ?2)", (directory, workspace)
        )


def read(connection: sqlite3.Connection) -> list[LastCheck]:
    """Return all of them, by directory."""
    rows = connection.execute(
        "SELECT directory, workspace, checked_at, known_at, clean_at, revision, terms, reason, drift "
        "FROM drift_checks ORDER BY directory, workspace"
    )
    return [
        LastCheck(
            directory=row[0],
            workspace=row[1],
            checked_at=row[2],
            known_at=row[3],
            clean_at=row[4],
            revision=row[5],
            terms=row[6],
            reason=row[7],
            drift=_DECODER.decode(row[8]),
        )
        for row in rows
    ]


def note(connection: sqlite3.Connection, sentences: Sequence[str], day: str) -> list[str]:
    """Return those of the sentences not noted on this day yet, and note them."""
    fresh = []
    for sentence in sentences:
        row = connection.execute("SELECT day FROM drift_notices WHERE notice = ?", (sentence,)).fetchone()
        if row is None or row[0] != day:
            fresh.append(sentence)
            connection.execute("INSERT OR REPLACE INTO drift_notices VALUES (?, ?)", (sentence, day))
    connection.execute("DELETE FROM drift_notices WHERE day <> ?", (day,))
    return fresh
