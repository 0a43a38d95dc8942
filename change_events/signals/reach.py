"""The ports of a firewall rule: as comparable spans, and in words.

Field names are those of the providers of AWS, Azure, Google, Kubernetes, OpenStack, DigitalOcean and Alibaba Cloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.subject import leaves
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_PORTS = ("destination_port_range", "destination_port_ranges", "port_range", "ports", "port", "port_range_min")
_PAIRS = (("from_port", "to_port"), ("port_range_min", "port_range_max"))
_PROTOCOLS = ("protocol", "ip_protocol")
_BLOCKS = ("allow", "layer4_configs", "ports")  # of a rule that has its ports in blocks
_USUAL = {"tcp", "6", "", "*", "-1", "all", "any"}
_EVERY = {"-1", "all", "*", "any"}
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_WHOLE = {"*", "all", "any", "-1", "-1/-1", "0"}
_SPAN = lazy_pattern(r"(\d{1,5})(?:\s*[-/:]\s*(\d{1,5}))?")
_HIGHEST = 65535


class Span(NamedTuple):
    """Ports of a protocol, from the first to the last; of ICMP each type has 256 numbers, one for each code."""

    protocol: str  # `*`: each
    first: int
    last: int


class Ports(NamedTuple):
    """The ports of a rule: in words (empty if only a protocol is known), and as spans."""

    where: str
    spans: frozenset[Span]


def ports_of(rule: dict[str, Any]) -> Ports | None:
    """Return the ports of a rule; None if it names neither ports nor a protocol."""
    found = _spans(rule)
    return Ports(_where(rule), found) if found is not None else None


def _spans(rule: dict[str, Any]) -> frozenset[Span] | None:
    if blocks := _blocks(rule):
        inner = [found for found in map(_spans, blocks) if found is not None]
        return frozenset[Span]().union(*inner) if inner else None
    protocol = _protocol(rule)
    pair = _pair(rule)
    ports = _ports(rule)
    if protocol is None and pair is None and not ports:
        return None
    name = "*" if protocol in _EVERY else _NUMBERS.get(protocol or "tcp", protocol or "tcp")
    if protocol in {"-1", "all"} or (pair is None and not ports):
        return frozenset({Span(name, 0, _HIGHEST)})
    if pair is not None:
        return frozenset({_of_icmp(name, *pair) if name.startswith("icmp") else _span(name, *pair)})
    return frozenset(_of_text(name, text) for text in ports or ())


def unbounded(place: tuple[str, ...]) -> Ports:
    """Return the span of a source without a known rule; it is compared only at the same place."""
    return Ports("", frozenset({Span(f"at {'.'.join(place)}", 0, _HIGHEST)}))


def is_within(span: Span, known: Iterable[Span]) -> bool:
    """Return whether a span is within the union of others."""
    reached = span.first
    for other in sorted(known, key=lambda one: one.first):
        if other.protocol in {span.protocol, "*"} and other.first <= reached <= other.last:
            reached = other.last + 1
    return reached > span.last


def _where(rule: dict[str, Any]) -> str:
    """The ports of a rule in words: ``port 22``, ``all ports (udp)``; empty where it knows none."""
    if blocks := _blocks(rule):
        return ", ".join(word for word in map(_where, blocks) if word)
    protocol = _protocol(rule) or ""
    ports = _ports(rule)
    if ports is None:
        return ""
    suffix = "" if protocol in _USUAL else f" ({protocol})"
    if not ports or ports & {"*", "0-65535", "-1", "0", "all"} or (protocol == "-1" and ports <= {"0"}):
        return f"all ports{suffix}"
    shown = sorted(ports, key=_first)
    return f"port{'s' if len(shown) > 1 or '-' in shown[0] else ''} {', '.join(shown)}{suffix}"


def _blocks(rule: dict[str, Any]) -> list[dict[str, Any]]:
    for name in _BLOCKS:
        value = rule.get(name)
        if isinstance(value, list) and (found := [block for block in value if isinstance(block, dict)]):
            return found
    return []


def _protocol(rule: dict[str, Any]) -> str | None:
    if isinstance(rule.get("from"), list) and not rule.get("ports"):
        return "all"  # of a network policy of Kubernetes
    return next((str(rule[name]).lower() for name in _PROTOCOLS if isinstance(rule.get(name), (str, int))), None)


def _pair(rule: dict[str, Any]) -> tuple[int, int] | None:
    for names in _PAIRS:
        first, last = (rule.get(name) for name in names)
        if isinstance(first, int) and isinstance(last, int) and not isinstance(first, bool):
            return first, last
    return None


def _ports(rule: dict[str, Any]) -> set[str] | None:
    """The ports that a rule names; empty for all of them; None where it is not about ports."""
    if pair := _pair(rule):
        return {str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"}
    texts = [str(leaf) for name in _PORTS for _, leaf in leaves(rule.get(name)) if not isinstance(leaf, bool)]
    found = {port.strip() for text in texts for port in text.split(",")}
    if found:
        return found
    return set() if _protocol(rule) in _EVERY else None


def _first(ports: str) -> tuple[int, str]:
    start = ports.partition("-")[0]
    return (int(start) if start.isdigit() else 0, ports)


def _span(protocol: str, first: int, last: int) -> Span:
    """Port 0 is of no use: from 1 on is all of them."""
    if first < 0 or (first <= 1 and last >= _HIGHEST):
        return Span(protocol, 0, _HIGHEST)
    return Span(protocol, first, last)


def _of_icmp(protocol: str, kind: int, code: int) -> Span:
    if kind < 0:
        return Span(protocol, 0, _HIGHEST)
    return Span(protocol, kind * 256 + max(code, 0), kind * 256 + (255 if code < 0 else code))


def _of_text(protocol: str, text: str) -> Span:
    if text.lower() in _WHOLE:
        return Span(protocol, 0, _HIGHEST)
    found = _SPAN.fullmatch(text)
    if not found:  # a name, for one: equal only to itself
        return Span(f"{protocol} {text}", 0, _HIGHEST)
    return _span(protocol, int(found[1]), int(found[2] or found[1]))
