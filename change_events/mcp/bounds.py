"""Limits the size of an answer: texts and lists are cut step by step until it fits, with notes on what was cut.

Only texts, lists and free-form keys are cut, so that a bounded answer still matches its schema.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.text.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Measure(NamedTuple):
    """The longest text and list, and the depth of free-form data."""

    characters: int
    items: int
    depth: int


STEPS = (Measure(4_000, 100, 16), Measure(1_000, 40, 12), Measure(300, 20, 8), Measure(120, 8, 5), Measure(60, 3, 3))
_KEY = 200


class Bounded(NamedTuple):
    """A value in JSON types, and notes on what was cut."""

    value: Any
    size: int
    left_out: tuple[str, ...] = ()


class Page(NamedTuple):
    """The leading items that fit, and notes on what was cut in them."""

    items: list[Any]
    left_out: tuple[str, ...] = ()


def bounded(value: Any, most: int) -> Bounded:
    """Return ``value`` in at most ``most`` characters of JSON, as far as the smallest step allows.

    Args:
        value: structs, lists, dicts, texts, numbers, times.
        most: largest number of characters of its JSON.
    """
    for measure in STEPS:
        walk = _Walk(measure)
        found = Bounded(walk.plain(value, ""), 0)
        found = found._replace(size=size(found.value), left_out=walk.words())
        if found.size <= most:
            break
    return found


def page(items: Iterable[Any], most: int, each: int) -> Page:
    """Return as many items, each within ``each`` characters, as fit into ``most``; at least the first."""
    taken: list[Any] = []
    words: dict[str, None] = {}
    left = most
    for item in items:
        one = bounded(item, each)
        if taken and one.size > left:
            break
        left -= one.size + 1
        taken.append(one.value)
        words |= dict.fromkeys(one.left_out)
    return Page(taken, tuple(words))


def size(value: Any) -> int:
    """Return the number of characters of a value's JSON."""
    return len(msgspec.json.encode(value).decode())


@cache
def _fields(kind: type[msgspec.Struct]) -> Sequence[tuple[str, str, Any]]:
    """Return name, name in JSON and default of each field; for a required field, the default is no value."""
    config = kind.__struct_config__
    found = []
    for field in msgspec.structs.fields(kind):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        found.append((field.name, field.encode_name, default if config.omit_defaults else msgspec.NODEFAULT))
    return found


class _Walk:
    """One pass with one measure."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._texts = 0
        self._items: Counter[str] = Counter()

    def words(self) -> tuple[str, ...]:
        """Return notes on what was omitted, a sentence each."""
        lists = tuple(f"{path}: {number:,} more" for path, number in self._items.items())
        texts = (f"long texts are cut at {self._measure.characters:,} characters",) if self._texts else ()
        return lists + texts

    def plain(self, value: Any, path: str, depth: int = 0) -> Any:
        """Return ``value`` in JSON types."""
        if isinstance(value, msgspec.Struct):
            parts = ((name, key, default, getattr(value, name)) for name, key, default in _fields(type(value)))
            return {
                key: self.plain(inner, f"{path}.{key}".lstrip("."))
                for _, key, default, inner in parts
                if inner != default
            }
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list | tuple):
            return self._many(value, path, depth)
        return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value

    def _many(self, value: Any, path: str, depth: int) -> Any:
        most = self._measure.items if depth < self._measure.depth else 0
        if len(value) > most:
            self._items[path or "data"] += len(value) - most
        if isinstance(value, dict):
            some = list(value.items())[:most]
            return {visible(str(key)[:_KEY]): self.plain(inner, path, depth + 1) for key, inner in some}
        return [self.plain(inner, path, depth + 1) for inner in value[:most]]

    def _text(self, text: str) -> str:
        most = self._measure.characters
        shown = visible(text[: most + 1])
        if len(shown) <= most:
            return shown
        self._texts += 1
        return shown[: most - 1] + "…"
