"""The access policy of the server, set once by the options of the command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

URL_BYTES = 8_192
HEADER_BYTES = 16_384
CONNECTIONS = 100
WAITING = 50
"""Connections without a request that is answered; of more, the oldest of the client with the most is dropped."""

STREAMS = 16
PAGES_AT_ONCE = 4
"""Pages that are made at the same time; others wait for their turn."""

QUERY_SECONDS = 5.0
"""After which an answer of the source is broken off."""

CONNECT_SECONDS = 5
"""To reach a ledger, where its address does not say."""

REQUEST_SECONDS = 10.0
"""For a client to send its request, and to take what it is sent."""

HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
"""Of every response, whatever it is."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The access policy.

    Attributes:
        hosts: accepted names and addresses in ``Host``, in lower case, without a port.
        port: port of the server, and of ``Host`` unless a proxy is in front.
        names: accepted names in ``Host`` with any port.
        secure: the server itself speaks TLS.
        user_header: header of a proxy with the user, in lower case; None if access is by links.
        proxies: networks of the proxy.
        group_header: header of the proxy with the groups of the user, in lower case, whose names are those of
            teams; None if everybody may read everything served.
    """

    hosts: frozenset[str]
    port: int
    names: frozenset[str] = frozenset()
    secure: bool = False
    user_header: bytes | None = None
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    group_header: bytes | None = None

    @property
    def cookie(self) -> str:
        """The name of the cookie, with the port, since cookies of a host are shared by all its ports."""
        return f"{'__Host-' if self.secure else ''}tfevent-{self.port}"
