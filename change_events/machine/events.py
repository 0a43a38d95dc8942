"""Events of a machine and its services, from what was said and what was found out."""

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
    """The event of a boot. Its ``dedup_key`` is the boot's own, so that one is recorded only once.

    Args:
        made: what was said.
        here: this boot.
        verdict: on the boot before.
        before: what was remembered of that.
        limit: bytes of the message.
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
    """The event of a machine that is shut down; ``goal`` as :func:`change_events.machine.systemd.goal` gives it."""
    data = {**made.event.data, **({"goes_down_for": goal} if goal in machine_titles.GOALS else {})}
    event = msgspec.structs.replace(made.event, outcome=Outcome.SUCCEEDED, data=data)
    draft = msgspec.structs.replace(made, event=event)
    return draft.worded(limit, title=made.own_title or machine_titles.stop_title(host, goal))


def started(made: Draft, limit: int) -> ChangeEvent:
    """The event of a service that has been started."""
    event = msgspec.structs.replace(made.event, outcome=Outcome.SUCCEEDED)
    return msgspec.structs.replace(made, event=event).worded(limit)


def stopped(made: Draft, result: Result, limit: int) -> ChangeEvent:
    """The event of a service that has ended: stopped, failed, or not started at all."""
    failures = (Failure(summary=result.detail),) if result.outcome is Outcome.FAILED else ()
    event = msgspec.structs.replace(
        made.event, outcome=result.outcome, failures=failures, data={**made.event.data, **result.data}
    )
    title = titles.ended(made.own_title, result.outcome, result.detail) if made.own_title else stop_title(event, result)
    return msgspec.structs.replace(made, event=event).worded(limit, title=title)


def stop_title(event: ChangeEvent, result: Result) -> str:
    """``shop 1.4.2 stopped on web1``, ``shop failed on web1, exit code 3``."""
    if result.outcome is Outcome.SUCCEEDED:
        return titles.done(event)
    verb = "failed" if result.outcome is Outcome.FAILED else "was not started"
    name = " ".join(part for part in (event.service, event.version) if part)
    host = f" on {event.actor.host}" if event.actor and event.actor.host else ""
    return f"{name} {verb}{host}" + (f", {result.detail}" if result.detail else "")
