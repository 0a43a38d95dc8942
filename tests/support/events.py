"""What sample events are built of: values, changed attributes, changes; catalogues of events hold their data alone."""

from __future__ import annotations

from change_events.model import Action, AttributeChange, Change, ChangeOutcome, Value, ValueKind

ABSENT = Value(kind=ValueKind.ABSENT)
UNKNOWN = Value(kind=ValueKind.UNKNOWN)
HIDDEN = Value(kind=ValueKind.HIDDEN)  # by the rules of a destination


def value(text: str) -> Value:
    """A value that is shown; ``text`` is as terraform writes it, so texts have quotes."""
    return Value(kind=ValueKind.VALUE, text=text)


def secret(fingerprint: str) -> Value:
    """A value that is hidden."""
    return Value(kind=ValueKind.SENSITIVE, fingerprint=fingerprint)


def large(size: int, fingerprint: str) -> Value:
    """A value of ``size`` bytes, too large to be kept."""
    return Value(kind=ValueKind.LARGE, size=size, fingerprint=fingerprint)


def attribute(path: str, before: Value, after: Value, **more: object) -> AttributeChange:
    """An attribute before and after."""
    return AttributeChange(path=path, before=before, after=after, **more)


def change(
    address: str, action: Action = Action.UPDATE, outcome: ChangeOutcome = ChangeOutcome.APPLIED, **more: object
) -> Change:
    """A change of a resource, whose type is the beginning of its address."""
    return Change(address=address, action=action, outcome=outcome, type=address.split(".", maxsplit=1)[0], **more)
