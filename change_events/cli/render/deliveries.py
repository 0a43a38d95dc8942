"""Where an event went, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.cli.render.terminal import ago, clean, paint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.journal import DeliveryStatus

# By journal.DeliveryState, worst first: one parked delivery matters more than three that arrived.
_COLOURS = {"parked": "red", "dropped": "red", "waiting": "yellow", "leased": "yellow", "delivered": "green"}
_WORDS = {"parked": "parked", "dropped": "dropped", "waiting": "waiting", "leased": "waiting", "delivered": "sent"}
JOURNAL_ONLY = "journal"


def overall(deliveries: Sequence[DeliveryStatus]) -> str:
    """One word for all destinations: the worst of ``parked``, ``dropped``, ``waiting``, ``sent``; or ``journal``."""
    states = {delivery.state for delivery in deliveries}
    return next((_WORDS[state] for state in _COLOURS if state in states), JOURNAL_ONLY)


def colour_of(word: str) -> str | None:
    """The colour of :func:`overall`'s word."""
    return next((_COLOURS[state] for state, name in _WORDS.items() if name == word), None)


def delivery_lines(deliveries: Sequence[DeliveryStatus], indent: str) -> Iterator[str]:
    """One line a destination: its state, attempts, when it is tried again, and why it has not arrived."""
    if not deliveries:
        yield f"{indent}in the journal only, no destination"
    longest = max((len(_label(delivery)) for delivery in deliveries), default=0)
    for delivery in deliveries:
        name = clean(_label(delivery)).ljust(longest)
        yield f"{indent}{name}  {paint(_word(delivery), _COLOURS[delivery.state])}{_details(delivery)}"


def _label(delivery: DeliveryStatus) -> str:
    return f"{delivery.destination} (its start)" if delivery.stage == "started" else delivery.destination


def _word(delivery: DeliveryStatus) -> str:
    return "skipped" if delivery.state == "delivered" and delivery.reason else _WORDS[delivery.state]


def _details(delivery: DeliveryStatus) -> str:
    if delivery.state == "delivered":
        return f": {clean(delivery.reason)}" if delivery.reason else ""
    parts = []
    if delivery.attempts:
        parts.append(f"{delivery.attempts} attempt{'s' if delivery.attempts > 1 else ''}")
    if delivery.state == "waiting" and delivery.attempts and delivery.next_at:
        parts.append(f"next {ago(delivery.next_at)}")
    text = "".join(f", {part}" for part in parts)
    return text + (f": {clean(delivery.reason)}" if delivery.reason else "")
