"""Sends mail to an SMTP server, one connection per flush, over TLS unless plain text is configured.

The standard library's client restarts its timeout for each reply, so that a server sending a byte now and then could
hold it forever: a timer closes the connection at the deadline.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from change_events.delivery import network
from change_events.delivery.transport import TransportError
from change_events.destinations.base import Request, Response
from change_events.destinations.shared.mail import GREET, MailRequest, base64_of, plain_login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

_AUTH_DONE, _AUTH_GO_ON = 235, 334
_SERVICE_READY = 220
_TOO_LARGE = 552


def get_ready() -> None:
    """Import the modules for a login and headers."""
    import email.header  # noqa: F401


def open_transport(options: Mapping[str, Any]) -> SmtpTransport:
    """Return the connection of one destination, by its options."""
    ca_file = options.get("ca_file")
    return SmtpTransport(str(ca_file) if ca_file else None)


class _RefusedError(Exception):
    """The server refused a step: ``response`` is its reply."""

    def __init__(self, stage: str, code: int, text: bytes | str) -> None:
        super().__init__(stage)
        self.response = Response(code, {"stage": stage}, _bytes(text))


class SmtpTransport:
    """A connection to one server; see :class:`Transport`.

    Args:
        ca_file: trust only the authorities in this file.
    """

    def __init__(self, ca_file: str | None = None) -> None:
        self._ca_file = ca_file
        self._client: _Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def abandon(self) -> None:
        """Do nothing: what the thread waits for ends with the process."""

    def send(self, request: Request, deadline: float) -> Response:
        """Send one message, or only greet the server.

        Returns:
            The code of the deciding reply as ``status``, its text as ``body``. ``headers`` have ``stage``, the step it
            replies to (``connect``, ``ehlo``, ``auth``, ``mail``, ``rcpt``, ``data``), and for a message
            ``message-id``, ``size`` (the server's limit) and, if some were refused, ``recipients`` and ``refused``.

        Raises:
            TransportError: the connection failed, or offers no TLS.
        """
        if not isinstance(request, MailRequest):
            raise TypeError("not a message")
        try:
            client = self._connected(request, deadline)
            with client.until(deadline):
                return Response(250, {"stage": "ehlo"}) if request.method == GREET else _handed_over(client, request)
        except _RefusedError as refused:
            return refused.response
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._close()
            raise TransportError(_clause(error, deadline)) from None

    def _connected(self, request: MailRequest, deadline: float) -> _Client:
        """Return the open connection if it still works, else a new one, logged in unless it is only for a greeting.

        A connection whose TLS or login failed is never kept.
        """
        if deadline - time.monotonic() <= 0:
            raise TransportError("time limit reached")
        if self._client is not None:
            with suppress(OSError, smtplib.SMTPException), self._client.until(deadline):
                if self._client.rset()[0] == 250:  # noqa: PLR2004 - SMTP's success
                    return self._client
            self._close()
        client = _Client(request, self._ca_file, deadline)
        try:
            with client.until(deadline):
                client.begin()
                if request.username and request.method != GREET:
                    client.log_in(request.username, request.password)
        except BaseException:
            client.leave()
            raise
        self._client = client
        return client

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.leave()


class _Client(smtplib.SMTP):
    """The standard library's client, with time limits for all steps together."""

    def __init__(self, request: MailRequest, ca_file: str | None, deadline: float) -> None:
        self._request = request
        self._deadline = deadline
        self._context = network.trusted(ca_file) if request.security != "none" else None
        # a name of ours spares a look-up of this machine's own, which can take many seconds
        super().__init__(local_hostname="localhost", timeout=max(0.01, deadline - time.monotonic()))
        self._host = request.server  # what STARTTLS checks the certificate by

    def begin(self) -> None:
        """Connect and greet, over TLS if configured. Raises the errors of the standard library."""
        code, said = self.connect(self._request.server, self._request.port)
        if code != _SERVICE_READY:
            raise _RefusedError("connect", code, said)
        self._greet()
        if self._request.security == "starttls":
            if not self.has_extn("starttls"):
                raise TransportError("it offers no STARTTLS, and nothing is sent without it; see `security`")
            try:
                self.starttls(context=self._context)
            except smtplib.SMTPResponseException as error:
                refused = f"it refused STARTTLS ({error.smtp_code}), and nothing is sent without it"
                raise TransportError(refused) from None
            self._greet()

    def _greet(self) -> None:
        if self.sock is not None:
            address = str(self.sock.getsockname()[0])
            self.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        code, said = self.ehlo()
        if not 200 <= code < 300:  # noqa: PLR2004 - SMTP's success
            raise _RefusedError("ehlo", code, said)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Return the connection for the base class, with TLS from the start if configured."""
        plain = socket.create_connection((host, port), max(0.01, min(timeout, self._deadline - time.monotonic())))
        self.sock = plain  # what the timer closes
        if self._request.security != "tls" or self._context is None:
            return plain
        return self._context.wrap_socket(plain, server_hostname=host)

    def log_in(self, username: str, password: str) -> None:
        """Log in with PLAIN or LOGIN, in UTF-8. Raises _RefusedError.

        The base class's ``login`` accepts ASCII passwords only, and quotes others in its error.
        """
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            code, said = self.docmd("AUTH", f"PLAIN {plain_login(username, password)}")
        elif "LOGIN" in offered:
            code, said = self.docmd("AUTH", f"LOGIN {base64_of(username)}")
            if code == _AUTH_GO_ON:
                code, said = self.docmd(base64_of(password))
        else:
            raise TransportError("it offers no login with PLAIN or LOGIN; leave out `username` and `password`")
        if code != _AUTH_DONE:
            raise _RefusedError("auth", code, said)

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Limit the block to ``deadline``, at which the connection is closed."""
        left = max(0.01, deadline - time.monotonic())
        self._deadline = deadline
        if self.sock is not None:
            self.sock.settimeout(left)
        timer = threading.Timer(left, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """Close the connection, without waiting for the server's farewell."""
        if self.sock is not None:
            with suppress(OSError, smtplib.SMTPException):
                self.sock.settimeout(1)
                self.putcmd("quit")
        with suppress(OSError):
            self.close()


def _handed_over(client: _Client, request: MailRequest) -> Response:
    """Send envelope and message. A refused recipient does not prevent delivery to others."""
    size = client.esmtp_features.get("size", "")
    limit = int(size) if size.isascii() and size.isdigit() else 0
    headers = {"message-id": request.message_id, "size": str(limit or "")}
    if limit and len(request.body) > limit:
        return Response(_TOO_LARGE, {**headers, "stage": "mail"}, b"")
    try:
        refused = _envelope(client, request)
        code, said = client.data(request.body)
    except smtplib.SMTPDataError as error:
        return Response(error.smtp_code, {**headers, "stage": "data"}, _bytes(error.smtp_error))
    except _RefusedError as error:
        return Response(error.response.status, {**headers, **error.response.headers}, error.response.body)
    headers["stage"] = "data"
    if refused and 200 <= code < 300:  # noqa: PLR2004 - SMTP's success
        headers |= {"refused": str(len(refused)), "recipients": str(len(request.recipients))}
        said = "; ".join(f"{who}: {code} {_line(text)}" for who, (code, text) in refused).encode()
    return Response(code, headers, said)


def _envelope(client: _Client, request: MailRequest) -> list[tuple[str, tuple[int, bytes]]]:
    """Send sender and recipients. Returns the refused recipients with the replies; raises _RefusedError if all are."""
    options = [f"size={len(request.body)}"] if client.has_extn("size") else []
    code, said = client.mail(request.sender, options)
    if code != 250:  # noqa: PLR2004 - the one success of MAIL
        raise _RefusedError("mail", code, said)
    refused = _refused_recipients(client, request.recipients)
    if len(refused) == len(request.recipients):
        raise _RefusedError("rcpt", *min(reply for _, reply in refused))  # one that may pass goes first
    return refused


def _refused_recipients(client: _Client, recipients: tuple[str, ...]) -> list[tuple[str, tuple[int, bytes]]]:
    replies = [(recipient, client.rcpt(recipient)) for recipient in recipients]
    return [(recipient, reply) for recipient, reply in replies if reply[0] not in {250, 251, 252}]


def _bytes(said: bytes | str) -> bytes:
    return said.encode(errors="replace") if isinstance(said, str) else said


def _line(text: bytes) -> str:
    return " ".join(text.decode(errors="replace").split())


def _clause(error: Exception, deadline: float) -> str:
    """Return why there is no reply, in tfevent's words: texts of the library may quote the server."""
    if time.monotonic() >= deadline or isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLError) or not isinstance(error, smtplib.SMTPException):
        return network.clause(error) or network.FAILED
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection"
    return "its answer is not SMTP"
