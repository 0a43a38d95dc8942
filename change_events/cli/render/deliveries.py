"""Renders deliveries of an event."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from change_events.cli.render.terminal import ago, clean, local_time, paint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from change_events.journal import DeliveryStatus, Standing

# By journal.DeliveryState, worst first: one parked delivery matters more than three that arrived.
_COLOURS = {"parked": "red", "dropped": "red", "waiting": "yellow", "leased": "yellow", "delivered": "green"}
_WORDS = {"parked": "parked", "dropped": "dropped", "waiting": "waiting", "leased": "waiting", "delivered": "sent"}
JOURNAL_ONLY = "journal"


def overall(deliveries: Sequence[DeliveryStatus]) -> str:
    """Return the worst state of all destinations (``parked``, ``dropped``, ``waiting``, ``sent``), or ``journal``."""
    states = {delivery.state for delivery in deliveries}
    return next((_WORDS[state] for state in _COLOURS if state in states), JOURNAL_ONLY)


def colour_of(word: str) -> str | None:
    """Return the colour of :func:`overall`'s word."""
    return next((_COLOURS[state] for state, name in _WORDS.items() if name == word), None)


def delivery_lines(
    deliveries: Sequence[DeliveryStatus], indent: str, held_up: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """Yield one line per destination: its state, attempts, next attempt, and why it was not delivered.

    Args:
        deliveries: deliveries of one event.
        indent: prefix of each line.
        held_up: by destination, why untried deliveries wait (:func:`held_up_by`).
    """
    if not deliveries:
        yield f"{indent}in the journal only, no destination"
    longest = max((len(_label(delivery)) for delivery in deliveries), default=0)
    for delivery in deliveries:
        name = clean(_label(delivery)).ljust(longest)
        word = paint(_word(delivery), _COLOURS[delivery.state])
        yield f"{indent}{name}  {word}{_details(delivery)}{_reason(delivery, held_up)}"


def _label(delivery: DeliveryStatus) -> str:
    return f"{delivery.destination} (its start)" if delivery.stage == "started" else delivery.destination


def _word(delivery: DeliveryStatus) -> str:
    return "skipped" if delivery.state == "delivered" and delivery.reason else _WORDS[delivery.state]


def _details(delivery: DeliveryStatus) -> str:
    if delivery.state == "delivered":
        return ""
    parts = []
    if delivery.attempts:
        parts.append(f"{delivery.attempts} attempt{'s' if delivery.attempts > 1 else ''}")
    if delivery.state == "waiting" and delivery.attempts and delivery.next_at:
        parts.append(f"next {ago(delivery.next_at)}")
    return "".join(f", {part}" for part in parts)


def _reason(delivery: DeliveryStatus, held_up: Mapping[str, str]) -> str:
    text = delivery.reason or (held_up.get(delivery.destination) if is_untried(delivery) else None)
    return f": {clean(text)}" if text else ""


def is_untried(delivery: DeliveryStatus) -> bool:
    """Return whether it waits and was never sent."""
    return delivery.state == "waiting" and not delivery.attempts


def held_up_by(standing: Standing, now: float) -> str:
    """Return why a destination receives nothing before a time; ``now`` is in seconds since 1970."""
    times = "once" if standing.failures == 1 else f"{standing.failures} times in a row"
    failed = f"it has failed {times} ({standing.reason})"
    wait = max(standing.wait, standing.asked)
    until = local_time(datetime.fromtimestamp(now + wait, UTC))
    return f"not tried before {until}, because {failed}" if wait else failed
