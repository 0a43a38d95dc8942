"""Runs of units without changes: they have no event, but the run of many stacks counts them.

Each appends a line to ``units`` in the folder of the run of many stacks while that exists.
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
_LARGEST = 4 * 1024 * 1024  # bytes; a line takes about 100


class Unchanged(msgspec.Struct, frozen=True):
    """One run without an event; its texts are redacted."""

    directory: str
    workspace: str = ""
    phase: Phase = Phase.APPLIED
    outcome: Outcome = Outcome.NO_CHANGE


def add(event: ChangeEvent) -> None:
    """Count the run of a unit that is not recorded; ignore other runs. Never raises OSError.

    Args:
        event: the event, redacted.
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
    """Return the counted runs, without an incomplete line."""
    found = []
    with suppress(OSError):
        for line in folder.read(FILE).splitlines() if folder else ():
            with suppress(msgspec.DecodeError):
                found.append(msgspec.json.decode(line, type=Unchanged))
    return found
