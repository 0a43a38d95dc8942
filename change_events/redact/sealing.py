"""The last pass over the serialised event. :class:`SealedEvent` is made here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from change_events.model import ChangeEvent, Kind, SealedEvent
from change_events.redact.scrub_scope import vocabulary
from change_events.redact.spans import MARK
from change_events.text.lazy_pattern import lazy_pattern

_STRING = lazy_pattern(r"\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)
_TIME = lazy_pattern(r"\"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\"")
# what a title of ours says behind the place, which may have a sensitive name: figures, and no word of anybody else
_WORDS = (
    r"created|updated|replaced|destroyed|imported|moved|forgotten|invoked|changed|removed|added|tainted|untainted"
    r"|failed|unknown|deferred|cancelled|not attempted|not reached|not observed|with unknown action|stacks?"
    r"|with another provider|with changes planned|outputs? changed|output changes?"
    r"|resources? (?:drifted(?: further)?|no longer drifted)"
    r"|(?:create|update|replace|destroy|import|move|forget|invoke)s?"
)
_ENDS = (
    r"no changes(?: planned)?|declined|cancelled(?: before any change)?|(?:partially |planning )?failed|outcome unknown"
    r"|plan: (?:cancelled|outcome unknown)|done|(?:stacks )?under way|no stacks"
)
_FIGURE = rf"(?:(?:incomplete: )?\d{{1,6}} (?:{_WORDS})|{_ENDS})"
_FIGURES = lazy_pattern(
    rf"(?:state (?:changed|edited|refreshed): )?{_FIGURE}(?:, {_FIGURE}){{0,12}}(?: planned| under way)?"
    r"(?: \(labels only\))?(?: \(backfilled\))?"
)
_DECODER = msgspec.json.Decoder(ChangeEvent)

Redact = Callable[[str], str]
RedactData = Callable[[Any], Any]


def seal_event(event: ChangeEvent, redact: Redact, redact_data: RedactData) -> SealedEvent:
    """Serialise an event, redact every string of the JSON once more, and read it back.

    The model's own words (keys, enumeration values), times and the event's id stay, or it would be no event.

    Args:
        event: the event; free-form ``data`` and ``tags`` are redacted by their names here.
        redact: redacts one text.
        redact_data: redacts JSON-like data by names, recursively.
    """
    return _seal(event, redact, redact_data, {f'"{event.id}"'})


def reseal_event(event: ChangeEvent, original: SealedEvent, redact: Redact, redact_data: RedactData) -> SealedEvent:
    """Seal what was made of a sealed event: only texts that do not stand in ``original`` are redacted.

    Args:
        event: ``original`` with less in it, or with other texts made of it and of the settings.
        original: the event as it was sealed.
        redact: redacts one text.
        redact_data: redacts JSON-like data by names, recursively.
    """
    return _seal(event, redact, redact_data, set(_STRING.findall(original.body.decode())))


def _seal(event: ChangeEvent, redact: Redact, redact_data: RedactData, known: set[str]) -> SealedEvent:
    if event.data or event.tags:
        event = msgspec.structs.replace(event, data=redact_data(_plain(event.data)), tags=redact_data(event.tags))
    body = _encode(event, redact)
    known = known | {f'"{word}"' for word in vocabulary()}
    composed = {msgspec.json.encode(text).decode() for text in _composed_texts(event)}

    def sealed(match: re.Match[str]) -> str:
        return _title(match[0], redact) if match[0] in composed - known else _literal(match[0], known, redact)

    body = _STRING.sub(sealed, body)
    data = body.encode()
    return SealedEvent(event=_DECODER.decode(data), body=data)


def unseal(body: bytes) -> SealedEvent:
    """Read back what was sealed before; for the journal only.

    Raises:
        msgspec.DecodeError: the bytes are no event (``ValidationError``: of another shape).
    """
    return SealedEvent(event=_DECODER.decode(body), body=body)


def _encode(event: ChangeEvent, redact: Redact) -> str:
    try:
        return msgspec.json.encode(event).decode()
    except UnicodeEncodeError:  # lone surrogates, as file names and arguments may hold them
        readable = _texts(msgspec.to_builtins(event), redact)
        return msgspec.json.encode(msgspec.convert(readable, ChangeEvent)).decode()


def _plain(data: Any) -> Any:
    return msgspec.to_builtins(data, str_keys=True, enc_hook=str)


def _texts(value: Any, redact: Redact) -> Any:
    """Return plain data in which texts that UTF-8 cannot hold are redacted, the others untouched."""
    if isinstance(value, dict):
        return {_texts(key, redact): _texts(part, redact) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts(part, redact) for part in value]
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return redact(value)
    return value


def _composed_texts(event: ChangeEvent) -> set[str]:
    """Titles that were made of figures, and not by a person, and the message that begins with one."""
    texts = {unit.title for unit in event.stacks.units if unit.title} if event.stacks else set()
    if not event.explicit:
        texts |= {event.title, event.message or ""}
    elif event.kind is Kind.DRIFT:  # of a check: other words than those of its figures are redacted as ever
        texts.add(event.title)
    return {text for text in texts if not any("\ud800" <= character <= "\udfff" for character in text)}


def _title(literal: str, redact: Redact) -> str:
    """Redact a title of ours: its figures are not what the name of its place is given, as in `secrets: 1 created`.

    It stays as it is only if nothing else is hidden in it than the first word of the figures, because of that name.
    """
    text = msgspec.json.decode(literal)
    hidden = redact(text)
    if hidden == text:  # as a rule; the pattern of figures is a large one
        return literal
    title = text.partition("\n")[0]
    place, _, figures = title.partition(": ")
    first = figures.partition(" ")[0]
    by_name = f"{place}: {MARK}{figures.removeprefix(first)}"
    is_ours = _FIGURES.fullmatch(figures.removesuffix("**")) and redact(figures) == figures
    if is_ours and hidden.partition("\n")[0] == by_name:
        hidden = title + hidden[len(by_name) :]
    return literal if hidden == text else msgspec.json.encode(hidden).decode()


def _literal(literal: str, known: set[str], redact: Redact) -> str:
    if literal in known or _TIME.fullmatch(literal):
        return literal
    text = msgspec.json.decode(literal)
    redacted = redact(text)
    return literal if redacted == text else msgspec.json.encode(redacted).decode()
