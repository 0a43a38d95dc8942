"""Sends HTTP requests with httpx: HTTP/1.1, proxies from the environment, no redirects.

Errors and logs show no more of an address than its host: a token may be part of the path.
"""

from __future__ import annotations

import logging
import ssl
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Self

from change_events.delivery import network, proxies
from change_events.delivery.transport import THREAD_PREFIX, TransportError
from change_events.destinations.base import Request, Response

# httpx imports its own command line wherever rich and click are installed: as much CPU again as the client itself.
_modules: dict[str, Any] = sys.modules
_modules.setdefault("httpx._main", None)
import httpx  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_WORDS_BYTES, _WORDS_SECONDS = 16_384, 0.5  # of a body that is only shown to people
_DIRECT = "tfevent.direct"  # of httpx's extensions: goes through no proxy
_BODY_BYTES = 1_048_576  # of a body that decides: an answer may list thousands of entities


def get_ready() -> None:
    """Import what httpx imports on the first connection, which costs as much again as the client itself."""
    import httpcore  # noqa: F401


def open_transport(options: Mapping[str, Any]) -> HttpTransport:
    """Return the connections of one destination, by its options."""
    ca_file = options.get("ca_file")
    return HttpTransport(str(ca_file) if ca_file else None)


class HttpTransport:
    """A connection pool with its trusted authorities; see :class:`Transport`.

    Args:
        ca_file: trust only the authorities in this file.
    """

    def __init__(self, ca_file: str | None = None) -> None:
        self._ca_file = ca_file
        self._clients: dict[bool, httpx.Client] = {}  # by whether they trust no one: plain http needs no authorities

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    def send(self, request: Request, deadline: float) -> Response:
        """Send one request.

        Args:
            request: the request.
            deadline: :func:`time.monotonic` after which no step starts or waits. A deciding body may take all of that
                time, any other half a second.

        Raises:
            TransportError: there is no response: status and headers did not arrive.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise TransportError("time limit reached")
        client = self._client(request)
        # httpx hands this very dict down to the connection: the wait is shortened once the status is known.
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            answer = client.send(_built(client, request, timeouts), stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise TransportError(_clause(error)) from None
        try:
            left = max(0.01, deadline - time.monotonic())
            seconds = left if request.body_decides else min(_WORDS_SECONDS, max(0.01, left / 2))
            timeouts["read"] = seconds
            body, complete = _body(answer, seconds, _most(request))
        finally:
            answer.close()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, body, complete, request.body_decides, request.purpose)

    def abandon(self) -> None:
        """Do nothing: what the thread waits for ends with the process."""

    def _client(self, request: Request) -> httpx.Client:
        plain = request.url.lower().startswith("http:") and (request.direct or not urllib.request.getproxies())
        if plain not in self._clients:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else network.trusted(self._ca_file)
            self._clients[plain] = _client(context)
        return self._clients[plain]


def _most(request: Request) -> int:
    return (request.answer_bytes or _BODY_BYTES) if request.body_decides else _WORDS_BYTES


def _built(client: httpx.Client, request: Request, timeouts: dict[str, float]) -> httpx.Request:
    headers = {"Accept-Encoding": "identity"} | request.headers
    return client.build_request(
        request.method,
        request.url,
        headers=headers,
        content=request.body,
        extensions={"timeout": timeouts, _DIRECT: request.direct},
    )


def _body(answer: httpx.Response, seconds: float, most: int) -> tuple[bytes, bool]:
    """Return at most ``most`` bytes of the body, and whether that is all that can be had within ``seconds``."""
    body = bytearray()
    end = time.monotonic() + seconds
    try:
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) >= most:
                break
            if time.monotonic() >= end:
                return bytes(body), False
    except httpx.HTTPError:
        return bytes(body), False
    return bytes(body[:most]), True


def _client(context: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(transport=_Routes(context), trust_env=False, follow_redirects=False)


class _Routes(httpx.BaseTransport):
    """A connection pool for each proxy of the environment, and one for direct connections.

    httpx reads the same variables, but no networks or ports in NO_PROXY.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._proxies = proxies.from_environment()
        self._pools: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through its proxy. Raises TransportError if the proxy cannot be used."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii", "replace")
        proxy = None if request.extensions.get(_DIRECT) else self._proxies.address(url.scheme, host, port)
        if proxy not in self._pools:
            self._pools[proxy] = self._pool(proxy)
        return self._pools[proxy].handle_request(request)

    def _pool(self, proxy: str | None) -> httpx.HTTPTransport:
        try:
            made = httpx.Proxy(url=proxy) if proxy else None
            return httpx.HTTPTransport(verify=self._context, http1=True, http2=False, trust_env=False, proxy=made)
        except ImportError:
            raise TransportError("a SOCKS proxy needs one more package: pip install socksio") from None
        except (ValueError, httpx.InvalidURL):
            raise TransportError("a proxy variable (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) is not a URL") from None

    def close(self) -> None:
        """Close all pools."""
        for pool in self._pools.values():
            pool.close()


def _clause(error: Exception) -> str:
    """Return why there is no response, in tfevent's words: texts of the library may quote an address."""
    return network.clause(error) or _CLAUSES.get(type(error).__name__, network.FAILED)


_CLAUSES = {
    "ConnectTimeout": "it could not be reached in time",
    "ReadTimeout": "it did not answer in time",
    "WriteTimeout": "it did not take the event in time",
    "RemoteProtocolError": "its answer is not HTTP, or broke off",
    "ReadError": "it closed the connection",
    "WriteError": "it closed the connection",
    "ProxyError": "the proxy refuses (HTTPS_PROXY)",
    "InvalidURL": "its address is not a URL",
    "UnsupportedProtocol": "its address is not one of http or https",
    "LocalProtocolError": "a header or the address has characters that HTTP does not allow",
}


def _not_ours(_: logging.LogRecord) -> bool:
    return not threading.current_thread().name.startswith(THREAD_PREFIX)


# httpx logs whole addresses at level INFO. A logger's filter does not reach its children, hence each by name.
for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_not_ours)
