"""Points in time on the command line: ``2h``, ``3d``, ``2026-11-24``, ``2026-11-24T14:00+01:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def moment(text: str) -> datetime:
    """Read an option's value: an age counted back from now, or an ISO 8601 date or time (local by default).

    Raises:
        click.BadParameter: it is neither; the text says what can be written.
    """
    try:
        return parse_moment(text, datetime.now(UTC))
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is no time; write an age (90m, 2h, 3d, 1w) or 2026-11-24T14:00") from None


def parse_moment(text: str, now: datetime) -> datetime:
    """Read one moment, in UTC.

    Args:
        text: an age or an ISO 8601 date or time.
        now: what an age is counted from.

    Raises:
        ValueError, OverflowError: it is neither, or too long ago to be a date.
    """
    if age := _AGE.fullmatch(text.strip()):
        return now - timedelta(seconds=float(age[1]) * _UNITS[age[2]])
    return datetime.fromisoformat(text.strip()).astimezone(UTC)
