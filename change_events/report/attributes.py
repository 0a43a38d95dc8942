"""Attributes on a page: old and new value, and the characters that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import ValueKind
from change_events.summary.attributes import arranged, computed_words
from change_events.summary.value_text import WORDS, size
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import AttributeChange, Value
    from change_events.report.room import Room

MOST = 20  # per change
_TEXT = 400  # characters of a value
_LINES = 20
_OVERHEAD = 240  # bytes of markup around an attribute


class Row(NamedTuple):
    """One attribute; placeholders stand for hidden values.

    Attributes:
        head: common prefix of both values; ``tail``: common suffix.
        was: part of the old value between them; ``now``: part of the new value.
        before: placeholder of an old value that is hidden or missing; ``after``: of a new one.
    """

    path: str
    head: str = ""
    was: str = ""
    now: str = ""
    tail: str = ""
    before: str = ""
    after: str = ""
    words: str = ""
    note: str = ""
    lines: tuple[str, ...] = ()


class Rows(NamedTuple):
    """The attributes of one change that fit, and a note on the others."""

    rows: list[Row]
    more: str


def attribute_rows(attributes: Sequence[AttributeChange], omitted: int, room: Room) -> Rows:
    """Return the attributes that fit, the most important first; the others are counted."""
    shown, computed = arranged(attributes)
    rows: list[Row] = []
    for one in shown[:MOST]:
        found = row(one)
        if not room.take(_OVERHEAD, *found[:-1], *found.lines):
            break
        rows.append(found)
    left = len(shown) - len(rows) + omitted
    more = [f"and {number_of(left, 'more attribute')}"] if left else []
    more += [computed_words(len(computed))] if computed else []
    return Rows(rows, ", ".join(more))


def row(one: AttributeChange) -> Row:
    """Return one attribute in full."""
    notes = [text for text in ("forces replacement" if one.forces_replacement else "", one.note or "") if text]
    lines = tuple(line[:_TEXT] for line in one.lines[:_LINES])
    return values(one.path, one.before, one.after)._replace(note="; ".join(notes), lines=lines)


def values(name: str, before: Value, after: Value) -> Row:
    """Return two values under a name."""
    name = name[:_TEXT]
    if before.kind is after.kind and before.kind is not ValueKind.VALUE:
        return Row(name, words=_same_kind(before, after))
    if before.kind is after.kind:
        return Row(name, *_split(text_of(before), text_of(after)))
    old, new = before.kind is ValueKind.VALUE, after.kind is ValueKind.VALUE
    was, now = text_of(before), text_of(after)
    return Row(
        name,
        was=was if old else "",
        now=now if new else "",
        before="" if old else was,
        after="" if new else now,
    )


def _same_kind(before: Value, after: Value) -> str:
    comparison = ""
    if before.fingerprint and after.fingerprint:
        changed = "rotated" if before.kind is ValueKind.SENSITIVE else "changed"
        comparison = f", {changed if before.fingerprint != after.fingerprint else 'unchanged'}"
    if before.kind is ValueKind.LARGE:
        return f"{size(before)} → {size(after)}{comparison}"
    return f"{WORDS[before.kind].strip('()')}{comparison}"


def text_of(value: Value) -> str:
    """Return a value, or the placeholder of a hidden one; long texts are cut."""
    if value.kind is ValueKind.VALUE:
        text = value.text or ""
        return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
    return f"({size(value)})" if value.kind is ValueKind.LARGE else WORDS[value.kind]


def _split(was: str, now: str) -> tuple[str, str, str, str]:
    """Return common prefix, both differing parts, and common suffix; runs of digits or letters are not split."""
    most = min(len(was), len(now))
    start = 0
    while start < most and was[start] == now[start]:
        start += 1
    while start and was[start - 1].isalnum() and (was[start : start + 1] + now[start : start + 1]).isalnum():
        start -= 1
    end = 0
    while end < most - start and was[-1 - end] == now[-1 - end]:
        end += 1
    while end and was[len(was) - end].isalnum():
        end -= 1
    stop = len(was) - end
    return was[:start], was[start:stop], now[start : len(now) - end], was[stop:]
