"""Rule: a firewall newly admits the whole world, and on which ports.

Rules are searched at any depth, in blocks and in resources that are one rule each, by the providers' field names: AWS
security groups and network ACLs, Azure NSGs, Google firewalls, Kubernetes, OpenStack, DigitalOcean. New exposure is the
difference to the union of what the world could reach before, by protocol and port: a rule that is split, merged or
narrowed opens nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.given import holds
from change_events.signals.networks import covered, family, parts
from change_events.signals.reach import is_within, ports_of, unbounded
from change_events.signals.subject import Found, Subject
from change_events.signals.table import table
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from change_events.signals.reach import Ports, Span

_WORLD_AZURE = {"*", "internet", "any"}  # what else `source_address_prefix` may say, in any case
_LETS_IN = lazy_pattern(
    r"ingress|inbound|cidr|source|allow|authorized|public_access|ip_prefix|ip_range|access_list|whitelist"
)
_LETS_OUT = lazy_pattern(r"egress|outbound|destination|route|nat_|forwarding|target|(^|_)vpc$|(^|_)subnet$|prefix_list")
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
_CLOSING = {key for key, _ in _CLOSED}
_FIRST = {"0.0.0.0", "0.0.0.1"}  # noqa: S104 - looked for, not bound to
_LAST = {"255.255.255.255", "255.255.255.254"}
_LONGEST_WORD = max(map(len, _WORLD_AZURE | _FIRST))
_RANGE = {"start_ip_address", "start_ip", "end_ip_address", "end_ip"}
_SHOWN = 3
_BOTH = frozenset({4, 6})


class _Grant(NamedTuple):
    """An admitted source: a network, or an Azure service tag."""

    source: str
    where: str  # "port 22", "all ports (udp)"; empty where the rule knows no ports
    spans: frozenset[Span]


class _Opening(NamedTuple):
    """A grant to every address; ``families`` are the versions of IP."""

    source: str
    where: str
    spans: frozenset[Span]
    families: frozenset[int]


class _Rule:
    """An object, possibly a rule, within another; its ports are read once a source is found in it."""

    __slots__ = ("_outer", "_ports", "_value")

    def __init__(self, value: dict[str, Any], outer: _Rule | None) -> None:
        self._value: dict[str, Any] | None = value
        self._outer = outer
        self._ports: Ports | None = None

    @property
    def ports(self) -> Ports | None:
        """Those of the innermost object that knows any."""
        if self._value is not None:
            self._ports = ports_of(self._value) or (self._outer.ports if self._outer else None)
            self._value = None
        return self._ports


def exposure(subject: Subject) -> Iterator[Found]:
    """Yield what is newly open to every address."""
    if _LETS_OUT.search(subject.type) or not isinstance(subject.after, dict) or _closes(subject.after):
        return
    if not _may_be_open(subject.after):
        return
    after = _without_shut(subject)
    openings = _openings(after)
    if not openings:
        return
    before = subject.before if isinstance(subject.before, dict) and not _closes(subject.before) else {}
    known = _openings(before)
    new = [opening for opening in openings if _is_new(opening, known)]
    if new:
        hidden = next((name for name in after if _is_open(after, name) and subject.hides(name)), None)
        yield Found("exposed_to_world", _reason(new), hidden)


def _may_be_open(value: Any) -> bool:
    """Return whether a text below a value could admit everybody; most values are excluded at once."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            if "/" in part and ("/0" in part or "0.0.0.0/" in part or "::/" in part):
                return True
            if len(part) <= _LONGEST_WORD and (part.lower() in _WORLD_AZURE or part in _FIRST):
                return True
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return False


def _is_new(opening: _Opening, known: Sequence[_Opening]) -> bool:
    """Return whether a part of it was not reachable. A word for all sources counts as IPv4, like most networks."""
    wanted = {min(opening.families)} if opening.families == _BOTH else opening.families
    for version in wanted:
        reached = {span for other in known if version in other.families for span in other.spans}
        if not all(is_within(span, reached) for span in opening.spans):
            return True
    return False


def _without_shut(subject: Subject) -> dict[str, Any]:
    """Return the values after, without those that open nothing under the current conditions, by the table."""
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
    return name in _RANGE or bool(_openings({name: after[name]}))


def _reason(openings: Iterable[_Opening]) -> str:
    """``every address of the world is let in: port 22 from 0.0.0.0/0 and ::/0``."""
    sources: dict[str, list[str]] = {}
    for opening in openings:
        sources.setdefault(opening.where, []).append(opening.source)
    words = [f"{where} from {' and '.join(found)}".strip() for where, found in sources.items()]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"every address of the world is let in: {', '.join(words[:_SHOWN])}{more}"


def _openings(value: dict[str, Any]) -> list[_Opening]:
    """Yield the grants below ``value`` that admit every address, alone or together with others on the same ports."""
    together: dict[tuple[str, frozenset[Span]], list[str]] = {}
    for grant in dict.fromkeys(_grants(value, (), None)):
        together.setdefault((grant.where, grant.spans), []).append(grant.source)
    return [_Opening(source, *key, families) for key, sources in together.items()
            for source, families in _worlds(sources)]  # fmt: skip


def _worlds(sources: list[str]) -> Iterator[tuple[str, frozenset[int]]]:
    """Yield sources that are the whole world, with the versions of IP; networks that are so only together come last."""
    found: set[int] = set()
    for source in sources:
        families = _BOTH if source.lower() in _WORLD_AZURE else frozenset(filter(None, [family(source)]))
        found |= families
        if families:
            yield source.strip(), families
    for version in sorted(covered(sources) - found):
        halves = [source for source in sources if (":" in source) == (version == 6)]  # noqa: PLR2004
        yield " and ".join(sorted(halves)) if len(halves) < _SHOWN else "everywhere", frozenset({version})


def _grants(value: Any, trail: tuple[str, ...], rule: _Rule | None) -> Iterator[_Grant]:
    """Yield the admitted sources below ``value``; ``rule`` is the enclosing object."""
    if isinstance(value, list):
        for part in value:
            yield from _grants(part, trail, rule)
    elif isinstance(value, dict):
        if _closes(value):
            return
        inner = _Rule(value, rule)
        yield from _ranges(value, trail, inner)
        for key, part in value.items():
            if part and isinstance(part, (str, list, dict)):
                yield from _grants(part, (*trail, key), inner)
    elif isinstance(value, str) and (sources := _sources(value, trail)):
        where = (rule and rule.ports) or unbounded(trail[:-1])
        yield from (_Grant(source, *where) for source in sources)


def _sources(text: str, trail: tuple[str, ...]) -> list[str]:
    """Return the sources in a text; none if it is not about sources."""
    is_word = bool(trail) and trail[-1].startswith("source_address_prefix") and text.lower() in _WORLD_AZURE
    sources = [text] if is_word else parts(text)
    return sources if sources and _lets_in(trail) else []


def _ranges(value: dict[str, Any], place: tuple[str, ...], rule: _Rule) -> Iterator[_Grant]:
    """A range of addresses that is the whole of IPv4, as the firewall rules of Azure's databases have it."""
    first = value.get("start_ip_address") or value.get("start_ip")
    last = value.get("end_ip_address") or value.get("end_ip")
    if first in _FIRST and last in _LAST:
        yield _Grant("0.0.0.0/0", *(rule.ports or unbounded(place)))


def _closes(rule: dict[str, Any]) -> bool:
    """Return whether a rule admits no one, by its direction or access."""
    if rule.get("deny") and isinstance(rule["deny"], list) and not rule.get("allow"):
        return True
    return any(
        (key, str(rule[key]).strip('"').lower()) in _CLOSED
        for key in rule.keys() & _CLOSING
        if isinstance(rule[key], (str, bool))
    )


@lru_cache(maxsize=4096)
def _lets_in(trail: tuple[str, ...]) -> bool:
    """Whether what is named so is let in."""
    return any(_LETS_IN.search(name) for name in trail) and not any(_LETS_OUT.search(name) for name in trail)
