"""The reader's time zone: from a cookie set by the pages' script, otherwise the server's."""

from __future__ import annotations

import os
from datetime import datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

COOKIE = "tfevent-zone"
_MOST = 64
_DATABASE = "zoneinfo/"


def reader_zone(name: str | None, now: datetime) -> tuple[tzinfo, str]:
    """Return the zone with this name, otherwise the server's, and its display name: `Europe/Berlin, UTC+1`.

    Args:
        name: untrusted name from the browser.
        now: current time, for the UTC offset.
    """
    zone = _named(name) if name else None
    if zone is None:
        zone, name = _servers()
    offset = _offset(now.astimezone(zone))
    return zone, offset if not name or name.endswith(offset) else f"{name}, {offset}"


@cache
def _named(name: str) -> tzinfo | None:
    if len(name) > _MOST or not name.isascii():
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # an invalid name, or unknown on this machine
        return None


def _servers() -> tuple[tzinfo, str]:
    variable = os.environ.get("TZ", "").removeprefix(":")
    local = os.path.realpath("/etc/localtime")
    for name in (variable, local.partition(_DATABASE)[2] if not variable else ""):
        if name and (zone := _named(name)):
            return zone, name
    return datetime.now().astimezone().tzinfo or ZoneInfo("UTC"), ""


def _offset(moment: datetime) -> str:
    minutes = round((moment.utcoffset() or moment - moment).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
