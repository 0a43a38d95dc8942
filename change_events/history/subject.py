"""Resolves a text to resources (by address, prefix, glob, id or name), one attribute of them, or a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import TfeventError
from change_events.text.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal.touched_records import KnownThing

MOST_THINGS = 200
_MOST_LINKED = 20  # things whose other names are resolved to hosts and resources
_MOST_MOVES = 20
_NEAR = 20_000  # names searched for near matches


class Span(NamedTuple):
    """A thing, and the period whose changes belong to the subject."""

    thing: KnownThing
    since: datetime | None = None
    until: datetime | None = None


class Subject(NamedTuple):
    """A resolved subject; an empty ``attribute`` stands for the whole things."""

    spans: tuple[Span, ...]
    attribute: str = ""


def subject_of(source: Source, text: str) -> Subject:
    """Return the subject of ``text``.

    Raises:
        TfeventError: the name is unknown; the text has near matches, and how far back anything is known.
    """
    text = text.strip()
    things = _things(source, text) if text else []
    if things:
        return Subject(_followed(source, things))
    for head, attribute in _split(text):
        things = [thing for thing in source.things_at(head, limit=MOST_THINGS) if _is_instance(thing.address, head)]
        if things:
            return Subject(_followed(source, things), _known_attribute(source, things, attribute))
    raise TfeventError(_unknown(source, text))


def _things(source: Source, text: str) -> list[KnownThing]:
    """Return things by address and by name; a machine known to both tools under either of its names."""
    found = {thing.number: thing for thing in source.things_at(text, limit=MOST_THINGS)}
    found |= {thing.number: thing for thing in source.things_named(text, limit=MOST_THINGS)}
    if len(found) <= _MOST_LINKED:
        names = {name for names in source.names_of(found).values() for name in names}
        for name in names:
            found |= {t.number: t for t in source.things_at(name, limit=MOST_THINGS) if _is_host(t, name)}
    return list(found.values())


def _is_host(thing: KnownThing, name: str) -> bool:
    return thing.kind == "host" and thing.address == name


def _is_instance(address: str, head: str) -> bool:
    """Return whether an address is ``head`` or an instance of it; a glob has matched as a whole."""
    rest = address[len(head) :]
    return "*" in head or "?" in head or not rest or (rest[0] == "[" and rest[-1] == "]" and "]." not in rest)


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield an address and an attribute for each dot outside of brackets, the longest address first."""
    for place in range(len(text) - 1, 0, -1):
        if text[place] == "." and not _is_quoted(text, place):
            yield text[:place], text[place + 1 :]


def _is_quoted(text: str, place: int) -> bool:
    return text.count('"', 0, place) % 2 == 1


def _known_attribute(source: Source, things: Sequence[KnownThing], attribute: str) -> str:
    known: dict[str, None] = {}
    for thing in things:
        if source.paths(thing.number, attribute, limit=1):
            return attribute
        known |= dict.fromkeys(source.paths(thing.number, limit=MOST_THINGS))
    where = things[0].address
    if not known:
        raise TfeventError(f"no change of an attribute of {where} is recorded: ask for {where} itself")
    near = near_names(attribute, known, most=5, cutoff=0.5) or list(known)[:5]
    raise TfeventError(f"no change of {attribute!r} of {where} is recorded; changed attributes: {', '.join(near)}")


def _followed(source: Source, things: Sequence[KnownThing]) -> tuple[Span, ...]:
    """Return the things and, for moved ones, the changes under the other address before or after the move."""
    spans = {Span(thing): None for thing in things}
    if len(things) > _MOST_LINKED:
        return tuple(spans)
    for thing in things:
        if thing.kind == "resource":
            spans |= dict.fromkeys(_earlier(source, Span(thing), set()))
            spans |= dict.fromkeys(_later(source, Span(thing), set()))
    whole = {span.thing.number for span in spans if span.since is None and span.until is None}
    return tuple(
        span for span in spans if span.thing.number not in whole or (span.since is None and span.until is None)
    )


def _earlier(source: Source, span: Span, seen: set[str]) -> Iterator[Span]:
    """Yield the addresses it was moved from, until the move."""
    seen.add(span.thing.address)
    for move in source.moves(span.thing.stack, span.thing.address):
        if move.new != span.thing.address or move.old in seen or len(seen) > _MOST_MOVES:
            continue
        until = min(filter(None, (move.at, span.until)))
        for thing in source.things_of_stack(span.thing.stack, [move.old]).values():
            yield Span(thing, until=until)
            yield from _earlier(source, Span(thing, until=until), seen)


def _later(source: Source, span: Span, seen: set[str]) -> Iterator[Span]:
    """Yield the addresses it was moved to, from the move on."""
    seen.add(span.thing.address)
    for move in source.moves(span.thing.stack, span.thing.address):
        if move.old != span.thing.address or move.new in seen or len(seen) > _MOST_MOVES:
            continue
        if span.since is not None and move.at < span.since:
            continue
        for thing in source.things_of_stack(span.thing.stack, [move.new]).values():
            yield Span(thing, since=move.at)
            yield from _later(source, Span(thing, since=move.at), seen)


def nothing_known(source: Source) -> str:
    """Return the message for a source without changes."""
    return f"nothing was changed yet, as far as the {source.called} knows: `tfevent apply` records its first event"


def _unknown(source: Source, text: str) -> str:
    known = source.known()
    if known.since is None:
        return nothing_known(source)
    near = near_names(text, source.addresses(limit=_NEAR), most=4, cutoff=0.6)
    hint = f"did you mean {', '.join(near)}?" if near else "expected an address, a prefix or glob of one, or a host"
    since = f"{known.since.astimezone():%Y-%m-%d %H:%M}"
    return f"no change of {text!r} is recorded since {since}; {hint}"
