# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times in tasks: ISO 8601, seconds since 1970, or an age."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_SECONDS = re.compile(r"\d+(\.\d+)?")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def moment(text: str) -> datetime:
    """Return a time in UTC, from ISO 8601 (local time of the controller without a zone) or seconds since 1970.

    Raises:
        ValueError: it is neither; the text says what is expected.
    """
    text = text.strip()
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), timezone.utc)
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text)).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"invalid time {text!r}, expected a timestamp such as 2026-11-25T14:00:00+01:00, or seconds since 1970"
        ) from None


def age_or_moment(text: str) -> datetime:
    """Return a time as :func:`moment`, or from an age before now: ``90m``, ``2h``, ``3d``, ``1w``.

    Raises:
        ValueError: it is none of these; the text says what is expected.
    """
    if age := _AGE.fullmatch(text.strip()):
        try:
            return datetime.now(timezone.utc) - timedelta(seconds=float(age[1]) * _UNITS[age[2]])
        except OverflowError:
            raise ValueError(f"{text!r} is longer ago than there are dates") from None
    try:
        return moment(text)
    except ValueError as error:
        raise ValueError(f"{error}, or an age such as 2h") from None
