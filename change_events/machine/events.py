"""Events of a machine and its services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from change_events.explicit import titles
from change_events.machine import titles as machine_titles
from change_events.machine.boot_analysis import End, as_data
from change_events.model import Failure, Outcome, Severity

if TYPE_CHECKING:
    from change_events.explicit.event import Draft
    from change_events.machine.boot_analysis import BootAnalysis
    from change_events.machine.service import Result
    from change_events.machine.snapshot import MachineSnapshot
    from change_events.machine.state_file import Memory
    from change_events.model import ChangeEvent

_JUST_BOOTED = timedelta(minutes=10)  # later, what ends now is not the boot


def booted(made: Draft, here: MachineSnapshot, verdict: BootAnalysis, before: Memory | None, limit: int) -> ChangeEvent:
    """Return the event of a boot. Its ``dedup_key`` identifies the boot, so that it is recorded once.

    Args:
        made: the input.
        here: this boot.
        verdict: the analysis of the previous boot.
        before: the stored state of the previous boot.
        limit: maximum size of the message in bytes.
    """
    now = datetime.now(UTC)
    event = msgspec.structs.replace(
        made.event,
        outcome=Outcome.SUCCEEDED,
        started_at=here.booted_at,
        ended_at=now if here.booted_at < now < here.booted_at + _JUST_BOOTED else here.booted_at,
        signals=tuple(machine_titles.boot_signals(here, verdict)),
        data={**made.event.data, "boot": as_data(here, verdict, before)},
        dedup_key=f"boot of {here.host} {here.boot}",
    )
    severity = Severity.WARNING if verdict.end is End.UNCLEAN else None
    draft = msgspec.structs.replace(made, event=event, own_severity=made.own_severity or severity)
    return draft.worded(limit, title=made.own_title or machine_titles.boot_title(here, verdict))


def going_down(made: Draft, host: str, goal: str, limit: int) -> ChangeEvent:
    """Return the event of a shutdown; ``goal`` is that of :func:`change_events.machine.systemd.goal`."""
    data = {**made.event.data, **({"goes_down_for": goal} if goal in machine_titles.GOALS else {})}
    event = msgspec.structs.replace(made.event, outcome=Outcome.SUCCEEDED, data=data)
    draft = msgspec.structs.replace(made, event=event)
    return draft.worded(limit, title=made.own_title or machine_titles.stop_title(host, goal))


def started(made: Draft, limit: int) -> ChangeEvent:
    """Return the event of a started service."""
    event = msgspec.structs.replace(made.event, outcome=Outcome.SUCCEEDED)
    return msgspec.structs.replace(made, event=event).worded(limit)


def stopped(made: Draft, result: Result, limit: int) -> ChangeEvent:
    """Return the event of a service that stopped, failed, or did not start."""
    failures = (Failure(summary=result.detail),) if result.outcome is Outcome.FAILED else ()
    event = msgspec.structs.replace(
        made.event, outcome=result.outcome, failures=failures, data={**made.event.data, **result.data}
    )
    title = titles.ended(made.own_title, result.outcome, result.detail) if made.own_title else stop_title(event, result)
    return msgspec.structs.replace(made, event=event).worded(limit, title=title)


def stop_title(event: ChangeEvent, result: Result) -> str:
    """Return a title such as ``shop 1.4.2 stopped on web1`` or ``shop failed on web1, exit code 3``."""
    if result.outcome is Outcome.SUCCEEDED:
        return titles.done(event)
    verb = "failed" if result.outcome is Outcome.FAILED else "was not started"
    name = " ".join(part for part in (event.service, event.version) if part)
    host = f" on {event.actor.host}" if event.actor and event.actor.host else ""
    return f"{name} {verb}{host}" + (f", {result.detail}" if result.detail else "")
