"""The state of an event's deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.journal.records import DeliveryState, Stage
from change_events.server import times
from change_events.text.markdown import one_line
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from change_events.journal import Record
    from change_events.journal.records import DeliveryStatus
    from change_events.server.page import PageRequest

_MOST = 50
_ICONS = {DeliveryState.DELIVERED: "ok", DeliveryState.PARKED: "failed", DeliveryState.DROPPED: "failed"}
_REASON = 300


class DeliveryView(NamedTuple):
    """One delivery: ``bad`` if it needs intervention, or was given up."""

    destination: str
    icon: str
    words: str
    bad: bool


def delivery_views(record: Record, request: PageRequest) -> list[DeliveryView]:
    """Return the deliveries of an event, in the order of their creation."""
    return [_view(one, request) for one in record.deliveries[:_MOST]]


def _view(one: DeliveryStatus, request: PageRequest) -> DeliveryView:
    icon = _ICONS.get(one.state, "running")
    parts = [("start " if one.stage is Stage.STARTED else "") + one.state.value]
    if one.next_at is not None:
        parts.append(f"next try {times.short(one.next_at, request)}")
    if one.attempts > 1 or (one.attempts and icon != "ok"):
        parts.append(number_of(one.attempts, "attempt"))
    text = ", ".join(parts)
    if one.reason and icon != "ok":
        text += f": {one_line(one.reason, _REASON)}"
    return DeliveryView(one_line(one.destination), icon, text, icon == "failed")
