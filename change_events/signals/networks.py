"""Networks in firewalls and policies: which of them, alone or together, are all addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

_USUAL = {"0.0.0.0/0": 4, "::/0": 6}
_BLANK = " \t\r\n"
_FIRST = set("0123456789abcdefABCDEF:")


def parts(text: str) -> list[str]:
    """Return the networks in a text: one, or several between commas. Empty if it has none."""
    if "/" not in text:
        return []
    found = [part.lstrip(_BLANK) for part in text.split(",")]
    return [part for part in found if part[:1] in _FIRST and "/" in part]


def family(text: str) -> int | None:
    """Return 4 or 6 if a network has all addresses of this version of IP, with any host bits."""
    if text.rstrip(_BLANK) in _USUAL:
        return _USUAL[text.rstrip(_BLANK)]
    if not _may_be_first(text):
        return None
    network = _parsed(text)
    return network.version if network is not None and network.prefixlen == 0 else None


def covered(texts: Iterable[str]) -> set[int]:
    """Return the versions of IP, 4 and 6, whose addresses are all in one of these networks."""
    texts = list(texts)
    if not any(map(_may_be_first, texts)):
        return set()
    from ipaddress import IPv4Network, IPv6Network, collapse_addresses

    networks = [network for network in map(_parsed, texts) if network is not None]
    old = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    new = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return {4 for network in old if network.prefixlen == 0} | {6 for network in new if network.prefixlen == 0}


def _may_be_first(text: str) -> bool:
    """Whether it may hold the lowest address: without such a network, a set does not cover all (see ``raw``)."""
    return text.startswith(("0.0.0.0/", "::/")) or text.endswith("/0")


def _parsed(text: str) -> IPv4Network | IPv6Network | None:
    """A network; of IPv6, one of another prefix than 0 only as it is usually written."""
    from ipaddress import ip_network

    plain = text.rstrip(_BLANK)
    try:
        network = ip_network(plain, strict=not text.endswith("/0"))
    except ValueError:
        return None
    usual = network.version == 4 or text.endswith("/0") or str(network) == plain.lower()  # noqa: PLR2004
    return network if usual else None
