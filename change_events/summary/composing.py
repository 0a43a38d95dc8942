"""An event with what a reader sees of it filled in: signals, title, message, severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from change_events.signals import signals
from change_events.summary.causes import shared
from change_events.summary.message import message
from change_events.summary.severity import severity
from change_events.summary.title import title
from change_events.text.markdown import TITLE_LENGTH, clip, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import ChangeEvent, Signal
    from change_events.signals import OwnRules


class TextSettings(Protocol):
    """What the settings say of titles and messages; settings themselves are read above this package."""

    @property
    def title_template(self) -> str | None:
        """Jinja template of the title."""

    @property
    def message_template(self) -> str | None:
        """Jinja template of the message."""

    @property
    def message_bytes(self) -> int:
        """The most bytes of a message."""

    @property
    def signals(self) -> OwnRules | None:
        """Rules of the user's own, mutes and ranks."""


def compose(event: ChangeEvent, settings: TextSettings, past: Sequence[Signal] = ()) -> ChangeEvent:
    """``event`` with signals, title, message and severity filled in; an explicit event has its own.

    Args:
        event: redacted.
        settings: those of titles and messages.
        past: signals that earlier events give it (:mod:`change_events.history.signals`).

    Raises:
        TemplateError: a template of the settings does not compile or render; without templates nothing is raised.
    """
    filled = _own(event, settings) if event.explicit else _derived(event, settings, past)
    if settings.title_template is None and settings.message_template is None:
        return filled
    from change_events.templates.rendering import apply

    return apply(
        filled,
        title_template=settings.title_template,
        message_template=settings.message_template,
        message_bytes=settings.message_bytes,
    )


def _derived(event: ChangeEvent, settings: TextSettings, past: Sequence[Signal]) -> ChangeEvent:
    found = event.signals if event.stacks is not None else signals(event, settings.signals, past)
    causes = shared(event.changes) if event.changes else event.causes
    complete = msgspec.structs.replace(event, signals=found, causes=causes)
    return msgspec.structs.replace(
        complete, title=title(complete), message=message(complete, settings.message_bytes), severity=severity(complete)
    )


def retell(event: ChangeEvent, message_bytes: int) -> ChangeEvent:
    """An event, of which something was taken away, with title and message made again; an explicit one keeps its own."""
    if event.explicit:
        return event
    return msgspec.structs.replace(event, title=title(event), message=message(event, message_bytes))


def _own(event: ChangeEvent, settings: TextSettings) -> ChangeEvent:
    return msgspec.structs.replace(
        event, title=one_line(event.title, TITLE_LENGTH), message=clip(event.message, settings.message_bytes)
    )
