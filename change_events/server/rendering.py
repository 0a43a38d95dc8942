"""Renders pages as HTML: templates are compiled once, texts are escaped, and undefined variables are errors."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined

from change_events import __version__
from change_events.report.visible import Verbatim, visible
from change_events.server import urls
from change_events.text.printable import visible as printable

if TYPE_CHECKING:
    from change_events.server.page import Page, PageRequest

_FOLDER = resources.files("change_events.server") / "templates"
_NAMES = (("timeline", "Timeline"), ("list", "List"), ("suspects", "Suspects"), ("stacks", "Stacks"))


def render(page: Page, request: PageRequest) -> str:
    """Return the page as text, to be encoded in UTF-8.

    Its context has `title`; `current` is the name of the page in the line above (:data:`_NAMES`), `searched` what
    was searched for.
    """
    defaults = {"current": "", "searched": ""}
    text = _environment().get_template(page.template).render({**defaults, **page.context}, request=request)
    return text.replace("\0", "\ufffd")  # a form keeps values as given, but HTML has no NUL


def prepare(*names: str) -> None:
    """Compile these templates ahead, which takes longer than rendering."""
    for name in names:
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: (_FOLDER / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.update(urls=urls, verbatim=Verbatim, version=__version__, pages=_NAMES)
    environment.filters.update(parts=_parts, escaped=printable)
    return environment


def _parts(text: str) -> list[tuple[bool, str]]:
    """Split a trusted text at backticks; the flag marks code."""
    return [(number % 2 == 1, part) for number, part in enumerate(text.split("`")) if part]
