"""The trigger of an action (terraform 1.14+), in plan and stream."""

from __future__ import annotations

from typing import NamedTuple

from change_events.text.lazy_pattern import lazy_pattern

_HUMP = lazy_pattern(r"(?<=[a-z])(?=[A-Z])")


class Trigger(NamedTuple):
    """One reason to invoke an action, raw: an event of a resource, or the command line if there is none.

    Attributes:
        event: terraform's name, as ``AfterCreate``.
        resource: address of its instance.
        block: number of the resource's ``action_trigger`` block.
        place: index of the action in the list of that block.
    """

    event: str | None = None
    resource: str | None = None
    block: int | None = None
    place: int | None = None

    @property
    def words(self) -> str:
        """Its text for readers, with the event as in the configuration."""
        if self.event is None and self.resource is None:
            return "invoked by -invoke"
        event = _HUMP.sub("_", self.event or "").lower()
        return "triggered by " + " of ".join(word for word in (event, self.resource) if word)
