"""Risk signals: facts of an event that deserve attention, each with its reason.

They are found in two steps. :func:`risks` looks at a change's whole values while the plan is in memory, before anything
is cut, hidden or limited; what it finds is kept with the change, in words without values that must not be shown.
:func:`signals` tells them once it is known what became of each change, beside what the event itself tells.

A new kind of rule is a module with one function, named in :data:`_VALUE_RULES` (and its necessary condition in ``raw``)
or in :data:`events.RULES`; what a
provider calls things is data: the patterns at the top of a module, and ``transitions.tsv``.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from change_events.model import Risk, Signal
from change_events.signals import events
from change_events.signals.capacity import capacity
from change_events.signals.exposure import exposure
from change_events.signals.names import NAMES, WITHOUT_VALUES
from change_events.signals.policies import policies
from change_events.signals.raw import may_signal, which_may_signal
from change_events.signals.stateful import stateful_kind
from change_events.signals.subject import Subject
from change_events.signals.transitions import table, transitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, KeysView

    from change_events.model import ChangeEvent
    from change_events.signals.subject import Found

__all__ = [
    "MOST_OF_A_KIND",
    "NAMES",
    "Subject",
    "may_signal",
    "risks",
    "signals",
    "stateful_kind",
    "watched_types",
    "which_may_signal",
    "without_values",
]

MOST_OF_A_KIND = 20
_VALUE_RULES: tuple[Callable[[Subject], Iterator[Found]], ...] = (exposure, policies, transitions, capacity)


def risks(subject: Subject) -> tuple[Risk, ...]:
    """What the values of one change signal. A reason names nothing of an attribute that is sensitive on either side.

    The reasons still have to be redacted: names of actions and roles are texts of the configuration.
    """
    found = dict.fromkeys(found for rule in _VALUE_RULES for found in rule(subject))
    return tuple(
        dict.fromkeys(
            Risk(name=one.name, reason=WITHOUT_VALUES[one.name] if _hides(subject, one) else one.reason)
            for one in found
        )
    )


def _hides(subject: Subject, found: Found) -> bool:
    return found.attribute is not None and subject.hides(found.attribute)


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
    return tuple(told)


def without_values(signal: Signal) -> Signal:
    """A signal that was read off values, without them; one without an address is about no single change.

    Of a signal that another version knows only the name is left: nobody knows what its reason tells.
    """
    if signal.address is None or (signal.name in NAMES and signal.name not in WITHOUT_VALUES):
        return signal
    reason = WITHOUT_VALUES.get(signal.name) or signal.name.replace("_", " ")
    return msgspec.structs.replace(signal, reason=events.marked(reason, signal.outcome))
