"""Renders drift checks: one line per directory, progress on a terminal, details, and JSON."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from change_events.cli.render import changes
from change_events.cli.render.terminal import clean, paint, width
from change_events.drift.event import figures
from change_events.drift.results import Status
from change_events.model import Action
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.drift.memory import Step
    from change_events.drift.results import DirectoryCheck, Drifted, Pending

_COLOURS = {Status.CLEAN: "green", Status.DRIFT: "red", Status.UNKNOWN: "yellow"}
_NAMED = 3
_CLEAR = "\r\x1b[K"


def line(check: DirectoryCheck) -> str:
    """Return ``prod/network  drift    2 resources: aws_instance.web (instance_type), …; ignored: 1``."""
    workspace = f" ({clean(check.workspace)})" if check.workspace != "default" else ""
    status = paint(f"{check.status.value:<7}", _COLOURS[check.status])
    words = "; ".join(_words(check))
    return f"{status}  {clean(check.directory)}{workspace}{f': {words}' if words else ''}"


def _words(check: DirectoryCheck) -> Iterator[str]:
    if check.reason is not None:
        yield clean(check.reason.text)
    if check.drifted:
        number = len(check.drifted)
        named = ", ".join(_resource(one) for one in check.drifted[:_NAMED])
        more = f" and {number - _NAMED} more" if number > _NAMED else ""
        yield f"{number_of(number, 'resource')} drifted: {named}{more}"
    if check.ignored:
        yield f"ignored: {len(check.ignored)}"
    if check.pending is not None:
        yield from _pending(check.pending)


def _resource(one: Drifted) -> str:
    drift = one.drift
    what = "deleted" if drift.action is Action.DESTROY else ", ".join(_paths(one))
    return f"{clean(drift.address)} ({what})"


def _paths(one: Drifted) -> list[str]:
    paths = [clean(attribute.path) for attribute in one.drift.attributes]
    left = len(paths) - _NAMED + one.drift.attributes_omitted
    return paths[:_NAMED] + ([f"{left} more"] if left > 0 else [])


def _pending(pending: Pending) -> Iterator[str]:
    if pending.unknown is not None:
        yield f"pending: unknown ({clean(pending.unknown)})"
    elif pending.total:
        yield "pending: " + ", ".join(f"{number} {word}" for word, number in pending.counts.items())


def details(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the drift by attribute."""
    for step in steps:
        if step.check.drifted:
            yield ""
            yield changes.heading(clean(step.check.directory))
            yield from changes.drift_lines([one.drift for one in step.check.drifted], None)
    if any(step.check.drifted for step in steps):
        yield ""


def summary(steps: Sequence[Step]) -> str:
    """Return ``40 directories: 3 drift, 36 clean, 1 unknown; 2 resources new``."""
    found = figures(steps)
    statuses = Counter(step.check.status for step in steps)
    words = [f"{statuses[status]} {status.value}" for status in Status if statuses[status]]
    news = [f"{found[name]} {name}" for name in ("appeared", "changed", "gone") if found[name]]
    ignored = [f"ignored: {found['ignored']}"] if found["ignored"] else []
    since = [f"since the last check: {', '.join(news)}"] if news else []
    return f"{len(steps)} directories: {'; '.join([', '.join(words), *since, *ignored])}"


def document(steps: Sequence[Step], event_id: str | None) -> dict[str, Any]:
    """Return the whole check as plain values."""
    return {"event": event_id, "summary": figures(steps), "directories": [_directory(step) for step in steps]}


def _directory(step: Step) -> dict[str, Any]:
    check = step.check
    pending = check.pending
    status = {one.drift.address: one.drift.status for one in step.transitions}
    origins = {one.drift.address: one.drift.origins for one in step.transitions}
    return {
        "directory": check.directory,
        "workspace": check.workspace,
        "status": check.status.value,
        "reason": check.reason._asdict() if check.reason else None,
        "drift": [
            {
                "address": one.drift.address,
                "type": one.drift.type,
                "action": one.drift.action.value,
                "since_last_check": status.get(one.drift.address) or "unchanged",
                "attributes": one.drift.attributes,
                "attributes_omitted": one.drift.attributes_omitted,
                "origins": origins.get(one.drift.address, ()),
            }
            for one in check.drifted
        ],
        "gone": [one.drift.address for one in step.transitions if one.drift.status == "gone"],
        "ignored": check.ignored,
        "read_back_differently": check.noise,
        "pending": {"counts": pending.counts, "unknown": pending.unknown} if pending else None,
        "terraform": check.version,
        "seconds": round(check.seconds, 2),
    }


class Progress:
    """A line of progress on standard error, if that is a terminal."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self._total = total
        self._shown = shown
        self._done = 0
        self._drifted = 0

    def done(self, check: DirectoryCheck) -> None:
        """Count one more directory."""
        self._done += 1
        self._drifted += check.status is Status.DRIFT

    def draw(self) -> None:
        """Draw the line again."""
        if self._shown:
            text = f"checking: {self._done} of {self._total} directories, {self._drifted} with drift"
            sys.stderr.write(_CLEAR + text[: width() - 1])
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
