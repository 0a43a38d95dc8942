"""Sets the signals, title, message and severity of an event."""

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
    """The settings of titles and messages; the settings themselves are loaded above this package."""

    @property
    def title_template(self) -> str | None:
        """Jinja template of the title."""

    @property
    def message_template(self) -> str | None:
        """Jinja template of the message."""

    @property
    def message_bytes(self) -> int:
        """Largest size of a message in bytes of UTF-8."""

    @property
    def signals(self) -> OwnRules | None:
        """The user's own rules, mutes and ranks."""


def compose(event: ChangeEvent, settings: TextSettings, past: Sequence[Signal] = ()) -> ChangeEvent:
    """Return ``event`` with signals, title, message and severity set; an explicit event keeps its own.

    Args:
        event: the event, redacted.
        settings: settings of titles and messages.
        past: signals derived from earlier events (:mod:`change_events.history.signals`).

    Raises:
        TemplateError: a template in the settings does not compile or render.
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
    """Recompute title and message of an event after parts were removed; an explicit event keeps its own."""
    if event.explicit:
        return event
    return msgspec.structs.replace(event, title=title(event), message=message(event, message_bytes))


def _own(event: ChangeEvent, settings: TextSettings) -> ChangeEvent:
    return msgspec.structs.replace(
        event, title=one_line(event.title, TITLE_LENGTH), message=clip(event.message, settings.message_bytes)
    )
