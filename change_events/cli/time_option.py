"""Points in time and durations as options' values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.query import times

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def moment(text: str) -> datetime:
    """Read an option's value: an age counted back from now, a time of day, or an ISO 8601 date or time (local).

    Raises:
        click.BadParameter: it is neither; the text says what can be written.
    """
    try:
        return times.moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def duration(text: str) -> timedelta:
    """Read an option's value that is a length of time.

    Raises:
        click.BadParameter: it is none, or nothing long; the text says what can be written.
    """
    try:
        return times.duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
