"""Small sealed events for tests of what is stored and sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from change_events.model import ChangeEvent, Kind, Outcome, Phase, SealedEvent
from change_events.redact import unseal

EPOCH = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def event_id(number: int) -> str:
    """A valid UUIDv7 that sorts by its number."""
    text = f"{0x019A00000000 + number:012x}7{number % 0xFFF:03x}8{number:015x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def sealed(number: int = 1, **fields) -> SealedEvent:
    started = EPOCH + timedelta(seconds=number)
    event = ChangeEvent(
        **{
            "id": event_id(number),
            "kind": Kind.INFRASTRUCTURE,
            "phase": Phase.APPLIED,
            "outcome": Outcome.SUCCEEDED,
            "started_at": started,
            "ended_at": started + timedelta(seconds=77),
            "title": f"prod/network: {number} updated",
            **fields,
        }
    )
    return unseal(msgspec.json.encode(event))
