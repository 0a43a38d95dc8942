"""Problem documents for failed requests (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from change_events.ledger import rights
from change_events.query.wire import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Mapping

TROUBLES = {
    rights.READ_ONLY: "its ledger is read-only, as a standby is",
    rights.DENIED: "its user of the database has not the rights: `tfevent events ledger init --team NAME` prints what "
    "to grant",
}
"""What keeps a collector from recording or reading → the same in words."""


class WrongEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one event.

    Attributes:
        index: of the event in the request, from 0.
        problem: a clause.
        key: where in the event, such as ``changes[0].action``.
    """

    index: int
    problem: str
    key: str = ""


class RequestProblem(Exception):  # noqa: N818  # a response, not an error
    """A request that is refused.

    Attributes:
        status: status of the response.
        detail: what is wrong and what to do, without texts of the request.
        errors: the invalid events.
        retry_after: seconds until the same request may be retried.
        code: machine-readable reason.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: tuple[WrongEvent, ...] = (),
        *,
        retry_after: float | None = None,
        code: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.code = code

    def response(self) -> Response:
        """Return the response."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.code:
            document["code"] = self.code
        if self.errors:
            document["errors"] = self.errors
        return Response(msgspec.json.encode(document), self.status, headers=self._headers(), media_type=PROBLEM)

    def _headers(self) -> Mapping[str, str]:
        headers = {}
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = 'Bearer realm="tfevent"'
        if self.retry_after is not None:
            headers["retry-after"] = str(max(1, round(self.retry_after)))
        return headers
