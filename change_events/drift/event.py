"""The event of a check: new, changed and resolved drift of all directories, grouped by cause and type."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from change_events import __version__
from change_events.drift.results import Status
from change_events.ids import new_id
from change_events.model import (
    Action,
    ChangeEvent,
    Counts,
    DriftStatus,
    Kind,
    Outcome,
    Phase,
    Severity,
    Summary,
    Tool,
    Truncated,
)
from change_events.summary.change_text import attribute_lines
from change_events.text.markdown import code, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.drift.memory import Step, Transition
    from change_events.drift.results import DirectoryCheck
    from change_events.model import Drift, DriftOrigin

_MOST = 500  # drifted resources in an event
_MOST_IN_GROUP = 10
_MOST_ATTRIBUTES = 6
_NAMED_PATHS = 3
_VERBS = {
    DriftStatus.APPEARED: "drifted",
    DriftStatus.CHANGED: "drifted further",
    DriftStatus.GONE: "no longer drifted",
}


def event_of(steps: Sequence[Step], started_at: datetime, key: str, *, asked_who: bool) -> ChangeEvent | None:
    """Return the event of a check, redacted like its parts; None if nothing is new.

    Args:
        steps: all directories of the check.
        started_at: start of the check.
        key: the result of :func:`change_events.drift.memory.dedup_key`.
        asked_who: the origins were looked up.
    """
    found = [one for step in steps for one in step.transitions]
    if not found:
        return None
    drift = sorted((one.drift for one in found), key=lambda one: (_order(one), one.directory or "", one.address))
    left = len(drift) - _MOST
    return ChangeEvent(
        id=new_id(),
        kind=Kind.DRIFT,
        phase=Phase.CHECKED,
        outcome=Outcome.SUCCEEDED,
        started_at=started_at,
        title=_title(steps, found),
        message="\n\n".join(_message(steps, drift, asked_who=asked_who)),
        severity=Severity.INFO if all(one.status is DriftStatus.GONE for one in drift) else Severity.WARNING,
        dedup_key=key,
        tool=_tool([step.check for step in steps]),
        summary=Summary(
            counts=Counts(drift=sum(len(step.check.drifted) for step in steps)),
            by_type=dict(Counter(one.type or "unknown" for one in drift).most_common()),
        ),
        drift=tuple(drift[:_MOST]),
        data={"drift_check": figures(steps)},
        truncated=Truncated(note=f"{left} more drifted resources are not listed") if left > 0 else None,
        explicit=True,
    )


def figures(steps: Sequence[Step]) -> dict[str, Any]:
    """Return the counts of a check, for JSON output."""
    by_status = Counter(step.check.status for step in steps)
    statuses = Counter(one.drift.status for step in steps for one in step.transitions)
    return {
        "directories": len(steps),
        "drifted": by_status[Status.DRIFT],
        "unknown": by_status[Status.UNKNOWN],
        **{status.value: statuses[status] for status in DriftStatus},
        "ignored": sum(len(step.check.ignored) for step in steps),
    }


def _order(drift: Drift) -> int:
    return list(DriftStatus).index(drift.status) if drift.status else 0


def _tool(checks: Sequence[DirectoryCheck]) -> Tool:
    versions = {check.version for check in checks if check.version}
    only = checks[0] if len(checks) == 1 else None
    return Tool(
        name=next((check.tool for check in checks if check.version), checks[0].tool),
        version=versions.pop() if len(versions) == 1 else None,
        tfevent=__version__,
        workspace=only.workspace if only else None,
        directory=only.path if only else None,
    )


def _title(steps: Sequence[Step], found: Sequence[Transition]) -> str:
    """Return a title that counts new drift, and mentions drift known before."""
    numbers = Counter(one.drift.status for one in found)
    words = [f"{_resources(number)} {_VERBS[status]}" for status in DriftStatus if (number := numbers[status])]
    here = [step for step in steps if any(one.drift.status is not DriftStatus.GONE for one in step.transitions)]
    concerned = here or [step for step in steps if step.transitions]
    more = "New drift" if here else "Less drift"
    head = more if any(step.known_before for step in steps) else "Drift"
    where = f"{len(concerned)} of {len(steps)} directories" if len(steps) > 1 else _name(concerned[0].check)
    return f"{head} in {where}: {', '.join(words)}"


def _name(check: DirectoryCheck) -> str:
    name = check.directory.rstrip("/")
    return name if name not in {"", "."} else check.path.rstrip("/").rpartition("/")[2]


def _resources(number: int) -> str:
    return number_of(number, "resource")


def _message(steps: Sequence[Step], drift: Sequence[Drift], *, asked_who: bool) -> Iterator[str]:
    groups: dict[tuple[object, ...], list[Drift]] = {}
    for one in drift:
        groups.setdefault(_group(one), []).append(one)
    ordered = sorted(groups.values(), key=lambda group: (_order(group[0]), -len(group)))
    several = len(steps) > 1
    for group in ordered:
        yield "\n".join(_group_lines(group, several=several))
    if asked_who and not any(one.origins for one in drift) and any(one.status is not DriftStatus.GONE for one in drift):
        yield "No record of who made these changes was found."
    unknown = [step.check for step in steps if step.check.status is Status.UNKNOWN]
    if unknown:
        lines = [f"- {code(check.directory)}: {plain(check.reason.text if check.reason else '')}" for check in unknown]
        yield "\n".join(["**Not known**", *lines[:_MOST_IN_GROUP], *_more(len(lines) - _MOST_IN_GROUP)])


def _group(drift: Drift) -> tuple[object, ...]:
    """Return the grouping key of a drifted resource: origin if known, type, action and attributes."""
    who = tuple((one.source, one.actor, one.action) for one in drift.origins)
    return (drift.status, who, drift.type, drift.action, _paths(drift))


def _paths(drift: Drift) -> tuple[str, ...]:
    return tuple(attribute.path for attribute in drift.attributes)


def _group_lines(group: Sequence[Drift], *, several: bool) -> Iterator[str]:
    first = group[0]
    places = {one.directory for one in group}
    where = f" in {len(places)} directories" if len(places) > 1 else ""
    status = {DriftStatus.CHANGED: ", changed since the last check", DriftStatus.GONE: ", gone"}
    what = f"{code(first.type or 'resource')} {_what(first)}{status.get(first.status or DriftStatus.APPEARED, '')}"
    yield f"**{what}**: {_resources(len(group))}{where}"
    yield from (f"- {origin_words(origin)}" for origin in first.origins)
    for one in group[:_MOST_IN_GROUP]:
        place = f"{code(one.directory or '')}: " if several else ""
        yield f"- {place}{code(one.address)}"
        yield from attribute_lines(one.attributes, one.attributes_omitted, _MOST_ATTRIBUTES)
    yield from _more(len(group) - _MOST_IN_GROUP)


def _what(drift: Drift) -> str:
    if drift.action is Action.DESTROY:
        return "deleted"
    paths = _paths(drift)
    if not paths:
        return "changed"
    more = f" and {len(paths) - _NAMED_PATHS} more" if len(paths) > _NAMED_PATHS else ""
    return f"{', '.join(code(path, 60) for path in paths[:_NAMED_PATHS])}{more}"


def _more(number: int) -> list[str]:
    return [f"- … and {number} more"] if number > 0 else []


def origin_words(origin: DriftOrigin) -> str:
    """Return an origin as ``CloudTrail: ModifyInstanceAttribute by alice at 2026-11-30 10:02 UTC``."""
    source = {"cloudtrail": "CloudTrail", "journal": "journal"}.get(origin.source, origin.source)
    by = f" by {plain(origin.actor)}" if origin.actor else ""
    at = f" at {origin.at:%Y-%m-%d %H:%M} UTC" if origin.at else ""
    return f"{source}: {plain(origin.action)}{by}{at}"
