"""Times and durations as option values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.query import times

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def moment(text: str) -> datetime:
    """Parse an age counted back from now, a time of day, or an ISO 8601 date or time (local).

    Raises:
        click.BadParameter: it is none of these; the text says what is expected.
    """
    try:
        return times.moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def duration(text: str) -> timedelta:
    """Parse a duration.

    Raises:
        click.BadParameter: it is not a duration above zero; the text says what is expected.
    """
    try:
        return times.duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
