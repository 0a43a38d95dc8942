"""Addresses, ids and other names of resources, made fit to be recorded; thousands of them in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor

_BATCH = 1000
Place = tuple[str | None, str | None, str | None, str | None]


class Names:
    """Redacted texts by their originals: the same module and provider names come again and again."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: dict[str, str] = {}
        self._places: dict[Place, Place] = {}

    def learn(self, names: Sequence[str]) -> None:
        """Redact many names at once: one pass over a thousand lines costs far less than a thousand passes."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._known and name.isprintable()]
        for start in range(0, len(unknown), _BATCH):
            batch = unknown[start : start + _BATCH]
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
        """Return one redacted name, or None for none."""
        return None if name is None else self.text(name)

    def place(self, place: Place) -> Place:
        """Return type, name, module and provider redacted; the instances of one resource share them."""
        known = self._places.get(place)
        if known is None:
            kind, name, module, provider = map(self.maybe, place)
            known = self._places[place] = (kind, name, module, provider)
        return known
