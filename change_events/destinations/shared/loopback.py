"""Which addresses are this machine's own: what is sent there crosses no network."""

from __future__ import annotations


def is_loopback(host: str) -> bool:
    """Whether it is this machine, by its name or address (without brackets) alone; nothing is resolved."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
