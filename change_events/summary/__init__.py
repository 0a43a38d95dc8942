"""What a reader sees of an event: a title for a graph, a Markdown message within a size, a severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.signals import signals
from change_events.summary.message import message
from change_events.summary.severity import severity
from change_events.summary.title import title

if TYPE_CHECKING:
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

__all__ = ["compose", "message", "severity", "title"]


def compose(event: ChangeEvent, settings: Settings) -> ChangeEvent:
    """``event`` with signals, title, message and severity filled in.

    Raises:
        TemplateError: a template of the settings does not compile or render; without templates nothing is raised.
    """
    told = msgspec.structs.replace(event, signals=signals(event))
    filled = msgspec.structs.replace(
        told, title=title(told), message=message(told, settings.message_bytes), severity=severity(told)
    )
    if settings.title_template is None and settings.message_template is None:
        return filled
    from change_events.templates import apply

    return apply(filled, settings)
