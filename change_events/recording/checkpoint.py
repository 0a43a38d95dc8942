"""The checkpoint of a run in its folder, for recovery."""

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
    """Write the current event to the run's folder, atomically. Raises OSError."""
    run.write(CHECKPOINT, sealed.body)


def read_checkpoint(run: RunDirectory) -> ChangeEvent | None:
    """Return the checkpoint; None if there is none or it cannot be read."""
    with suppress(OSError, msgspec.DecodeError):
        return unseal(run.read(CHECKPOINT)).event
    return None


def is_ended(event: ChangeEvent) -> bool:
    """Return whether the event is complete: its run has ended."""
    return event.outcome is not None and event.ended_at is not None
