"""Units that begin or end after the command above them: they belong to the whole, and the next commands add them.

That can be where the command was killed while it started units, or started them in the background. The folder of its
run then stays for a while after the whole was settled, and the units are collected again.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from change_events.model import ChangeEvent

LEFT = "left_units"  # among the facts of a run of many stacks: units of it went on when the command had ended
AWAITED = 600.0  # seconds after the last end that is known: a process that is to be a unit takes less to become one
_SIGNALLED = 128  # plus its number: how shells say that a signal ended a command
_ADDED = "units that start or end later are added by the next tfevent command"


def doubt(event: ChangeEvent, facts: Mapping[str, Any]) -> str | None:
    """Why units may begin or end later, as a clause; None where the command has waited for all of them.

    Args:
        event: of the whole, with its command's exit code where that is known.
        facts: of the run.
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
    """Whether the folder of the run is still needed. A clock that was set back must not keep it for ever."""
    if doubt(event, facts) is None or event.ended_at is None:
        return False
    return abs((now - event.ended_at).total_seconds()) < AWAITED


def differ(one: ChangeEvent, other: ChangeEvent) -> bool:
    """Whether two events of a whole have other units, or other states of them."""
    return _units(one) != _units(other)


def _units(event: ChangeEvent) -> object:
    stacks = event.stacks
    return stacks and (stacks.counts, [(unit.event, unit.state, unit.runs) for unit in stacks.units])
