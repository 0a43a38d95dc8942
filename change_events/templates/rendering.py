"""A user's own title and message: Jinja templates in a sandbox, in which a misspelt variable is an error.

Variables: ``event`` (the whole event), ``title``, ``message``, ``severity``, ``environment``, ``service``, ``tags``,
``counts`` and ``outcome``, the last a word. All of it has been redacted before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.errors import TemplateError
from change_events.text.markdown import TITLE_LENGTH, clip, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.model import ChangeEvent

_MOST_TEMPLATE = 20_000
NAMES = ("event", "title", "message", "severity", "environment", "service", "tags", "counts", "outcome")


def apply(
    event: ChangeEvent, *, title_template: str | None, message_template: str | None, message_bytes: int
) -> ChangeEvent:
    """``event`` with the templates that are given rendered over its default texts. Raises TemplateError."""
    title, message = event.title, event.message
    if title_template is not None:
        title = made("title_template", title_template, event, message_bytes)
    if message_template is not None:
        message = made("message_template", message_template, event, message_bytes)
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
        return one_line(render(name, source, event, TITLE_LENGTH * 4), TITLE_LENGTH) or event.title
    return render(name, source, event, message_bytes)


def render(name: str, source: str, event: ChangeEvent, limit_bytes: int) -> str:
    """``source`` rendered, in at most ``limit_bytes`` bytes. Raises TemplateError with its name and line.

    It is done in a process of its own, within bounds of time and memory. A template that has been stopped once is not
    tried again in this process.
    """
    if len(source) > _MOST_TEMPLATE:
        raise TemplateError(f"{name}: is longer than {_MOST_TEMPLATE} characters: shorten it")
    result = _bounded(source, lambda: _rendered(source, event, limit_bytes))
    if result.trouble:
        raise TemplateError(f"{name}{result.trouble}")
    return clip(result.text, limit_bytes)


def problem(source: str) -> str | None:
    """What can be said against a template before there is an event: a clause with its line; None if nothing can."""
    if len(source) > _MOST_TEMPLATE:
        return f"it is longer than {_MOST_TEMPLATE} characters: shorten it"
    result = _bounded(source, lambda: _checked(source))
    return result.trouble.removeprefix(": ").removeprefix(", ") or result.text or None


class _Rendered(NamedTuple):
    """What came of a template, or what it is in the way, beginning with a comma (a line) or a colon."""

    text: str = ""
    trouble: str = ""


_stopped: dict[str, str] = {}


def _bounded(source: str, work: Callable[[], str]) -> _Rendered:
    from change_events.process import bounded as bounded_process
    from change_events.templates import sandbox as template_sandbox  # noqa: F401 - what the fork needs

    if source in _stopped:
        return _Rendered(trouble=_stopped[source])
    try:
        return _Rendered(bounded_process.run(work))
    except bounded_process.FailedError as error:
        return _Rendered(trouble=str(error))
    except bounded_process.ExceededError as error:
        return _Rendered(trouble=_stopped.setdefault(source, f": {error}"))


def _rendered(source: str, event: ChangeEvent, limit_bytes: int) -> str:
    """What a template makes of an event. Raises ValueError: what is in the way, as in :class:`_Rendered`."""
    from jinja2 import TemplateSyntaxError

    from change_events.templates.sandbox import Sandbox, bounded

    try:
        template = Sandbox().checked(source)
        with bounded():
            return _written(template.generate(variables(event)), limit_bytes)
    except TemplateSyntaxError as error:
        raise ValueError(f", line {error.lineno}: {one_line(error.message or 'bad syntax')}") from error
    except MemoryError as error:
        raise ValueError(f", line {_line(error)}: it takes too much memory: make less text") from error
    except Exception as error:  # a template can raise whatever the code in it raises
        raise ValueError(f", line {_line(error)}: {one_line(str(error))}") from error


def _checked(source: str) -> str:
    """What can be said against a template, or nothing."""
    from jinja2 import TemplateSyntaxError, meta

    from change_events.templates.sandbox import Sandbox

    try:
        sandbox = Sandbox()
        sandbox.checked(source)
        unknown = sorted(meta.find_undeclared_variables(sandbox.parse(source)) - {*NAMES, *sandbox.globals})
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {one_line(error.message or 'bad syntax')}"
    except TemplateError as error:
        return one_line(str(error))
    return f"it has no variable {unknown[0]}: there are {', '.join(NAMES)}" if unknown else ""


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
