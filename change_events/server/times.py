"""Formats times and durations for the pages, in the reader's time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.text.times import lasted, short_duration

if TYPE_CHECKING:
    from datetime import datetime

    from change_events.server.page import PageRequest


def clock(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `03:16`."""
    return f"{moment.astimezone(request.zone):%H:%M}"


def day(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `Tuesday 24 November`, with the year unless it is the current one."""
    local = moment.astimezone(request.zone)
    return f"{local:%A} {local.day} {local:%B}{_year(local, request)}"


def date(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `24 November`, with the year unless it is the current one."""
    local = moment.astimezone(request.zone)
    return f"{local.day} {local:%B}{_year(local, request)}"


def short(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `Tue 24 Nov, 03:16`, with the year unless it is the current one; `03:16` today."""
    local = moment.astimezone(request.zone)
    if local.date() == request.now.astimezone(request.zone).date():
        return f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b}{_year(local, request)}, {local:%H:%M}"


def full(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `Tue 24 Nov 2026, 03:16:12 +0100`."""
    local = moment.astimezone(request.zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %z}"


def exact(moment: datetime, request: PageRequest) -> str:
    """Return a time for a filter, unambiguous in every zone: `2026-11-24T03:16:12+01:00`."""
    return moment.astimezone(request.zone).isoformat()


def ago(moment: datetime, request: PageRequest) -> str:
    """Return e.g. `34 min ago`."""
    return f"{short_duration((request.now - moment).total_seconds())} ago"


def took(started: datetime, ended: datetime | None, request: PageRequest) -> str:
    """Return how long it took, or has taken so far; empty for an instant."""
    if ended is None:
        return f"{short_duration((request.now - started).total_seconds())} so far"
    seconds = (ended - started).total_seconds()
    return lasted(seconds) if seconds > 0 else ""


def _year(local: datetime, request: PageRequest) -> str:
    return "" if local.year == request.now.astimezone(request.zone).year else f" {local:%Y}"
