"""A user's own title and message: Jinja templates in a sandbox, in which a misspelt variable is an error.

Variables: ``event`` (the whole event), ``title``, ``message``, ``severity``, ``environment``, ``service``, ``tags``,
``counts`` and ``outcome``, the last a word. All of it has been redacted before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.errors import TemplateError
from change_events.summary.markdown import clip, one_line
from change_events.summary.title import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import ChangeEvent
    from change_events.settings import Settings

_MOST_TEMPLATE = 20_000
NAMES = ("event", "title", "message", "severity", "environment", "service", "tags", "counts", "outcome")


def apply(event: ChangeEvent, settings: Settings) -> ChangeEvent:
    """``event`` with the settings' templates rendered over its default texts. Raises TemplateError."""
    title, message = event.title, event.message
    if settings.title_template is not None:
        title = made("title_template", settings.title_template, event, settings.message_bytes)
    if settings.message_template is not None:
        message = made("message_template", settings.message_template, event, settings.message_bytes)
    return msgspec.structs.replace(event, title=title, message=message)


def made(name: str, source: str, event: ChangeEvent, message_bytes: int) -> str:
    """The text that a template makes of an event, a title on one line and never empty. Raises TemplateError.

    Args:
        name: ``title_template`` or ``message_template``.
        source: the template.
        event: what it is about.
        message_bytes: the most bytes of a message.
    """
    if name == "title_template":
        return one_line(render(name, source, event, LIMIT * 4), LIMIT) or event.title
    return render(name, source, event, message_bytes)


def render(name: str, source: str, event: ChangeEvent, limit_bytes: int) -> str:
    """``source`` rendered, in at most ``limit_bytes`` bytes. Raises TemplateError with its name and line."""
    from jinja2 import TemplateSyntaxError

    from change_events.template_sandbox import Sandbox, bounded

    if len(source) > _MOST_TEMPLATE:
        raise TemplateError(f"{name}: is longer than {_MOST_TEMPLATE} characters: shorten it")
    try:
        template = Sandbox().checked(source)
        with bounded():
            written = _written(template.generate(variables(event)), limit_bytes)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {one_line(error.message or 'bad syntax')}") from error
    except Exception as error:  # a template can raise whatever the code in it raises
        raise TemplateError(f"{name}, line {_line(error)}: {one_line(str(error))}") from error
    return clip(written, limit_bytes)


def problem(source: str) -> str | None:
    """What can be said against a template before there is an event: a clause with its line; None if nothing can."""
    from jinja2 import TemplateSyntaxError, meta

    from change_events.template_sandbox import Sandbox

    if len(source) > _MOST_TEMPLATE:
        return f"it is longer than {_MOST_TEMPLATE} characters: shorten it"
    try:
        sandbox = Sandbox()
        sandbox.checked(source)
        unknown = sorted(meta.find_undeclared_variables(sandbox.parse(source)) - {*NAMES, *sandbox.globals})
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {one_line(error.message or 'bad syntax')}"
    except TemplateError as error:
        return one_line(str(error))
    return f"it has no variable {unknown[0]}: there are {', '.join(NAMES)}" if unknown else None


def _written(pieces: Iterator[str], limit_bytes: int) -> str:
    """What a template writes, until the limit is passed."""
    written: list[str] = []
    size = 0
    for piece in pieces:
        written.append(piece)
        size += len(piece.encode())
        if size > limit_bytes:
            break
    return "".join(written)


def _line(error: Exception) -> int:
    """The template's line: Jinja names its own frames ``<template>``."""
    line, trace = 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def variables(event: ChangeEvent) -> dict[str, Any]:
    """What a template can name."""
    return {
        "event": event,
        "title": event.title,
        "message": event.message,
        "severity": event.severity.value,
        "environment": event.environment or "",
        "service": event.service or "",
        "tags": event.tags,
        "counts": event.summary.counts,
        "outcome": event.outcome.value if event.outcome else "running",
    }
