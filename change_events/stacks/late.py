"""Units that start or end after the command of their run: later commands add them to its event.

This happens if the command was killed while it started units, or started them in the background. The folder of the
run is then kept for a while after the run was settled, and the units are collected again.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from change_events.model import ChangeEvent

LEFT = "left_units"  # fact of a run of many stacks: units were still running when the command ended
AWAITED = 600.0  # seconds after the last known end; a process needs less to become a unit
_SIGNALLED = 128  # plus the signal's number: exit code in shells of a command ended by a signal
_ADDED = "units that start or end later are added by the next tfevent command"


def doubt(event: ChangeEvent, facts: Mapping[str, Any]) -> str | None:
    """Return why units may start or end later, as a clause; None if the command waited for all of them.

    Args:
        event: the event of the whole run, with the exit code of its command if known.
        facts: facts of the run.
    """
    code = event.tool.exit_code if event.tool else None
    if facts.get(LEFT):
        return f"the command ended before its units; {_ADDED}"
    if code is None:
        return f"how the command ended is not known; {_ADDED}"
    if code < 0 or code - _SIGNALLED in signal.valid_signals():
        return f"a signal ended the command; {_ADDED}"
    return None


def may_come(event: ChangeEvent, facts: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the folder of the run is still needed, but not forever if the clock was set back."""
    if doubt(event, facts) is None or event.ended_at is None:
        return False
    return abs((now - event.ended_at).total_seconds()) < AWAITED


def differ(one: ChangeEvent, other: ChangeEvent) -> bool:
    """Return whether two events of one run differ in their units or the states of these."""
    return _units(one) != _units(other)


def _units(event: ChangeEvent) -> object:
    stacks = event.stacks
    return stacks and (stacks.counts, [(unit.event, unit.state, unit.runs) for unit in stacks.units])
