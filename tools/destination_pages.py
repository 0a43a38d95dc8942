"""The pages docs/destinations/*.md: tables and example from the code, the rest written by hand.

A page has blocks between ``<!-- name -->`` and ``<!-- end -->``: ``options``, ``limits``, ``example`` and
``sources``. One that is not there yet is begun with all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from change_events.destinations import get, kinds
from tools.reference_pages import DOCS, filled, options_table, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.destinations.base import Destination, Limits

EXAMPLES = Path(__file__).parents[1] / "tests" / "golden" / "destinations"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SKELETON = """# {title}

{about}

## Settings

<!-- options -->
<!-- end -->

## What it looks like there

<!-- example -->
<!-- end -->

## Limits

<!-- limits -->
<!-- end -->

## Sources

<!-- sources -->
<!-- end -->
"""


def pages() -> dict[str, str]:
    """The text of each destination's page, by its name below docs/."""
    return {f"reference/destinations/{kind}.md": _page(get(kind)) for kind in kinds()}


def _page(destination: Destination) -> str:
    path = DOCS / "reference" / "destinations" / f"{destination.kind}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else _skeleton(destination)
    return filled(
        text,
        {
            "options": lambda: options_table(destination.kind),
            "limits": lambda: table(("What", "At most"), _limit_rows(destination.limits)),
            "example": lambda: _example(destination.kind),
            "sources": lambda: "\n".join(f"* <{address}>" for address in destination.documentation),
        },
    )


def _skeleton(destination: Destination) -> str:
    return _SKELETON.format(title=destination.title, about=f"`kind: {destination.kind}`")


def _example(kind: str) -> str:
    """The request of a typical run, as ``tests/destinations`` holds it."""
    shown = (EXAMPLES / kind / "updated.txt").read_text(encoding="utf-8").rstrip()
    return f"```text\n{shown}\n```"


def _limit_rows(limits: Limits) -> Iterator[tuple[str, str]]:
    yield "the request's body", f"{limits.body_bytes:,} bytes"
    yield from ((f"`{name}`", f"{most:,} characters") for name, most in limits.fields.items())
    yield from ((f"`{name}`", f"{most:,} bytes") for name, most in limits.field_bytes.items())
    yield from ((f"entries of `{name}`", f"{most:,}") for name, most in limits.entries.items())
    for name, most, unit in (
        ("tags", limits.tags, ""),
        ("one tag", limits.tag_length, " characters"),
        ("all tags as a JSON array", limits.tags_bytes, " bytes"),
    ):
        if most is not None:
            yield name, f"{most:,}{unit}"
    if limits.max_age is not None:
        yield "age of an event; an older one is parked, not sent", _span(limits.max_age)
    if limits.max_ahead is not None:
        yield "how far an event may lie in the future", _span(limits.max_ahead)
    if limits.rate is not None:
        yield "requests", f"{limits.rate.requests:,} in {_span(limits.rate.seconds)}"


def _span(seconds: float) -> str:
    """``18 hours``, ``7 days``: the largest unit that gives a whole number, days from two on."""
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        number = seconds / size
        if number == int(number) and (number > 1 or unit == "minute"):
            return f"{int(number)} {unit}{'' if number == 1 else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
