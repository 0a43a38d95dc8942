"""The URL of a ledger (database or collector), and the part of it that may be shown. Standard library only."""

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
    """A parsed URL of a database.

    Attributes:
        shown: scheme, hosts, ports and database.
        secrets: its passwords, in each form in which they may be quoted.
    """

    shown: str
    secrets: tuple[str, ...]


def database_of(url: str) -> Database | None:
    """Return the parts of ``postgresql://…``; None if it is invalid, or has a password in the wrong place."""
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
    """The URL of a collector without a trailing slash; if it is invalid, a clause with the reason."""

    address: str
    trouble: str = ""


def is_of_http(url: str) -> bool:
    """Return whether it is meant as the URL of a collector."""
    return url.startswith(("https://", "http://"))


def collector_at(url: str) -> Collector:
    """Return the collector of a URL.

    It must be https since a token is sent, except on this machine, without user, password and query.
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
    """Return whether it could be a token, as far as HTTP can transfer it."""
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
    """Return host and port; empty if they come from libpq's variables."""
    name, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if colon and not port.isdecimal():
        return False
    return all(one.isalnum() or one in "[]:.-_%" for one in (name if colon else text))
