"""Redacts addresses, IDs and other names of resources, thousands at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.redact import Redactor

_BATCH = 1000
_LONGEST_NUMBER = 5  # digits: no such number is scrubbed by itself, see `change_events.redact.scrub_scope`
Place = tuple[str | None, str | None, str | None, str | None]


class Names:
    """Redacted texts by original; the same module and provider names occur often."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: dict[str, str] = {}
        self._places: dict[Place, Place] = {}

    def learn(self, names: Sequence[str]) -> None:
        """Redact many names at once: one pass over a thousand lines is much cheaper than a thousand passes.

        Instances of a resource that differ only by a number are represented by one of them.
        """
        unknown = dict.fromkeys(name for name in names if name not in self._known)
        instances = {} if self._redactor.hides_brackets else _instances(unknown)
        self._redact([name for name in unknown if name not in instances])
        self._redact(list(dict.fromkeys(instances.values())))
        shown = {first for first in instances.values() if self._known.get(first) == first}
        self._known.update((name, name) for name, first in instances.items() if first in shown)
        self._redact([name for name, first in instances.items() if first not in shown])

    def _redact(self, names: Sequence[str]) -> None:
        printable = [name for name in names if name.isprintable()]
        for start in range(0, len(printable), _BATCH):
            batch = printable[start : start + _BATCH]
            redacted = self._redactor.text("\n".join(batch)).split("\n")
            if len(redacted) == len(batch):
                self._known.update(zip(batch, redacted, strict=True))

    def text(self, name: str) -> str:
        """Return one redacted name."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._redactor.text(name)
        return known

    def maybe(self, name: str | None) -> str | None:
        """Return one redacted name; None for None."""
        return None if name is None else self.text(name)

    def place(self, place: Place) -> Place:
        """Return type, name, module and provider, redacted; instances of a resource share them."""
        known = self._places.get(place)
        if known is None:
            kind, name, module, provider = map(self.maybe, place)
            known = self._places[place] = (kind, name, module, provider)
        return known


def _instances(names: Iterable[str]) -> dict[str, str]:
    """Return addresses that end in a number in brackets, each with the first instance with as many digits."""
    found = {}
    for name in names:
        base, bracket, rest = name.rpartition("[")
        number = rest[:-1]
        if bracket and rest[-1:] == "]" and len(number) <= _LONGEST_NUMBER and number.isascii() and number.isdecimal():
            found[name] = f"{base}[{'10000'[: len(number)]}]"
    return found
