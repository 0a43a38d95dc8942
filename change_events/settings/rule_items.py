"""Lists of rules in ``tfevent.yaml`` (``signals.add`` and ``mute``, ``drift.ignore``), validated alike."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from change_events.settings.values import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from change_events.settings.model import Entry

_LONGEST = 200
EXPIRES = "expires"


class Expiring(Protocol):
    """A rule that may expire."""

    @property
    def reason(self) -> str:
        """The user's reason."""

    @property
    def where(self) -> str:
        """File and line."""

    @property
    def expires(self) -> date | None:
        """Last day on which it applies; None for no expiry."""


_Rule = TypeVar("_Rule", bound=Expiring)


class Items(NamedTuple):
    """The structure of a list's items.

    Attributes:
        name: name of the list in messages.
        fields: the keys of an item, with descriptions.
        needed: required keys.
        several: keys that accept a list of texts.
    """

    name: str
    fields: Mapping[str, str]
    needed: tuple[str, ...]
    several: tuple[str, ...] = ()

    def read(self, entry: Entry | None, problems: list[str]) -> Iterator[tuple[Mapping[str, Entry], str]]:
        """Return the valid items, each with its place; ``problems`` takes a sentence for each mistake."""
        if entry is None or entry.value is None:
            return
        keys = ", ".join(self.fields)
        if not isinstance(entry.value, list):
            problems.append(f"{entry.where}: {self.name}: expected a list; each item has {keys}")
            return
        for item in entry.value:
            if not isinstance(item.value, dict):
                problems.append(f"{item.where}: {self.name}: expected the keys {keys} under each item")
            elif wrong := [*self._mistakes(item.value, item.where)]:
                problems += wrong
            else:
                yield item.value, item.where

    def _mistakes(self, given: Mapping[str, Entry], where: str) -> Iterator[str]:
        for name, child in given.items():
            place = f"{child.where}: {self.name}.{name}"
            if name not in self.fields:
                yield f"{place}: no such key{did_you_mean(name, self.fields)}"
            elif not text_of(child) and not (name in self.several and isinstance(child.value, list)):
                yield f"{place}: expected a text"
            elif name == EXPIRES and day_of(child) is None:
                yield f"{place}: expected a date, such as 2027-03-31"
        for name in self.needed:
            if name not in given:
                yield f"{where}: {self.name}: {name} is missing: {self.fields[name][0].lower()}{self.fields[name][1:]}"


def text_of(entry: Entry | None) -> str:
    """Return a value as written, cut at 200 characters; empty if it is missing or not a text."""
    if entry is None or entry.value is None or isinstance(entry.value, (dict, list)):
        return ""
    return str(entry.written or entry.value)[:_LONGEST]


def day_of(entry: Entry | None) -> date | None:
    """Return a day (YYYY-MM-DD); None if there is none."""
    try:
        return date.fromisoformat(text_of(entry))
    except ValueError:
        return None


def expired(items: str, rules: Iterable[_Rule], name: Callable[[_Rule], str]) -> list[str]:
    """Return a sentence for each expired rule.

    Args:
        items: name of the list in messages.
        rules: its rules.
        name: returns the name of a rule for readers.
    """
    today = datetime.now(UTC).date()
    return [
        f"{rule.where}: {items}: {name(rule)} ({rule.reason}) expired on {rule.expires}: remove it, or set a later date"
        for rule in rules
        if rule.expires is not None and rule.expires < today
    ]
