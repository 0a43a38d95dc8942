"""Tailors a sealed event to one destination: hidden values, added and renamed tags, own texts.

Applied when the event is sent, so that the journal has the whole event. The result is sealed again: it has texts of the
sealed event and of the settings, and of the latter only what the redactor permits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.diff.statements import unnamed
from change_events.errors import TemplateError
from change_events.model import AttributeChange, Value, ValueKind

if TYPE_CHECKING:
    from change_events.destinations.shared.route import Shape
    from change_events.model import Change, ChangeEvent, SealedEvent
    from change_events.redact import Redactor

_HIDDEN = Value(kind=ValueKind.HIDDEN)
_TELLING = {ValueKind.VALUE, ValueKind.SENSITIVE, ValueKind.LARGE}  # kinds that say more than that a value is set

replace = msgspec.structs.replace


class Shaped(NamedTuple):
    """The event for one destination, and a clause about each of its failed templates."""

    sealed: SealedEvent
    problems: tuple[str, ...] = ()


def shaped(sealed: SealedEvent, shape: Shape | None) -> Shaped:
    """Return the event as this destination receives it; the same object if there is nothing to change.

    Raises nothing.
    """
    if shape is None:
        return Shaped(sealed)
    event = _without_values(sealed.event, shape.message_bytes) if shape.values != "safe" else sealed.event
    own = event.tags | shape.tags
    event = replace(event, tags={shape.map_tags.get(name, name): text for name, text in own.items()})
    event, problems = _with_templates(event, shape)
    return Shaped(redactor(shape.redact_names, shape.redact_patterns).reseal(event, sealed), problems)


@lru_cache(maxsize=16)
def redactor(names: tuple[str, ...], patterns: tuple[str, ...]) -> Redactor:
    """Return the redactor of these rules of the settings, without secrets of a run."""
    from change_events.redact import Redactor, RedactPolicy

    return Redactor(RedactPolicy(names=names, patterns=patterns))


def _with_templates(event: ChangeEvent, shape: Shape) -> tuple[ChangeEvent, tuple[str, ...]]:
    """Return ``event`` with the texts of the templates; a failed one leaves the event's own text."""
    from change_events.templates import rendering as templates

    problems: list[str] = []
    made = event
    for name in ("title_template", "message_template"):
        if source := getattr(shape, name):
            try:
                found = templates.made(name, source, event, shape.message_bytes)
            except TemplateError as error:
                problems.append(str(error))
            else:
                made = replace(made, **{name.removesuffix("_template"): found})
    return made, tuple(problems)


def _without_values(event: ChangeEvent, message_bytes: int) -> ChangeEvent:
    """Return the event as with ``values: names``; its signals stay, with reasons that quote no values."""
    from change_events.signals import without_values
    from change_events.summary.composing import retell

    bare = replace(
        event,
        changes=tuple(map(_bare_change, event.changes)),
        drift=tuple(replace(drift, attributes=_bare(drift.attributes)) for drift in event.drift),
        outputs=tuple(replace(one, before=_hidden(one.before), after=_hidden(one.after)) for one in event.outputs),
        inputs=None,  # fingerprints of values
    )
    if not event.explicit:
        bare = replace(bare, signals=tuple(map(without_values, event.signals)))
    return retell(bare, message_bytes)


def _bare_change(change: Change) -> Change:
    from change_events.signals.names import WITHOUT_VALUES

    risks = tuple(
        dict.fromkeys(replace(risk, reason=WITHOUT_VALUES.get(risk.name, risk.name)) for risk in change.risks)
    )
    return replace(change, attributes=_bare(change.attributes), identity={}, risks=risks)


def _bare(attributes: tuple[AttributeChange, ...]) -> tuple[AttributeChange, ...]:
    return tuple(
        replace(one, before=_hidden(one.before), after=_hidden(one.after), lines=(), note=unnamed(one.note))
        for one in attributes
    )


def _hidden(value: Value) -> Value:
    return _HIDDEN if value.kind in _TELLING else value
