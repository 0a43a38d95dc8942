"""Selects the proxy of a request by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, like curl and Go.

An entry of NO_PROXY is ``*``, an address, a network (``10.0.0.0/8``, ``fd00::/8``), or a name, which includes its
subdomains; with a leading dot or ``*.``, only these. Addresses and names may have a port. Names are not resolved.
https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config, https://curl.se/libcurl/c/CURLOPT_NOPROXY.html.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import getproxies_environment

from change_events.destinations.shared.loopback import is_loopback
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

_BRACKETED = lazy_pattern(r"\[(?P<host>[^\]]*)\](?P<rest>/\d+|:\d+|)")
_PORT = lazy_pattern(r"(?P<host>[^:]*):(?P<port>\d+)")


class Proxies(NamedTuple):
    """The proxy variables of an environment: addresses by scheme (``http``, ``https``, ``all``), and NO_PROXY."""

    addresses: Mapping[str, str]
    bypassed: tuple[str, ...]

    def address(self, scheme: str, host: str, port: int) -> str | None:
        """Return the proxy's address for a request to ``host`` (IPv6 without brackets); None to connect directly.

        Plain HTTP to this machine is always direct: it may carry tokens because no network sees them.

        Args:
            scheme: ``http`` or ``https``.
            host: name or address.
            port: target port.
        """
        if scheme == "http" and is_loopback(host):
            return None
        found = self.addresses.get(scheme) or self.addresses.get("all")
        if not found or any(_matches(entry, host.lower().rstrip("."), port) for entry in self.bypassed):
            return None
        return found if "://" in found else f"http://{found}"


def from_environment() -> Proxies:
    """Return the current variables, in lower or upper case; a CGI program ignores HTTP_PROXY."""
    found = getproxies_environment()
    entries = re.split(r"[\s,]+", found.pop("no", "").lower())
    return Proxies(found, tuple(entry.rpartition("://")[2] for entry in entries if entry))


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    wanted, only = _taken_apart(entry)
    if only is not None and only != port:
        return False
    address = _address(host)
    if address is not None:
        return _holds(wanted, address)
    name = wanted.removeprefix("*").rstrip(".")
    return bool(name.strip(".")) and (host == name or host.endswith(name if name[0] == "." else f".{name}"))


def _taken_apart(entry: str) -> tuple[str, int | None]:
    """Return host or network of an entry, and its port; an IPv6 address has one only after brackets."""
    if bracketed := _BRACKETED.fullmatch(entry):
        rest = bracketed["rest"]
        if rest.startswith(":"):
            return bracketed["host"], int(rest[1:])
        return bracketed["host"] + rest, None
    if named := _PORT.fullmatch(entry):
        return named["host"], int(named["port"])
    return entry, None


def _holds(wanted: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        network = ip_network(wanted, strict=False)
    except ValueError:
        return False
    return network.version == address.version and address in network


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
