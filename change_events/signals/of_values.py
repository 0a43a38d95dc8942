"""The signals of one change's values: the first of the two steps of :mod:`change_events.signals`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Action, Risk
from change_events.signals.capacity import capacity
from change_events.signals.exposure import exposure
from change_events.signals.names import bare
from change_events.signals.policies import policies
from change_events.signals.protectors import armed, left, unprotected
from change_events.signals.table import table
from change_events.signals.watched import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, KeysView, Sequence

    from change_events.signals.own_rules import OwnRule
    from change_events.signals.subject import Found, Subject

_VALUE_RULES: tuple[Callable[[Subject], Iterator[Found]], ...] = (exposure, policies)


def risks(
    subject: Subject,
    shows: Callable[[tuple[str, ...], object], bool] | None = None,
    *,
    unprotects: bool = False,
    own: Sequence[OwnRule] = (),
) -> tuple[Risk, ...]:
    """Return the signals of one change's values. A reason quotes nothing that is sensitive on either side.

    The reasons still have to be redacted: names of actions and roles are texts of the configuration.

    Args:
        subject: the change.
        shows: returns whether a value may be shown, by its path; None if all may.
        unprotects: this protector is destroyed while its target stays.
        own: the user's rules.
    """
    found = dict.fromkeys(_found(subject, own, unprotects=unprotects))
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found:
        hidden = _hides(subject, one) or (shows and not all(shows(*shown) for shown in one.shown))
        key, label = (one.name, bare(one.name) if hidden else one.reason), "" if hidden else one.label
        labels = reasons.setdefault(key, [])
        if label not in labels:
            labels.append(label)
    return tuple(Risk(name=name, reason=f"{', '.join(labels)} {reason}".strip())
                 for (name, reason), labels in reasons.items())  # fmt: skip


def _found(subject: Subject, own: Sequence[OwnRule], *, unprotects: bool) -> Iterator[Found]:
    if subject.action is not Action.DESTROY:
        for rule in _VALUE_RULES:
            yield from rule(subject)
        yield from watched(subject, own)
        yield from capacity(subject)
    elif unprotects:
        yield from unprotected(subject)
    yield from armed(subject)
    yield from left(subject)


def _hides(subject: Subject, found: Found) -> bool:
    return found.attribute is not None and subject.hides(found.attribute)


def watched_types() -> KeysView[str]:
    """Return the resource types with watched settings."""
    return table().keys()
