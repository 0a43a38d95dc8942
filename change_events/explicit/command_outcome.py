"""The outcome of a command, and the end of its event."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.context.stamp import trace_of
from change_events.explicit import titles
from change_events.model import ChangeEvent, Failure, Kind, Outcome, Phase, Severity, Stacks, Tool
from change_events.text.markdown import TITLE_LENGTH, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.explicit.event import Draft
    from change_events.redact import Redactor

_STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT}
"""Whoever sends one of these wants an end, whatever exit code the command answers with."""
_KILLING = {*_STOPPING, signal.SIGHUP}
_SIGNALLED = 128  # plus its number: how shells and many programs say that a signal ended them


def finished(event: ChangeEvent, end: Mapping[str, Any]) -> tuple[ChangeEvent, str]:
    """Return the event of a command that has ended, and a clause on its failure (empty for a success).

    Args:
        event: the started event.
        end: ``code`` (negative: killed by that signal), ``ended_at`` (seconds since 1970), ``signal`` received
            meanwhile (None for none), ``error`` if it could not be started (None otherwise).
    """
    code = int(end["code"])
    outcome, detail = _judged(code, end.get("signal"), end.get("error"))
    ended = datetime.fromtimestamp(float(end["ended_at"]), UTC)
    settled = msgspec.structs.replace(
        event,
        outcome=outcome,
        ended_at=max(event.started_at, ended),
        tool=msgspec.structs.replace(event.tool, exit_code=code) if event.tool else None,
        failures=(Failure(summary=detail),) if outcome is Outcome.FAILED else (),
    )
    return settled, detail


def worded(made: Draft, end: Mapping[str, Any], limit: int) -> ChangeEvent:
    """Return the complete event of a command that has ended, its message within ``limit`` bytes."""
    settled, detail = finished(made.event, end)
    title = titles.ended(made.own_title, settled.outcome, detail) if made.own_title else ""
    return msgspec.structs.replace(made, event=settled).worded(limit, detail=detail, title=title)


def _judged(code: int, received: int | None, error: str | None) -> tuple[Outcome, str]:
    if error:
        return Outcome.FAILED, error
    if code == 0:
        return Outcome.SUCCEEDED, ""
    killer = _killer(code, received)
    if killer in _KILLING:
        return Outcome.CANCELLED, _name(killer)
    return Outcome.FAILED, f"killed by {_name(-code)}" if code < 0 else f"exit code {code}"


def _killer(code: int, received: int | None) -> int | None:
    """Return the signal that ended the command, but not a hangup that it survived (daemons reload on it)."""
    if code < 0:
        return -code
    if received == signal.SIGHUP:
        return received if code == _SIGNALLED + received else None
    return received


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def concluded(event: ChangeEvent, end: Mapping[str, Any]) -> ChangeEvent:
    """Return the event of a command whose observer was killed after its end, from the stored end.

    Title and message are those of the start, with the end in the title.
    """
    settled, detail = finished(event, end)
    given = event.title != one_line(titles.begun(event), TITLE_LENGTH)
    return msgspec.structs.replace(
        settled,
        title=titles.ended(event.title, settled.outcome, detail) if given else titles.default(settled, detail),
        severity=titles.severity(settled.outcome) if event.severity is Severity.INFO else event.severity,
    )


def described(facts: Mapping[str, Any], redactor: Redactor) -> ChangeEvent | None:
    """Return the event of a command whose observer was killed before recording it, from the run's facts.

    None if the facts are not those of a command.
    """
    if "kind" not in facts or "command" not in facts:
        return None
    environment, service, version = (
        facts[name] and redactor.text(facts[name]) for name in ("environment", "service", "version")
    )
    event = ChangeEvent(
        id=str(facts["id"]),
        kind=Kind(facts["kind"]),
        phase=Phase.APPLIED,
        started_at=datetime.fromtimestamp(float(facts["started_at"]), UTC),
        title="",
        environment=environment,
        service=service,
        version=version,
        tool=Tool(name=redactor.text(str(facts["command"]))),
        trace=trace_of(str(facts["id"]), facts["trace"]),
        stacks=Stacks() if "stacks" in facts else None,
        explicit="stacks" not in facts,
    )
    return msgspec.structs.replace(event, title=titles.begun(event))
