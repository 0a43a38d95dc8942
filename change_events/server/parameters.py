"""Validates URL parameters: unknown or invalid ones are errors, never ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.errors import TfeventError
from change_events.text.markdown import one_line
from change_events.text.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from change_events.server.page import Page, PageRequest

_NAME = 60  # characters
_LIKE = 0.6


class ParameterError(TfeventError):
    """A URL has a parameter that the page does not support; the text lists the supported ones."""


def check_parameters(request: PageRequest, known: Collection[str]) -> None:
    """Raise ParameterError for a parameter that is not among ``known``, is repeated, or has a NUL character."""
    for name, text in request.query.items():
        if name not in known:
            shown = one_line(name.replace("`", "'"), _NAME)
            near = near_names(name[:_NAME], known, most=1, cutoff=_LIKE)
            meant = f"did you mean `{near[0]}`? " if near else ""
            names = ", ".join(f"`{one}`" for one in known) or "none"
            raise ParameterError(f"`{shown}` is not a parameter of this page; {meant}Accepted: {names}.")
        if name in request.repeated:
            raise ParameterError(f"`{name}` is given several times: expected one value.")
        if "\0" in text:
            raise ParameterError(f"`{name}` has a NUL character, which nothing that is recorded has.")


def refusal(error: ParameterError, link: str) -> Page:
    """Return the page for an invalid URL; ``link`` leads on."""
    from change_events.server.page import Page

    return Page("error.html", {"title": "This address cannot be answered", "text": str(error), "link": link}, 400)
