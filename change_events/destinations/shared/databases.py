"""The address of a ledger, of a database or a collector, and what of it may be shown. Standard library only."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from change_events.destinations.shared.loopback import is_loopback

_SCHEMES = {"postgresql", "postgres"}
_PASSWORDS = {"password", "sslpassword", "oauth_client_secret"}
_SECRET_PARAMETERS = {*_PASSWORDS, "passfile"}
_LONGEST_TOKEN = 512
_OF_COLLECTOR = "expected https://HOST[:PORT]"
_UNREADABLE = f"cannot be read; {_OF_COLLECTOR}"
_MORE_PARTS = f"has parts that it may not have; {_OF_COLLECTOR}; a token or a password is not part of it"
_PLAIN = f"would show the token to the network; {_OF_COLLECTOR} (http:// is for this machine alone)"


class Database(NamedTuple):
    """An address taken apart.

    Attributes:
        shown: scheme, hosts, ports and database.
        secrets: the passwords in it, in each form that they may be quoted in.
    """

    shown: str
    secrets: tuple[str, ...]


def database_of(url: str) -> Database | None:
    """The parts of ``postgresql://…``; None where it is none, or a password is not where a password has to be."""
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return None
    login, _, hosts = parts.netloc.rpartition("@")
    if parts.scheme not in _SCHEMES or parts.fragment or "@" in login + parts.path or "/" in parts.path[1:]:
        return None
    if any(not _is_host(host) for host in hosts.split(",")):
        return None
    password = login.partition(":")[2]
    given = [text for name, text in parameters if name in _SECRET_PARAMETERS]
    secrets = dict.fromkeys([password, unquote(password), *given])
    return Database(f"{parts.scheme}://{hosts}{parts.path}", tuple(filter(None, secrets)))


class Collector(NamedTuple):
    """The address of a collector, without a slash at its end; where it cannot be one, a clause that says why."""

    address: str
    trouble: str = ""


def is_of_http(url: str) -> bool:
    """Whether it is meant as the address of a collector."""
    return url.startswith(("https://", "http://"))


def collector_at(url: str) -> Collector:
    """The collector that a URL means.

    A token goes there: it has to be https, unless it is this machine. A user, a password and a query belong nowhere.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Collector("", _UNREADABLE)
    if "@" in url or parts.query or parts.fragment:
        return Collector("", _MORE_PARTS)
    if not (host and is_of_http(url) and url.isascii() and url.isprintable()) or " " in url:
        return Collector("", _UNREADABLE)
    if parts.scheme == "http" and not is_loopback(host):
        return Collector("", _PLAIN)
    return Collector(f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"))


def is_token(text: str) -> bool:
    """Whether it could be the token of a collector, as far as HTTP can carry it."""
    return 0 < len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable() and " " not in text


def has_password(url: str) -> bool:
    """Whether a password is in an address, where one may be."""
    if database_of(url) is None:
        return False
    parts = urlsplit(url)
    return bool(parts.password) or any(name in _PASSWORDS for name, _ in parse_qsl(parts.query))


def host_of(url: str) -> str:
    """The host of an address, or the folder of its socket; empty where the variables of libpq say it."""
    try:
        parts = urlsplit(url)
        named = parts.netloc.rpartition("@")[2] and parts.hostname
    except ValueError:
        return ""
    return unquote(named or dict(parse_qsl(parts.query)).get("host", ""))


def _is_host(text: str) -> bool:
    """Name or address and port; empty for what the variables of libpq say."""
    name, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if colon and not port.isdecimal():
        return False
    return all(one.isalnum() or one in "[]:.-_%" for one in (name if colon else text))
