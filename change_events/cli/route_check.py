"""Checks whether any event can be routed to a destination, by routing synthetic events of every kind.

Two kinds of events are possible: observed runs (infrastructure; their severity follows from outcome and counts), and
explicit events (any kind and severity). For each condition, a synthetic event gets a matching value, if there is one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import routing
from change_events.destinations.shared.conditions import Figure, When, Words
from change_events.model import (
    ChangeEvent,
    Counts,
    HostCounts,
    Kind,
    Outcome,
    OutcomeCounts,
    Phase,
    Severity,
    Signal,
    Summary,
    Tool,
)
from change_events.signals import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.destinations.base import DestinationSettings
    from change_events.settings import Settings

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_OTHER = "some other text"

replace = msgspec.structs.replace


def problems(destination: DestinationSettings, settings: Settings) -> Iterator[str]:
    """Return what makes the routing of a destination ineffective, as clauses."""
    when = destination.routing.when or (When(),)
    dead = [number for number, one in enumerate(when, 1) if not _is_possible(one, destination, settings)]
    if len(dead) == len(when):
        yield f"no event can be sent there: {_blame(when[0], destination, settings)}"
    else:
        for number in dead:
            blame = _blame(when[number - 1], destination, settings)
            yield f"no event can match entry {number} of `when`: {blame}"
    if destination.routing.include_started and not _starts(destination, settings):
        yield "`include_started` is without effect: no started event meets its conditions and its `report`"


def _is_possible(when: When, destination: DestinationSettings, settings: Settings) -> bool:
    one = replace(destination, routing=replace(destination.routing, when=(when,)))
    return any(routing.goes_to(event, one, settings) for event in _events(when))


def _starts(destination: DestinationSettings, settings: Settings) -> bool:
    alone = replace(settings, destinations=(destination,))
    return any(
        routing.started(replace(event, outcome=None), alone)
        for when in destination.routing.when or (When(),)
        for event in _events(when)
    )


def _blame(when: When, destination: DestinationSettings, settings: Settings) -> str:
    """Return the part of it that is to blame, if it is a single part."""
    generous = replace(destination, routing=replace(destination.routing, report="always", plans="send"))
    if _is_possible(when, generous, settings):
        return "`report` and `plans` keep such events from it"
    for field in msgspec.structs.fields(When):
        without = replace(when, **{field.name: getattr(When(), field.name)})
        if without != when and _is_possible(without, destination, settings):
            return f"nothing meets `{field.name}` together with the rest"
    return "its conditions contradict each other"


def _events(when: When) -> Iterator[ChangeEvent]:
    """Yield synthetic events of every kind, each as close to ``when`` as possible."""
    from change_events.summary.severity import severity

    texts = _texts(when)
    for figures in ({}, {"destroy": 1}):
        base = ChangeEvent(
            id="", kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=_NEVER, title="",
            summary=_summary(when, figures), **texts,
        )  # fmt: skip
        for phase, outcome in product(Phase, Outcome):
            observed = replace(base, phase=phase, outcome=outcome)
            yield replace(observed, severity=severity(observed))
        for kind, phase, outcome, how in product(Kind, (Phase.APPLIED, Phase.CHECKED), Outcome, Severity):
            yield replace(base, kind=kind, phase=phase, outcome=outcome, severity=how, explicit=True)


def _texts(when: When) -> dict[str, Any]:
    tags = {name: _witness(words) for name, words in when.tags.items()}
    signal = _signal(when.signals)
    return {
        "environment": _witness(when.environment),
        "service": _witness(when.service),
        "tool": Tool(name=_witness(when.tool)),
        "tags": tags,
        "signals": (Signal(name=signal, reason=""),) if signal else (),
    }


def _witness(words: Words | None) -> str:
    """Return a text that matches; any text if none does."""
    if words is None:
        return ""
    candidates = ["", _OTHER, *(_plain(glob) for glob in words.wanted)]
    return next((text for text in candidates if words.match(text)), "")


def _signal(words: Words | None) -> str:
    """Return the name of a matching signal; none if none is required, or none matches."""
    wanted = words.wanted if words else ()
    candidates = [*NAMES, *(_plain(glob) for glob in wanted)] if wanted else []
    return next((name for name in candidates if words and words.match(name)), "")


def _plain(glob: str) -> str:
    """A text that the glob matches: a character of each class, nothing for ``*``, a letter for ``?``."""
    text, position = "", 0
    while position < len(glob):
        end = glob.find("]", position + 2)
        if glob[position] == "[" and end > 0:
            text += _member(glob[position + 1 : end])
            position = end
        elif glob[position] != "*":
            text += "x" if glob[position] == "?" else glob[position]
        position += 1
    return text


def _member(characters: str) -> str:
    """A character of a glob's class (``a-z``), or one that is not in it (``!a-z``)."""
    return "~" if characters.startswith("!") else characters[0]


def _summary(when: When, figures: dict[str, int]) -> Summary:
    met = figures | {name: _number(figure) for name, figure in when.counts.items()}
    counts = Counts(**_of(Counts, met))
    return Summary(
        counts=counts,
        applied=counts,
        outcomes=OutcomeCounts(**_of(OutcomeCounts, met)),
        hosts=HostCounts(
            **_of(HostCounts, {name.removeprefix("hosts_"): n for name, n in met.items() if "hosts_" in name})
        ),
    )


def _of(struct: type[msgspec.Struct], figures: dict[str, int]) -> dict[str, int]:
    named = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
    return {named[name]: number for name, number in figures.items() if name in named}


def _number(figure: Figure) -> int:
    """A number that meets ``figure``, if there is one."""
    candidates = (0, figure.number, figure.number + 1, figure.number - 1)
    return next((number for number in candidates if number >= 0 and figure.match(number)), 0)
