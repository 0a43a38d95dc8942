"""What is known of a run while it goes on, kept in its folder for whoever has to close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.files.rundir import RunDirectory
    from change_events.model import SealedEvent

CHECKPOINT = "checkpoint"


def write_checkpoint(run: RunDirectory, sealed: SealedEvent) -> None:
    """Keep what is known by now beside the run's facts, atomically. Raises OSError."""
    run.write(CHECKPOINT, sealed.body)
