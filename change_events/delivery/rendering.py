"""Renders the request that delivers one event to one destination, for sending and for previews."""

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
    """A request, and a clause about each failed template of the destination."""

    request: Request
    problems: tuple[str, ...] = ()


@contextmanager
def prepared(settings: DestinationSettings, sealed: SealedEvent) -> Iterator[Shaped]:
    """Return the event in this destination's shape; inside the block, tags have the destination's names."""
    shape = settings.routing.shape
    with mapping.tags_named(shape.map_tags if shape else {}):
        yield shaped(sealed, shape)


def rendered(
    settings: DestinationSettings, sealed: SealedEvent, *, limit: int | None = None, handle: str | None = None
) -> Rendered:
    """Return the request for this event and destination.

    Args:
        settings: the destination.
        sealed: the recorded event.
        limit: maximum size of the body in bytes; by default the destination's limit.
        handle: the backend's ID of the started event's object, if it is to be updated.

    Raises:
        OptionError: the destination's options cannot be used, or the limit is too small for any event.
    """
    destination = get(settings.kind)
    with prepared(settings, sealed) as (event, problems):
        if handle is not None and destination.update is not None:
            with suppress(OptionError):  # the options have changed since: it is reported as a new event
                return Rendered(destination.update(event, settings.options, handle), problems)
        return Rendered(destination.render(event, settings.options, limit), problems)
