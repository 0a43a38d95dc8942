"""The bearer token of a request (RFC 6750)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


def bearer_token(request: Request) -> str | None:
    """Return the token of the only ``Authorization`` header; None if there is none, or more than one."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None
