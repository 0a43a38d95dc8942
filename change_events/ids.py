"""Event ids: UUIDs of version 7 (RFC 9562), so that ids sort as the events happened.

Imported before terraform starts: nothing but os and time.
"""

from __future__ import annotations

import os
import time

_last = 0
_RANDOM_BITS = 62
_SEQUENCE_BITS = 12


def new_id() -> str:
    """A new UUIDv7 in its usual text form, greater than every one that this thread made before.

    The 12 bits beside the millisecond hold its fraction (RFC 9562, method 3) and are counted up when time stands still.
    Threads need no lock: two that meet in one instant differ in the 62 random bits.
    """
    global _last  # noqa: PLW0603 - what makes the ids of a process grow
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    stamp = (milliseconds << _SEQUENCE_BITS) | (rest << _SEQUENCE_BITS) // 1_000_000
    _last = stamp = max(stamp, _last + 1)
    high = ((stamp >> _SEQUENCE_BITS) & (2**48 - 1)) << 16 | 0x7000 | (stamp & (2**_SEQUENCE_BITS - 1))
    return _text(high, int.from_bytes(os.urandom(8)))


def id_of(seconds: float, digest: bytes) -> str:
    """The UUIDv7 of what happened at a time and is known by a digest of at least ten bytes: always the same."""
    high = (int(seconds * 1000) & (2**48 - 1)) << 16 | 0x7000 | (int.from_bytes(digest[8:10]) & (2**_SEQUENCE_BITS - 1))
    return _text(high, int.from_bytes(digest[:8]))


def _text(high: int, random: int) -> str:
    text = f"{high << 64 | 0b10 << _RANDOM_BITS | random >> 2:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
