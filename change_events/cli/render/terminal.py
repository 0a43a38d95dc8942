"""Terminal output: harmless characters, colour, width, readable times."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_JOINERS = "\u200c\u200d"  # harmless, and names and emoji of several scripts need them
# Raw in msgspec's JSON, but a terminal may obey or misread it: DEL, C1 controls, bidi marks, line separators.
_UNSAFE_IN_JSON = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def clean(text: str) -> str:
    """Return text as one harmless line: unprintable characters become escapes."""
    if text.isprintable():
        return text
    from change_events.text.printable import escape

    return "".join(c if c.isprintable() or c in _JOINERS else escape(c) for c in text)


def clean_lines(text: str) -> list[str]:
    """Return text of several lines, each made harmless."""
    return [clean(line.replace("\t", "    ")) for line in text.splitlines()]


def clean_json(body: bytes) -> str:
    """Return equivalent JSON that is harmless on a terminal."""
    text = body.decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(_UNSAFE_IN_JSON, lambda found: f"\\u{ord(found[0]):04x}", text)


def indented(body: bytes) -> str:
    """Return indented JSON, harmless on a terminal, without a line end."""
    import msgspec

    return clean_json(msgspec.json.format(body, indent=2))


def print_json(value: object) -> None:
    """Print anything that msgspec encodes as indented JSON."""
    import msgspec

    sys.stdout.write(indented(msgspec.json.encode(value)) + "\n")


def colour_on(stream: IO[str]) -> bool:
    """Return whether a stream gets colour: a terminal that can, unless ``NO_COLOR`` says otherwise."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return the columns of the terminal (or ``COLUMNS``); 80 without one."""
    return shutil.get_terminal_size().columns


def paint(text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
    """Colour a piece of text; :func:`print_lines` removes colour where it is off."""
    import click

    return click.style(text, fg=colour, bold=bold or None, dim=dim or None) if text else ""


def print_lines(lines: Iterable[str]) -> None:
    """Print painted lines on standard output."""
    import click

    stream = sys.stdout
    coloured = colour_on(stream)
    for line in lines:
        stream.write((line if coloured else click.unstyle(line)) + "\n")


def note(text: str) -> None:
    """Print one message line on standard error."""
    import click  # not for `record`, which rarely has anything to note

    for line in clean_lines(text):
        click.echo(f"tfevent: {line}", err=True)


def local_time(moment: datetime) -> str:
    """Return a time in the local zone: ``2026-11-24 14:02:11 +0100``."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return an age in one unit: ``12 min ago``; ``in 2 min`` for a future time."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    size = abs(seconds)
    if size < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    text = _one_unit(size)
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def _one_unit(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} d"
