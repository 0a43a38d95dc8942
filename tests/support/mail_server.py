"""A real SMTP server on loopback (aiosmtpd) that keeps what it gets and answers as it is set up to.

``MailServer(rcpt=..., data=...)``: for each step of a session a function of its arguments that returns the reply, or
None for the usual one. aiosmtpd is imported when the first server is made.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable

_folder = TemporaryDirectory(prefix="authority-")


@cache
def authority() -> trustme.CA:
    return trustme.CA()


@cache
def ca_file() -> str:
    path = Path(_folder.name) / "ca.pem"
    authority().cert_pem.write_to_path(path)
    return str(path)


@cache
def server_context(name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name, "127.0.0.1" if name == "localhost" else name).configure_cert(context)
    return context


@dataclass(frozen=True)
class Mail:
    """A message as it was handed over: ``user`` as logged in, ``secure`` whether over TLS."""

    user: str
    secure: bool
    sender: str
    recipients: tuple[str, ...]
    data: bytes
    session: int


class MailServer:
    """Use as a context manager; ``port`` is where it listens.

    Args:
        tls: ``starttls``, ``tls`` or ``none``.
        password: what a login has to give; None for no login at all.
        size: the greatest message that it takes, which it announces.
        rcpt: reply to a recipient's address; ``mail`` likewise to a sender's, ``data`` to a message.
        login: reply to a user and password in place of the check.
        mechanisms: ways to log in that it does not offer.
    """

    def __init__(  # noqa: C901 - a server and its handlers, which share one script
        self,
        tls: str = "starttls",
        password: str | None = None,
        *,
        size: int | None = 33_554_432,
        mail: Callable[[str], str | None] = lambda _: None,
        rcpt: Callable[[str], str | None] = lambda _: None,
        data: Callable[[Mail], str | None] = lambda _: None,
        login: Callable[[str, str], bool] | None = None,
        without: tuple[str, ...] = (),
        certificate: str = "localhost",
    ) -> None:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword

        self.received: list[Mail] = []
        self.commands: list[str] = []
        self.sessions = 0
        context = server_context(certificate)

        def authenticate(_server, _session, _envelope, _mechanism, credentials):
            assert isinstance(credentials, LoginPassword)
            user, given = credentials.login.decode(), credentials.password.decode()
            good = login(user, given) if login else given == password
            return AuthResult(success=good, handled=False, auth_data=user)

        outer = self

        class Handler:
            async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
                session.host_name = hostname
                outer.commands.append(f"EHLO {hostname}")
                return responses

            async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
                outer.commands.append(f"MAIL {address} {' '.join(options)}")
                if reply := mail(address):
                    return reply
                envelope.mail_from = address
                return "250 OK"

            async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
                if reply := rcpt(address):
                    return reply
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
                found = Mail(
                    session.auth_data or "",
                    session.ssl is not None or tls == "tls",
                    envelope.mail_from,
                    tuple(envelope.rcpt_tos),
                    envelope.original_content,
                    id(session),
                )
                reply = await asyncio.get_running_loop().run_in_executor(None, data, found)
                if not reply or reply.startswith("250"):
                    outer.received.append(found)
                return reply or "250 OK"

        options = {"data_size_limit": size, "auth_exclude_mechanism": without, "ident": "test"}
        if password is not None or login is not None:
            options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        outside = {"ssl_context": context} if tls == "tls" else {}

        class Listening(Controller):
            def _trigger_server(self):
                self.port = self.server.sockets[0].getsockname()[1]  # it was asked for any
                super()._trigger_server()

            def factory(self):
                outer.sessions += 1
                return super().factory()

        self._controller = Listening(Handler(), hostname="127.0.0.1", port=0, ready_timeout=60, **outside, **options)

    def __enter__(self) -> Self:
        self._controller.start()
        self.port = self._controller.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        # aiosmtpd leaves open connections to the garbage collector, which warns of each in whatever test runs then
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._controller.loop).result(60)
        self._controller.stop()

    async def _hang_up(self) -> None:
        for connection in list(self._controller.loop._transports.values()):  # a TLS handshake is in no public list
            connection.abort()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round

    def options(self, **more) -> dict[str, object]:
        """Those of a destination that sends here."""
        given = {
            "host": "localhost",
            "port": self.port,
            "ca_file": ca_file(),
            "from": "tfevent <tfevent@example.com>",
            "to": ["ops@example.com"],
        } | more
        return {name: value for name, value in given.items() if value is not None}
