"""Runs of units that changed nothing: they leave no event, and the run of many stacks counts them all the same.

Each adds a line to ``units`` in the folder of the run of many stacks, as long as that is there.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from change_events.files import rundir
from change_events.model import Outcome, Phase
from change_events.paths import state_dir

if TYPE_CHECKING:
    from change_events.files.rundir import RunDirectory
    from change_events.model import ChangeEvent

FILE = "units"
_LARGEST = 4 * 1024 * 1024  # bytes: a line takes some 100


class Unchanged(msgspec.Struct, frozen=True):
    """One run that left no event: texts are redacted."""

    directory: str
    workspace: str = ""
    phase: Phase = Phase.APPLIED
    outcome: Outcome = Outcome.NO_CHANGE


def add(event: ChangeEvent) -> None:
    """Count the run of a unit that is not recorded; of others, nothing is done. Never raises OSError.

    Args:
        event: redacted.
    """
    if event.trace is None or not event.trace.unit or event.explicit or event.tool is None:
        return
    folder = rundir.find(state_dir(), event.trace.parent_run_id or "")
    if folder is None:
        return
    tool = event.tool
    line = Unchanged(tool.directory or "", tool.workspace or "", event.phase, event.outcome or Outcome.NO_CHANGE)
    try:
        with suppress(OSError):
            folder.append(FILE, msgspec.json.encode(line) + b"\n", _LARGEST)
    finally:
        folder.release()


def read(folder: RunDirectory | None) -> list[Unchanged]:
    """What was counted; a line that was cut off is left out."""
    found = []
    with suppress(OSError):
        for line in folder.read(FILE).splitlines() if folder else ():
            with suppress(msgspec.DecodeError):
                found.append(msgspec.json.decode(line, type=Unchanged))
    return found
