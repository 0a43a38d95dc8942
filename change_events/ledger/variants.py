"""Events recorded by several teams: one variant if the records agree, otherwise one per distinct record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.journal.records import from_micros
from change_events.model import ChangeEvent, Kind, Outcome, Phase, Severity, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNREADABLE = "unreadable"
"""Name of the signal of an event whose body is no event."""
DIGESTS = """
    SELECT b.id::text, b.team, md5(b.body) FROM tfevent.bodies b
    WHERE b.team = ANY (%(teams)s) AND b.id = ANY (%(ids)s::uuid[]) AND EXISTS (
        SELECT 1 FROM tfevent.events o WHERE o.team = ANY (%(teams)s) AND o.id = b.id AND o.team <> b.team
    )
"""
"""Of events that several teams have: what distinguishes their bodies."""


class Variant(NamedTuple):
    """An event as recorded by one or several teams.

    Attributes:
        row: its columns.
        teams: teams with this record.
        others: teams with another record.
    """

    row: tuple[Any, ...]
    teams: tuple[str, ...]
    others: tuple[str, ...]


def variants(found: Sequence[tuple[Any, ...]], digests: Mapping[tuple[str, str], str]) -> list[Variant]:
    """Merge rows (with the team as last column) with equal bodies, keeping their order.

    Args:
        found: the rows.
        digests: digests of events of several teams, by id and team.
    """
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for row in found:
        rows.setdefault((row[0], digests.get((row[0], row[-1]), "")), row)
    teams: dict[tuple[str, str], set[str]] = {key: {row[-1]} for key, row in rows.items()}
    of_event: dict[str, set[str]] = {}
    for (event_id, team), digest in digests.items():
        teams.get((event_id, digest), set()).add(team)
        of_event.setdefault(event_id, set()).add(team)
    return [
        Variant(row[:-1], tuple(sorted(teams[key])), tuple(sorted(of_event.get(key[0], set()) - teams[key])))
        for key, row in rows.items()
    ]


def readable(body: bytes, variant: Variant) -> bytes:
    """Return the body; if it is not an event, a substitute with the columns and a note.

    Args:
        body: the recorded body, which may be any JSON object, since writers can call the database function directly.
        variant: variant of the event.
    """
    try:
        msgspec.json.decode(body, type=ChangeEvent)
    except (msgspec.DecodeError, UnicodeDecodeError):
        reason = f"team {', '.join(variant.teams)} recorded an event that this tfevent cannot read"
        return msgspec.json.encode(_stand_in(variant.row, reason))
    return body


def _stand_in(row: tuple[Any, ...], reason: str) -> ChangeEvent:
    event_id, _, started_at, ended_at, kind, phase, outcome, severity, environment, service, _, title, *_ = row
    return ChangeEvent(
        id=event_id,
        kind=Kind(kind),
        phase=Phase(phase),
        started_at=from_micros(started_at),
        ended_at=None if ended_at is None else from_micros(ended_at),
        outcome=outcome and Outcome(outcome),
        severity=Severity(severity),
        environment=environment,
        service=service,
        title=title,
        message=reason,
        signals=(Signal(name=UNREADABLE, reason=reason),),
    )
