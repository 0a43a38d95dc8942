"""The collector's application: its routes, and problem documents for unknown routes and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from change_events.collector.problems import RequestProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

_WORDS = {
    404: "there is no such route; /v1/openapi.json describes those that are",
    405: "the route has other methods",
}


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return an ASGI application for these routes, to be placed behind the server's guard."""
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})  # type: ignore[dict-item]  # a type for each
    app.router.redirect_slashes = False
    return app


async def _refused(_request: Request, error: HTTPException) -> Response:
    response = RequestProblem(error.status_code, _WORDS.get(error.status_code, "the request is refused")).response()
    response.headers.update(error.headers or {})
    return response
