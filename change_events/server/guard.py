"""The guard of all routes: which requests are accepted, and the headers of every response."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING

from change_events.server.plain_page import PlainPage
from change_events.server.policy import HEADER_BYTES, HEADERS, URL_BYTES
from change_events.server.reader import has_controls, teams_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from change_events.server.access import Access
    from change_events.server.policy import Policy

API = "/v1/"
"""Under which programs ask: their requests have tokens, and no session."""

ENTRANCE = "/enter"
STATIC = "/static/"
_METHODS = ("GET", "HEAD")
_OWN = (b"same-origin", b"none")
_NAVIGATION = (b"navigate", b"document")


class Guard:
    """An ASGI application that passes only allowed requests to another one.

    Args:
        app: the guarded application.
        policy: the access policy.
        access: the open sessions.
        api: the application for programs.
    """

    def __init__(self, app: ASGIApp, policy: Policy, access: Access, api: ASGIApp | None = None) -> None:
        self._app = app
        self._api = api
        self._policy = policy
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; websockets and lifespan are not supported."""
        if scope["type"] != "http":
            return
        if self._api is not None and scope["path"].startswith(API):
            app: ASGIApp = self._api_refusal(scope) or self._api
        else:
            app = self._refusal(scope) or self._app
        await app(scope, receive, _with_headers(send))

    def _api_refusal(self, scope: Scope) -> PlainPage | None:
        refusal = _too_long(scope) or self._other_host(scope) or _other_site(scope)
        if refusal is None and self._policy.user_header is not None:
            refusal = self._no_proxy(scope)
        return refusal and replace(refusal, for_programs=True)

    def _refusal(self, scope: Scope) -> PlainPage | None:
        for check in (_bad_request, self._other_host, _other_site, self._no_access):
            if refusal := check(scope):
                return refusal
        return None

    def _other_host(self, scope: Scope) -> PlainPage | None:
        """Reject other host names, which a foreign DNS may resolve to this server (DNS rebinding)."""
        given = _values(scope, b"host")
        if len(given) == 1 and self._is_ours(given[0].decode("latin-1").lower()):
            return None
        return PlainPage(
            403,
            "This address is not one of this server's",
            "It answers under the addresses it was started with. "
            "`tfevent events serve --allow-host NAME` adds the name that people use.",
        )

    def _is_ours(self, host: str) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or not port.isdigit():
            name, port = host, ""
        if name.strip("[]") in self._policy.names:
            return True  # the name protects, and a proxy or a network may map the port
        if self._policy.user_header is None and port != str(self._policy.port):
            default = "443" if self._policy.secure else "80"
            if port or str(self._policy.port) != default:
                return False
        return name.strip("[]") in self._policy.hosts

    def _no_access(self, scope: Scope) -> PlainPage | None:
        if self._policy.user_header is not None:
            return self._no_user(scope, self._policy.user_header) or self._no_team(scope)
        if scope["path"] == ENTRANCE or scope["path"].startswith(STATIC) or self._has_session(scope):
            return None
        self._access.was_refused()
        return PlainPage(
            401,
            "Open this page with the link of the server",
            "The terminal in which `tfevent events serve` runs shows a link that works once. If this browser has "
            "opened it before and came here from another site, follow the link below.",
            again=True,
        )

    def _no_user(self, scope: Scope, header: bytes) -> PlainPage | None:
        if refusal := self._no_proxy(scope):
            return refusal
        users = _values(scope, header)
        if len(users) == 1 and users[0].strip():
            return None
        return PlainPage(
            403,
            "The proxy names more than one user" if len(users) > 1 else "The proxy does not say who asks",
            "Each of its requests has to name one user in the header of `--trusted-user-header`, and those that "
            "clients send it has to remove.",
        )

    def _no_team(self, scope: Scope) -> PlainPage | None:
        header = self._policy.group_header
        if header is None or scope["path"].startswith(STATIC) or teams_of(scope["headers"], self._policy):
            return None
        given = _values(scope, header)
        if any(map(has_controls, given)):
            return PlainPage(
                403,
                "The proxy names groups with control characters",
                "No name of a group has any: the header of `--trusted-group-header` is not taken apart.",
            )
        if len(given) > 1:
            return PlainPage(
                403,
                "The proxy names the groups twice",
                "Each of its requests has to have the header of `--trusted-group-header` once, and those that clients "
                "send it has to remove.",
            )
        return PlainPage(
            403,
            "You are in no group that reads a team's events",
            "The proxy names no group of yours. A group shows the events of the team that has the same name in the "
            "ledger: an administrator of the sign-in can add you to one.",
        )

    def _no_proxy(self, scope: Scope) -> PlainPage | None:
        client = scope.get("client")
        if client and self._is_proxy(client[0]):
            return None
        return PlainPage(
            403,
            "This request does not come from the proxy",
            "The server answers requests of its proxy only, which says who asks. "
            "`--behind-proxy` and `--trusted-user-header` name both.",
        )

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in network for network in self._policy.proxies)

    def _has_session(self, scope: Scope) -> bool:
        name = self._policy.cookie
        pairs = b"; ".join(_values(scope, b"cookie")).decode("latin-1").split(";")
        found = [value for key, _, value in (pair.strip().partition("=") for pair in pairs) if key == name]
        return any(self._access.is_open(value) for value in found[:3])


def _values(scope: Scope, name: bytes) -> Sequence[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _bad_request(scope: Scope) -> PlainPage | None:
    if scope["method"] not in _METHODS:
        return PlainPage(405, "This server only answers GET and HEAD", "It is read only.", allow=", ".join(_METHODS))
    return _too_long(scope)


def _too_long(scope: Scope) -> PlainPage | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_BYTES:
        return PlainPage(414, "This address is too long", f"It may have {URL_BYTES:,} bytes.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
        return PlainPage(431, "The headers of this request are too large", f"They may have {HEADER_BYTES:,} bytes.")
    return None


def _other_site(scope: Scope) -> PlainPage | None:
    """Reject requests from other sites, except links, by the headers that browsers send."""
    site = _values(scope, b"sec-fetch-site")
    if not site or site[-1] in _OWN:
        return None
    navigation = (*_values(scope, b"sec-fetch-mode"), *_values(scope, b"sec-fetch-dest"))
    if scope["method"] == "GET" and navigation == _NAVIGATION:
        return None
    return PlainPage(403, "Another site asked for this", "Pages of other sites may link here, and not load anything.")


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            more = [*HEADERS, (b"cache-control", b"no-store")]
            message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in own)]
        await send(message)

    return guarded
