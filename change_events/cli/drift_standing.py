"""The last drift check of each directory, for ``doctor``."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING

from change_events.cli.render.terminal import clean
from change_events.cli.tool_adapter import Check
from change_events.errors import JournalError
from change_events.redact.spans import MARK
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.journal.drift_checks import LastCheck

_NAMED = 20
_REMEDY = "`tfevent events drift DIR` checks them again."


def drift_checks(session: Session) -> Iterator[Check]:
    """Yield the last check of each directory; nothing if there was none, or the journal cannot be read."""
    try:
        known = session.journal.drift_checks()
    except JournalError:  # the journal's own check reports it
        return
    if not known:
        return
    now = time.time()
    here = [one for one in known if not _is_gone(one)]
    failing = [one for one in here if one.reason is not None]
    drifted = [one for one in here if one.drift]
    numbers = f"{len(known)} director{'y' if len(known) == 1 else 'ies'} checked, {len(drifted)} with drift"
    head = f"{numbers}, {len(failing)} not known" if failing else numbers
    lines = [_line(one, now) for one in _ordered(known)[:_NAMED]]
    more = [f"… and {len(known) - _NAMED} more"] if len(known) > _NAMED else []
    text = "\n".join([head, *lines, *more])
    yield Check("drift", "warning" if failing else "ok", text, _REMEDY if failing else None)


def _ordered(known: Sequence[LastCheck]) -> list[LastCheck]:
    """Sort checks: unknown results first, then those with drift, oldest first."""
    return sorted(known, key=lambda one: (one.reason is None, not one.drift, one.checked_at))


def _line(one: LastCheck, now: float) -> str:
    name = clean(one.directory) + (f" ({clean(one.workspace)})" if one.workspace != "default" else "")
    words = f"checked {short_duration(now - one.checked_at)} ago"
    if _is_gone(one):
        return f"{name}: {words}, no longer exists"
    if one.drift:
        since = min(drift.since for drift in one.drift)
        words += f", {len(one.drift)} drifted, the oldest for {short_duration(now - since)}"
    if one.reason is not None:
        words += f", not known: {clean(one.reason)}"
    return f"{name}: {words}"


def _is_gone(one: LastCheck) -> bool:
    """Return whether the directory no longer exists; False if its name has a redacted part."""
    if MARK in one.directory:
        return False
    try:
        Path(one.directory).stat()
    except OSError as error:
        return error.errno in {errno.ENOENT, errno.ENOTDIR}
    return False
