"""Rule: a firewall lets the whole world in where it did not before, and on which ports.

Rules are looked for at any depth, in blocks and in resources that are one rule each, by the names that providers give
the fields: AWS security groups and network ACLs, Azure NSGs, Google firewalls, Kubernetes, OpenStack, DigitalOcean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.given import holds
from change_events.signals.subject import Found, Subject, leaves
from change_events.signals.table import table
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WORLD = {"0.0.0.0/0", "::/0"}
_WORLD_AZURE = {"*", "Internet", "Any"}  # what else `source_address_prefix` may say
_LETS_IN = lazy_pattern(
    r"ingress|inbound|cidr|source|allow|authorized|public_access|ip_prefix|ip_range|access_list|whitelist"
)
_LETS_OUT = lazy_pattern(r"egress|outbound|destination|route|nat_|forwarding|target|(^|_)vpc$|(^|_)subnet$|prefix_list")
_PORTS = ("destination_port_range", "destination_port_ranges", "port_range", "ports", "port", "port_range_min")
_PROTOCOLS = ("protocol", "ip_protocol")
_USUAL = {"tcp", "6", "", "*", "-1", "all", "any"}
_CLOSED = {
    ("type", "egress"),
    ("direction", "egress"),
    ("direction", "outbound"),
    ("direction", "out"),
    ("access", "deny"),
    ("action", "deny"),
    ("rule_action", "deny"),
    ("egress", "true"),
    ("disabled", "true"),
}
_FIRST = {"0.0.0.0", "0.0.0.1"}  # noqa: S104 - looked for, not bound to
_LAST = {"255.255.255.255", "255.255.255.254"}
_RANGE = {"start_ip_address", "start_ip", "end_ip_address", "end_ip"}
_SHOWN = 3
_LONGEST = 20  # of a source; a longer one is a list in one text


class _Opening(NamedTuple):
    source: str
    where: str  # "port 22", "all ports (udp)"; empty where the rule knows no ports


def exposure(subject: Subject) -> Iterator[Found]:
    """What is newly open to every address."""
    if _LETS_OUT.search(subject.type) or not isinstance(subject.after, dict) or _closes(subject.after):
        return
    known = set(_openings(subject.before, (), {})) if isinstance(subject.before, dict) else set()
    if isinstance(subject.before, dict) and _closes(subject.before):
        known = set()
    after = _without_shut(subject)
    new = [opening for opening in dict.fromkeys(_openings(after, (), {})) if opening not in known]
    if new:
        hidden = next((name for name in after if _is_open(after, name) and subject.hides(name)), None)
        yield Found("exposed_to_world", _reason(new), hidden)


def _without_shut(subject: Subject) -> dict[str, Any]:
    """The values after, without those that the table says to open nothing as things are."""
    after: dict[str, Any] = subject.after
    for row in table().get(subject.type, ()):
        if "world" in row.forms and not holds(row.given, subject):
            after = _without(after, row.steps)
    return after


def _without(value: Any, steps: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_without(part, steps) for part in value]
    if not isinstance(value, dict) or steps[0] not in value:
        return value
    rest = {key: part for key, part in value.items() if key != steps[0]}
    return rest if len(steps) == 1 else {**rest, steps[0]: _without(value[steps[0]], steps[1:])}


def _is_open(after: dict[str, Any], name: str) -> bool:
    return name in _RANGE or bool(set(_openings({name: after[name]}, (), {})))


def _reason(openings: Iterable[_Opening]) -> str:
    """``every address of the world is let in: port 22 from 0.0.0.0/0 and ::/0``."""
    sources: dict[str, list[str]] = {}
    for opening in openings:
        sources.setdefault(opening.where, []).append(opening.source)
    words = [f"{where} from {' and '.join(found)}".strip() for where, found in sources.items()]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"every address of the world is let in: {', '.join(words[:_SHOWN])}{more}"


def _openings(value: Any, trail: tuple[str, ...], rule: dict[str, Any]) -> Iterator[_Opening]:
    """The open sources below ``value``; ``rule`` is the innermost object that knows ports."""
    if isinstance(value, list):
        for part in value:
            yield from _openings(part, trail, rule)
    elif isinstance(value, dict):
        if _closes(value):
            return
        inner = value if _where(value) else rule
        yield from _ranges(value, inner)
        for key, part in value.items():
            yield from _openings(part, (*trail, key), inner)
    elif isinstance(value, str) and _lets_everybody_in(trail, value):
        yield _Opening(value if len(value) <= _LONGEST else "everywhere", _where(rule))


def _ranges(value: dict[str, Any], rule: dict[str, Any]) -> Iterator[_Opening]:
    """A range of addresses that is the whole of IPv4, as the firewall rules of Azure's databases have it."""
    first = value.get("start_ip_address") or value.get("start_ip")
    last = value.get("end_ip_address") or value.get("end_ip")
    if first in _FIRST and last in _LAST:
        yield _Opening("0.0.0.0/0", _where(rule))


def _closes(rule: dict[str, Any]) -> bool:
    """Whether a rule says, by its direction or its access, that it lets nobody in."""
    if rule.get("deny") and isinstance(rule["deny"], list) and not rule.get("allow"):
        return True
    return any(
        (key, str(part).strip('"').lower()) in _CLOSED for key, part in rule.items() if isinstance(part, (str, bool))
    )


def _lets_everybody_in(trail: tuple[str, ...], leaf: str) -> bool:
    azure = bool(trail) and trail[-1].startswith("source_address_prefix") and leaf in _WORLD_AZURE
    if leaf not in _WORLD and not azure and _WORLD.isdisjoint(map(str.strip, leaf.split(","))):
        return False
    return any(_LETS_IN.search(name) for name in trail) and not any(_LETS_OUT.search(name) for name in trail)


def _where(rule: dict[str, Any]) -> str:
    """The ports of a rule in words."""
    protocol = next((str(rule[name]).lower() for name in _PROTOCOLS if isinstance(rule.get(name), (str, int))), "")
    ports = _ports(rule)
    if ports is None:
        blocks = rule.get("allow")
        inner = [_where(block) for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
        return ", ".join(word for word in inner if word)
    suffix = "" if protocol in _USUAL else f" ({protocol})"
    if not ports or ports & {"*", "0-65535", "-1", "0", "all"} or (protocol == "-1" and ports <= {"0"}):
        return f"all ports{suffix}"
    shown = sorted(ports, key=_first)
    return f"port{'s' if len(shown) > 1 or '-' in shown[0] else ''} {', '.join(shown)}{suffix}"


def _first(ports: str) -> tuple[int, str]:
    start = ports.partition("-")[0]
    return (int(start) if start.isdigit() else 0, ports)


def _ports(rule: dict[str, Any]) -> set[str] | None:
    """The ports that a rule names; empty for all of them; None where it is not about ports."""
    start, end = rule.get("from_port"), rule.get("to_port")
    if isinstance(start, int) and isinstance(end, int) and not isinstance(start, bool):
        return {str(start) if start == end else f"{start}-{end}"}
    found = {str(leaf) for name in _PORTS for _, leaf in leaves(rule.get(name)) if not isinstance(leaf, bool)}
    if found:
        return found
    protocol = next((rule[name] for name in _PROTOCOLS if rule.get(name) is not None), None)
    return set() if protocol is not None and str(protocol).lower() in {"-1", "all", "*", "any"} else None
