"""Runs a server from the options of `tfevent events serve`."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import JournalError
from change_events.server import browser
from change_events.server.access import Access
from change_events.server.guard import ENTRANCE
from change_events.server.listening import Certificate, check_certificate, listen
from change_events.server.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
    from pathlib import Path

    from starlette.types import ASGIApp

    from change_events.server.sources import JournalSources, Sources

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_UPKEEP = 60.0  # seconds
_AFTER_FIRST = 0.1  # seconds; the first request is answered before deferred work


class Options(NamedTuple):
    """The validated options of the command.

    Attributes:
        port: 0 for any.
        bind: the address to listen on.
        browser: open a browser on a desktop.
        once: fetch the pages and the newest event once, then end.
        certificate: certificate for TLS.
        proxies: networks of a proxy that names the user in ``user_header``.
        user_header: its name in lower case.
        hosts: host names of the server.
        group_header: header of such a proxy with the groups of the user, which are teams; in lower case.
        api: an application for programs, beside the pages.
    """

    port: int
    bind: IPv4Address | IPv6Address
    browser: bool
    once: bool
    certificate: Certificate | None
    proxies: Sequence[IPv4Network | IPv6Network]
    user_header: str | None
    hosts: Sequence[str]
    group_header: str | None = None
    api: ASGIApp | None = None


class Ledger(NamedTuple):
    """A ledger to serve: its URL, and the team; None for all readable ones."""

    url: str
    team: str | None


class Place(NamedTuple):
    """A journal to serve, which need not exist.

    Attributes:
        journal: its file.
        keep_up: migrates it and settles killed runs, as every command does.
    """

    journal: Path
    keep_up: Callable[[], None]


def run(place: Place | Ledger, options: Options, note: Callable[[str], None]) -> int:
    """Serve until a signal arrives, and return the exit code.

    Args:
        place: the journal or ledger.
        options: options of the command.
        note: prints a line for the user.

    Raises:
        PortInUseError: another process listens on the port.
        LedgerError: the ledger cannot be reached or read.
        TfeventError: the address or the certificate cannot be used.
    """
    signal.signal(signal.SIGTERM, _end)  # until the server installs its own
    if options.certificate:
        check_certificate(options.certificate)
    with listen(str(options.bind), options.port) as listener, ExitStack() as stack:
        server = _Server(options, listener, _sources(place), note)
        if options.once:
            return server.check()
        server.announce(stack)
        if isinstance(place, Place):
            _start_upkeep(place.keep_up, stack)
        return server.serve()


def _sources(place: Place | Ledger) -> Sources:
    if isinstance(place, Place):
        return _of_journal(place)
    from change_events.server.ledger_sources import LedgerSources

    return LedgerSources(place.url, place.team)


class _Server:
    """The parts of a server, made from the options."""

    def __init__(
        self, options: Options, listener: socket.socket, sources: Sources, note: Callable[[str], None]
    ) -> None:
        self._options = options
        self._listener = listener
        self._sources = sources
        self._note = note
        self._policy = _policy(options, listener.getsockname()[1])
        self._base = _base(options, self._policy)
        self._access = Access(lambda token: _print(self._link(token)))

    def announce(self, stack: ExitStack) -> None:
        """Print the URL, and open it on a desktop; the stack cleans up."""
        name = self._sources.name
        if self._options.user_header:
            _print(self._base)
            self._note(f"{name}; {_for_proxy(self._options)}; Ctrl-C ends")
            return
        link = self._link(self._access.token)
        _print(link)
        self._note(f"{name}; the link opens one browser, once; Ctrl-C ends")
        if self._options.browser and (command := browser.opener()):
            stack.enter_context(browser.opened(command, link))

    def serve(self) -> int:
        """Serve until a signal arrives; return the exit code."""
        return self._run(None)

    def check(self) -> int:
        """Serve the requests of the self-check, then return its exit code."""

        async def fetch() -> int:
            from change_events.server.self_check import fetch_all

            return await fetch_all(self._link(self._access.token), self._options.certificate)

        return self._run(fetch)

    def _run(self, beside: Callable[[], Awaitable[int]] | None) -> int:
        from change_events.server.app import Application
        from change_events.server.serving import serve
        from change_events.server.watching import Broadcast

        broadcast = Broadcast(self._sources.watcher())
        app = Application(self._sources, broadcast, self._policy, self._access, self._note)
        _later(_AFTER_FIRST, app.prepare)

        def stopping() -> None:
            self._sources.interrupt()
            broadcast.end()

        answering = app.asgi(self._options.api)
        return asyncio.run(serve(answering, self._listener, self._options.certificate, beside, stopping))

    def _link(self, token: str) -> str:
        return f"{self._base}{ENTRANCE}?token={token}"


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _policy(options: Options, port: int) -> Policy:
    hosts = {str(options.bind)}
    if options.bind.is_loopback:
        hosts |= {*_LOOPBACK}
    if options.bind.is_unspecified:
        hosts |= {*_LOOPBACK, socket.gethostname()}
    return Policy(
        hosts=frozenset(host.lower() for host in hosts),
        port=port,
        names=frozenset(host.lower() for host in options.hosts),
        secure=options.certificate is not None,
        user_header=options.user_header.encode("ascii") if options.user_header else None,
        proxies=options.proxies,
        group_header=options.group_header.encode("ascii") if options.group_header else None,
    )


def _base(options: Options, policy: Policy) -> str:
    if options.bind.is_unspecified and not options.once:
        host = options.hosts[0] if options.hosts and not options.user_header else socket.gethostname()
    else:
        host = "127.0.0.1" if options.bind.is_unspecified else str(options.bind)
    return f"{'https' if policy.secure else 'http'}://{f'[{host}]' if ':' in host else host}:{policy.port}"


def _for_proxy(options: Options) -> str:
    """Return a note on which client uses the printed address, and what users open instead."""
    proxies = " and ".join(str(one.network_address if one.num_addresses == 1 else one) for one in options.proxies)
    hosts = " or ".join(options.hosts)
    people = f"people open {hosts} there" if hosts else "--allow-host has to name what people open there"
    teams = ", and read the teams of their groups" if options.group_header else ""
    return f"the address is for the proxy at {proxies} alone, {people}{teams}"


def _print(link: str) -> None:
    with suppress(OSError, ValueError):  # the reader has closed it
        sys.stdout.write(link + "\n")
        sys.stdout.flush()


def _of_journal(place: Place) -> JournalSources:
    """Return sources of the journal, migrated before the first request."""
    from change_events.server.sources import JournalSources

    sources = JournalSources(place.journal)
    try:
        with sources.open():
            pass
    except JournalError:
        place.keep_up()
    return sources


def _start_upkeep(work: Callable[[], None], stack: ExitStack) -> None:
    ended = threading.Event()
    stack.callback(ended.set)

    def loop() -> None:
        while True:
            work()
            if ended.wait(_UPKEEP):
                return

    threading.Thread(target=loop, name="upkeep", daemon=True).start()


def _later(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()
