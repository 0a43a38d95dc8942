"""What makes an explicit event contradict itself, whoever sends it: one set of rules for all ways in.

Times are in UTC. A mistake is the name of the field and a clause that says what is accepted; each way in puts its own
spelling of the name before it (``--started-at``, ``started_at``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from change_events.errors import EventRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from change_events.model import ChangeEvent
    from change_events.redact import Redactor

CLOCK_SKEW = timedelta(minutes=5)  # that the clocks of two machines may differ by
_HIDDEN_KEY = "looks like a secret, which would be redacted, so keys could not be distinguished: expected another key"


def mistakes_of_times(
    started_at: datetime | None, ended_at: datetime | None, now: datetime, *, begins: bool = False
) -> Iterator[tuple[str, str]]:
    """What is wrong with the times that a sender wrote down.

    Args:
        started_at: when it began; None where the sender did not say. So is ``ended_at``.
        ended_at: when it ended.
        now: nothing can have happened after it, within :data:`CLOCK_SKEW`.
        begins: the event is the first of two steps, which has no end yet.

    Yields:
        ``started_at`` or ``ended_at``, and the mistake.
    """
    for name, moment in (("started_at", started_at), ("ended_at", ended_at)):
        if moment and moment > now + CLOCK_SKEW:
            yield name, f"is in the future: expected a time up to {_text(now)}; include the time zone, e.g. +02:00"
    if begins and ended_at:
        yield "ended_at", "not allowed at the start: expected in the second step"
    elif started_at and ended_at and ended_at < started_at:
        yield "ended_at", f"is before the start: expected a time from {_text(started_at)} to {_text(now)}"


def mistake_of_key(key: str | None, redactor: Redactor) -> str | None:
    """Why events cannot be distinguished by this key; None where they can."""
    return _HIDDEN_KEY if key and redactor.text(key) != key else None


def check_document(document: Mapping[str, Any], event: ChangeEvent, *, begins: bool) -> None:
    """Refuse a document whose explicit event contradicts itself.

    Args:
        document: as it was handed over; ``event`` holds what its sender wrote down.
        event: the same event, redacted.
        begins: it is the first of two steps.

    Raises:
        EventRejectedError: with every mistake.
    """
    fields = document.get("event") or {}
    started, ended = (getattr(event, name) if fields.get(name) else None for name in ("started_at", "ended_at"))
    wrong = [f"{name}: {text}" for name, text in mistakes_of_times(started, ended, datetime.now(UTC), begins=begins)]
    if fields.get("dedup_key") and event.dedup_key != fields["dedup_key"]:
        wrong.append(f"dedup_key: {_HIDDEN_KEY}")
    if wrong:
        raise EventRejectedError("; ".join(wrong))


def check_end(begun: ChangeEvent, ended_at: datetime | None) -> None:
    """Refuse an end that lies before the recorded start of the same event. Raises EventRejectedError."""
    if ended_at and ended_at < begun.started_at - CLOCK_SKEW:
        since = _text(begun.started_at)
        raise EventRejectedError(f"ended_at: is before the start: the event began at {since}; expected a later time")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
