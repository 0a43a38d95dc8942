"""What is known of a run while it goes on, kept in its folder for whoever has to close it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from change_events.redact import unseal

if TYPE_CHECKING:
    from change_events.files.rundir import RunDirectory
    from change_events.model import ChangeEvent, SealedEvent

CHECKPOINT = "checkpoint"


def write_checkpoint(run: RunDirectory, sealed: SealedEvent) -> None:
    """Keep what is known by now beside the run's facts, atomically. Raises OSError."""
    run.write(CHECKPOINT, sealed.body)


def read_checkpoint(run: RunDirectory) -> ChangeEvent | None:
    """What was kept; None where nothing was, or it cannot be read."""
    with suppress(OSError, msgspec.DecodeError):
        return unseal(run.read(CHECKPOINT)).event
    return None


def is_ended(event: ChangeEvent) -> bool:
    """Whether the event is the whole of a run that has ended."""
    return event.outcome is not None and event.ended_at is not None
