"""The request that delivers one event to one destination: for sending it, and for showing what would be sent."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from change_events.delivery.tailoring import shaped
from change_events.destinations import get
from change_events.destinations.base import OptionError
from change_events.destinations.shared import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.delivery.tailoring import Shaped
    from change_events.destinations.base import DestinationSettings, Request
    from change_events.model import SealedEvent


class Rendered(NamedTuple):
    """A request, and a clause about each template of the destination's own that failed."""

    request: Request
    problems: tuple[str, ...] = ()


@contextmanager
def prepared(settings: DestinationSettings, sealed: SealedEvent) -> Iterator[Shaped]:
    """The event in this destination's shape; as long as it lasts, tags are named as the destination has them."""
    shape = settings.routing.shape
    with mapping.tags_named(shape.map_tags if shape else {}):
        yield shaped(sealed, shape)


def rendered(
    settings: DestinationSettings, sealed: SealedEvent, *, limit: int | None = None, handle: str | None = None
) -> Rendered:
    """What is sent to this destination about this event.

    Args:
        settings: the destination.
        sealed: the event as it was recorded.
        limit: the most bytes of the body; by default the destination's own limit.
        handle: the backend's name of what the event's start became there, where it is to be brought up to date.

    Raises:
        OptionError: the destination's options cannot be used, or the limit is too small for any event.
    """
    destination = get(settings.kind)
    with prepared(settings, sealed) as (event, problems):
        if handle is not None and destination.update is not None:
            with suppress(OptionError):  # the options have changed since: it is reported as a new event
                return Rendered(destination.update(event, settings.options, handle), problems)
        return Rendered(destination.render(event, settings.options, limit), problems)
