"""What a reader sees of an event: a title for a graph, a Markdown message within a size, a severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.signals import signals
from change_events.summary.message import message
from change_events.summary.severity import severity
from change_events.summary.title import LIMIT, title
from change_events.text.markdown import clip, one_line

if TYPE_CHECKING:
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

__all__ = ["compose", "message", "retell", "severity", "title"]


def compose(event: ChangeEvent, settings: Settings) -> ChangeEvent:
    """``event`` with signals, title, message and severity filled in; an explicit event has its own.

    Raises:
        TemplateError: a template of the settings does not compile or render; without templates nothing is raised.
    """
    filled = _own(event, settings) if event.explicit else _derived(event, settings)
    if settings.title_template is None and settings.message_template is None:
        return filled
    from change_events.templates.rendering import apply

    return apply(filled, settings)


def _derived(event: ChangeEvent, settings: Settings) -> ChangeEvent:
    told = msgspec.structs.replace(event, signals=signals(event))
    return msgspec.structs.replace(
        told, title=title(told), message=message(told, settings.message_bytes), severity=severity(told)
    )


def retell(event: ChangeEvent, message_bytes: int) -> ChangeEvent:
    """An event, of which something was taken away, with title and message made anew; an explicit one keeps its own."""
    if event.explicit:
        return event
    return msgspec.structs.replace(event, title=title(event), message=message(event, message_bytes))


def _own(event: ChangeEvent, settings: Settings) -> ChangeEvent:
    return msgspec.structs.replace(
        event, title=one_line(event.title, LIMIT), message=clip(event.message, settings.message_bytes)
    )
