"""``tfevent events serve``: the timeline in a browser."""

from __future__ import annotations

import ipaddress
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.render.terminal import note
from change_events.errors import LedgerError, TfeventError
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from starlette.types import ASGIApp

    from change_events.cli.session import Session
    from change_events.server.command import Options

EXIT_PORT_IN_USE = 69
"""sysexits' EX_UNAVAILABLE."""

_PORT = 8417
_EXTRA = ("starlette", "uvicorn")
_LABEL = lazy_pattern(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HEADER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


_PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("fc00::/7", "fe80::/10"),
)


def _is_private(network: IPv4Network | IPv6Network) -> bool:
    """Return whether a whole network is private; `is_private` is also true of 0.0.0.0/0."""
    known = map(ipaddress.ip_network, _PRIVATE)
    return any(network.version == one.version and network.subnet_of(one) for one in known)  # type: ignore[arg-type]


class _Network(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2 only
    name = "network"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Any:
        try:
            network = ipaddress.ip_network(str(value))
        except ValueError:
            raise click.BadParameter(f"{value!r} is not an address or network such as 10.0.0.0/24") from None
        if network.num_addresses > 1 and not _is_private(network):
            raise click.BadParameter(
                f"{value} has public addresses: a client with one of them could name any user in the header; "
                "give the address of the proxy, or its private network"
            )
        return network


class _Address(click.ParamType):  # type: ignore[type-arg] # likewise
    name = "address"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Any:
        try:
            return ipaddress.ip_address("127.0.0.1" if value == "localhost" else str(value))
        except ValueError:
            raise click.BadParameter(f"{value!r} is not an IP address") from None


class _HostName(click.ParamType):  # type: ignore[type-arg] # likewise
    name = "name"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Any:
        given = str(value).removesuffix(".")
        with suppress(ValueError):
            return str(ipaddress.ip_address(given.removeprefix("[").removesuffix("]")))
        if all(map(_LABEL.fullmatch, given.split("."))):
            return given
        raise click.BadParameter(
            f"{value!r} is not the name of a host, such as events.example.org: without https://, port or path, and "
            "each name by itself"
        )


def _header_name(_context: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value or not set(value.lower()) <= _HEADER):
        raise click.BadParameter(f"{value!r} is not the name of a header, such as X-Forwarded-User")
    return value and value.lower()


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    "serve",
    short_help="Show what changed in a browser: the timeline.",
    epilog=examples(
        "tfevent events serve                  the journal of this machine, for this browser only",
        "tfevent events serve --port 0         on any free port",
        "tfevent events serve --bind 0.0.0.0 --certificate web.pem --key web.key --allow-host ops.example.org",
        "tfevent events serve --behind-proxy 127.0.0.1 --trusted-user-header X-Forwarded-User --allow-host "
        "changes.example.org",
        "tfevent events serve --ledger postgresql://reader@db.example.org/events --team shop",
        "tfevent events serve --collect --ledger postgresql://serve@db.example.org/events",
    ),
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=_PORT, show_default=True, help="Port; 0 for a free one."
)
@click.option("--bind", type=_Address(), default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--once", is_flag=True, help="Fetch each page and the newest event once, print the results, and exit.")
@click.option("--certificate", type=_FILE, metavar="FILE", help="Certificate with its chain, in PEM: serve with TLS.")
@click.option("--key", type=_FILE, metavar="FILE", help="Key of the certificate, in PEM.")
@click.option(
    "--behind-proxy", "proxies", type=_Network(), multiple=True, metavar="NETWORK",
    help="Address or private network of the proxy that signs users in; other clients are refused (repeatable).",
)  # fmt: skip
@click.option(
    "--trusted-user-header", callback=_header_name, metavar="NAME", help="Header in which the proxy names the user."
)
@click.option(
    "--trusted-group-header", callback=_header_name, metavar="NAME",
    help="With --ledger: header in which the proxy names the user's groups; users can read the teams with these names.",
)  # fmt: skip
@click.option(
    "--allow-host",
    "hosts",
    type=_HostName(),
    multiple=True,
    metavar="NAME",
    help="Host name by which it is reached, at any port (repeatable).",
)
@click.option(
    "--collect",
    is_flag=True,
    help="With --ledger: also run a collector: record events and answer queries at /v1, by token.",
)
@ledger_option
@click.pass_obj
def serve_command(session: Session, /, *, collect: bool, **options: Any) -> int:
    """Serve the timeline of the events recorded on this machine, or in a team's ledger, until Ctrl-C.

    Prints a link that opens once, and opens it where there is a desktop. Pages are read only.

    Exit codes: 0 after SIGTERM or `--once`, 130 after Ctrl-C, 69 if the port is in use or the ledger cannot be used,
    1 for other errors.
    """
    _check_extra()
    from change_events.server.command import Ledger, Place, run
    from change_events.server.listening import PortInUseError

    if options["trusted_group_header"] and session.ledger is None:
        raise click.UsageError("--trusted-group-header needs --ledger: a journal has no teams")
    if session.ledger is not None:
        if session.ledger.startswith(("https://", "http://")):
            raise LedgerError(
                "pages are served from the database of a ledger, and not from a collector; "
                "expected postgresql://USER@HOST:PORT/DATABASE"
            )
        place: Place | Ledger = Ledger(session.ledger, session.team)
    else:
        place = Place(session.settings.journal, _upkeep(session))
    if collect and session.ledger is None:
        raise click.UsageError("--collect records in a ledger: give --ledger postgresql://USER@HOST/DATABASE")
    checked = _options(**options)
    try:
        with _collector(session.ledger) if collect and session.ledger else nullcontext() as api:
            return run(place, checked._replace(api=api), note)
    except PortInUseError as error:
        note(str(error))
        return EXIT_PORT_IN_USE


@contextmanager
def _collector(url: str) -> Iterator[ASGIApp]:
    """Return the collector. Raises LedgerError if the ledger cannot be used."""
    from change_events.collector.application import application
    from change_events.collector.ledger_pool import LedgerPool
    from change_events.collector.reader_pool import ReaderPool
    from change_events.collector.reading import Reading
    from change_events.collector.recording import Recording

    pool, readers = LedgerPool(url, note), ReaderPool(url)
    try:
        pool.open()
        yield application([*Recording(pool, note).routes(), *Reading(readers, note).routes()])
    finally:
        readers.close()
        pool.close()


def _check_extra() -> None:
    for package in _EXTRA:
        if find_spec(package) is None:
            raise TfeventError(f"`tfevent events serve` needs the package {package}: pip install 'tfevent[server]'")


def _options(
    *,
    certificate: Path | None,
    key: Path | None,
    trusted_user_header: str | None,
    trusted_group_header: str | None,
    no_browser: bool,
    bind: IPv4Address | IPv6Address,
    proxies: Sequence[IPv4Network | IPv6Network],
    once: bool,
    **others: Any,
) -> Options:
    """Return the checked options. Raises click.UsageError for an invalid combination."""
    from change_events.server.command import Options
    from change_events.server.listening import Certificate

    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key require each other")
    if bool(proxies) != bool(trusted_user_header):
        raise click.UsageError("--behind-proxy and --trusted-user-header require each other")
    if trusted_group_header and not proxies:
        raise click.UsageError("--trusted-group-header requires --behind-proxy")
    if trusted_group_header and trusted_group_header == trusted_user_header:
        raise click.UsageError("--trusted-user-header and --trusted-group-header must be different headers")
    if once and proxies:
        raise click.UsageError("--once cannot be used with --behind-proxy, where only the proxy may fetch pages")
    if not (bind.is_loopback or certificate or proxies):
        raise click.UsageError(
            f"{bind} can be reached by other machines: give --certificate and --key, or --behind-proxy and "
            "--trusted-user-header of a proxy that signs people in"
        )
    return Options(
        bind=bind,
        browser=not no_browser,
        once=once,
        certificate=Certificate(str(certificate), str(key)) if certificate else None,
        proxies=proxies,
        user_header=trusted_user_header,
        group_header=trusted_group_header,
        **others,
    )


def _upkeep(session: Session) -> Callable[[], None]:
    """Migrate the journal and settle killed runs, as every command does."""
    from change_events.cli.session import Session

    path, tools = session.settings.journal, session.tools

    def work() -> None:
        if path.exists():
            with suppress(TfeventError), Session(tools) as own:  # of its own thread; the pages report what is wrong
                own.mistakes_reported = own.lists = True
                _ = own.journal

    return work
