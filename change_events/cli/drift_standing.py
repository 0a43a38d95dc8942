"""What ``doctor`` reports of drift checks: the last one of each directory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.cli.tool_adapter import Check
from change_events.errors import JournalError
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.journal.drift_checks import LastCheck

_NAMED = 20
_REMEDY = "`tfevent events drift DIR` checks them again."


def drift_checks(session: Session) -> Iterator[Check]:
    """The last check of each directory; nothing where there has been none, or the journal cannot be read."""
    try:
        known = session.journal.drift_checks()
    except JournalError:  # the journal's own check reports it
        return
    if not known:
        return
    now = time.time()
    failing = [one for one in known if one.reason is not None]
    drifted = [one for one in known if one.drift]
    numbers = f"{len(known)} director{'y' if len(known) == 1 else 'ies'} checked, {len(drifted)} with drift"
    head = f"{numbers}, {len(failing)} not known" if failing else numbers
    lines = [_line(one, now) for one in _ordered(known)[:_NAMED]]
    more = [f"… and {len(known) - _NAMED} more"] if len(known) > _NAMED else []
    text = "\n".join([head, *lines, *more])
    yield Check("drift", "warning" if failing else "ok", text, _REMEDY if failing else None)


def _ordered(known: Sequence[LastCheck]) -> list[LastCheck]:
    """Those that nothing is known of first, then those with drift, each checked longest ago first."""
    return sorted(known, key=lambda one: (one.reason is None, not one.drift, one.checked_at))


def _line(one: LastCheck, now: float) -> str:
    workspace = f" ({one.workspace})" if one.workspace != "default" else ""
    words = f"checked {short_duration(now - one.checked_at)} ago"
    if one.drift:
        since = min(drift.since for drift in one.drift)
        words += f", {len(one.drift)} drifted, the oldest for {short_duration(now - since)}"
    if one.reason is not None:
        words += f", not known: {one.reason}"
    return f"{one.directory}{workspace}: {words}"
