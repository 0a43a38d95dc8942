"""Risk signals: facts of an event that deserve attention, each with its reason.

They are found in two steps. :func:`risks` looks at a change's whole values while the plan is in memory, before anything
is cut, hidden or limited; what it finds is kept with the change, in words without values that must not be shown.
:func:`signals` reports them once it is known how each change ended, beside what the event itself says.

What a provider calls things is data: ``rules.tsv`` (settings that are watched) and ``protectors.tsv`` (what protects by
being there). A rule that the table cannot express is a module with one function, named in :data:`_VALUE_RULES` (and its
necessary condition in ``raw``) or in :data:`events.RULES`.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from change_events.model import Action, Risk, Signal
from change_events.signals import events
from change_events.signals.capacity import capacity
from change_events.signals.combinations import combinations
from change_events.signals.exposure import exposure
from change_events.signals.labels import is_labels_only
from change_events.signals.marks import marked
from change_events.signals.names import NAMES, SIGNALS, WITHOUT_VALUES
from change_events.signals.policies import policies
from change_events.signals.protectors import armed, unprotected
from change_events.signals.raw import may_signal, which_may_signal
from change_events.signals.stateful import stateful_kind
from change_events.signals.subject import Subject
from change_events.signals.table import table
from change_events.signals.watched import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, KeysView

    from change_events.model import ChangeEvent
    from change_events.signals.subject import Found

__all__ = [
    "MOST_OF_A_KIND",
    "NAMES",
    "Subject",
    "bare",
    "is_labels_only",
    "may_signal",
    "ranked",
    "risks",
    "signals",
    "stateful_kind",
    "watched_types",
    "which_may_signal",
    "without_values",
]

MOST_OF_A_KIND = 20
_VALUE_RULES: tuple[Callable[[Subject], Iterator[Found]], ...] = (exposure, policies, watched, capacity)


def risks(
    subject: Subject,
    shows: Callable[[tuple[str, ...], object], bool] | None = None,
    *,
    unprotects: bool = False,
) -> tuple[Risk, ...]:
    """What the values of one change signal. A reason names nothing of an attribute that is sensitive on either side.

    The reasons still have to be redacted: names of actions and roles are texts of the configuration.

    Args:
        subject: the change.
        shows: whether a value may be shown, by its path; None where all may.
        unprotects: what this protector covers stays when it is destroyed.
    """
    rules = _VALUE_RULES if subject.action is not Action.DESTROY else (unprotected,) if unprotects else ()
    found = dict.fromkeys(found for rule in (*rules, armed) for found in rule(subject))
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found:
        hidden = _hides(subject, one) or (shows and not all(shows(*shown) for shown in one.shown))
        key, label = (one.name, bare(one.name) if hidden else one.reason), "" if hidden else one.label
        labels = reasons.setdefault(key, [])
        if label not in labels:
            labels.append(label)
    return tuple(Risk(name=name, reason=f"{', '.join(labels)} {reason}".strip())
                 for (name, reason), labels in reasons.items())  # fmt: skip


def _hides(subject: Subject, found: Found) -> bool:
    return found.attribute is not None and subject.hides(found.attribute)


def bare(name: str) -> str:
    """What is said of a signal without values; of one that another version knows only the name."""
    return WITHOUT_VALUES.get(name) or name.replace("_", " ")


def watched_types() -> KeysView[str]:
    """The resource types of which single settings are watched."""
    return table().keys()


def signals(event: ChangeEvent) -> tuple[Signal, ...]:
    """The signals of a redacted event, the gravest kind first; of each kind the first twenty, the rest as a number.

    What was not attempted (a declined run, for one) signals nothing; what failed is said to have failed.
    """
    told: list[Signal] = []
    for rule in events.RULES:
        for name, same in groupby(rule(event), lambda signal: signal.name):
            alike = list(same)
            told += alike[:MOST_OF_A_KIND]
            if (left := len(alike) - MOST_OF_A_KIND) > 0:
                told.append(Signal(name=name, reason=f"and {left} more of this kind"))
    together = list(combinations(told))
    first = next((place for place, one in enumerate(told) if one.name != "state_emergency"), len(told))
    return tuple(ranked(signal) for signal in (*told[:first], *together, *told[first:]))


def ranked(signal: Signal) -> Signal:
    """The signal with the severity of its name."""
    kind = SIGNALS.get(signal.name)
    if kind is None or kind.severity is signal.severity:
        return signal
    return msgspec.structs.replace(signal, severity=kind.severity)


def without_values(signal: Signal) -> Signal:
    """A signal that was read off values, without them; one without an address is about no single change.

    Of a signal that another version knows only the name is left: nobody knows what its reason tells.
    """
    if signal.address is None or (signal.name in NAMES and signal.name not in WITHOUT_VALUES):
        return signal
    return msgspec.structs.replace(signal, reason=marked(bare(signal.name), signal.outcome))
