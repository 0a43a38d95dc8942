"""Timestamps in the formats of backends. All are truncated to milliseconds, so that they agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NANOSECONDS = 1_000_000  # of a millisecond


def iso(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds: ``2026-11-23T12:34:56.789Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Return milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def seconds(moment: datetime) -> int:
    """Return whole seconds since 1970."""
    return milliseconds(moment) // 1000


def decimal_seconds(moment: datetime) -> float:
    """Return seconds since 1970 with three decimals: ``1795437296.789``."""
    return milliseconds(moment) / 1000


def nanoseconds(moment: datetime) -> str:
    """Nanoseconds since 1970 as text, since JSON numbers do not hold them exactly."""
    return str(milliseconds(moment) * _NANOSECONDS)
