"""A response."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response.

    Attributes:
        content: the body.
        kind: its media type.
        status: of the response.
    """

    content: str | bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
