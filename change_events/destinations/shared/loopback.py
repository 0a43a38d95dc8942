"""Loopback addresses: traffic to them stays on this machine."""

from __future__ import annotations


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by name or address (without brackets), without resolving it."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
