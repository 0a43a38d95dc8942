"""Risk signals: facts of an event that deserve attention, each with its reason.

They are found in two steps. :func:`risks` looks at a change's whole values while the plan is in memory, before anything
is cut, hidden or limited; what it finds is kept with the change, in words without values that must not be shown.
:func:`signals` reports them once it is known how each change ended, beside what the event itself says.

What a provider calls things is data: ``rules.tsv`` (settings that are watched) and ``protectors.tsv`` (what protects by
being there). A rule that the table cannot express is a module with one function, asked in :mod:`of_values` (and its
necessary condition in ``raw``) or in :data:`events.RULES`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.model import Signal
from change_events.signals import events
from change_events.signals.combinations import combinations
from change_events.signals.marks import marked
from change_events.signals.names import NAMES, WITHOUT_VALUES, bare
from change_events.signals.own_rules import NONE, OwnRules
from change_events.signals.stateful import stateful_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from change_events.model import ChangeEvent
    from change_events.signals.labels import is_labels_only
    from change_events.signals.of_values import risks, watched_types
    from change_events.signals.raw import may_signal, which_may_signal
    from change_events.signals.subject import Subject

__all__ = [
    "MOST_OF_A_KIND",
    "NAMES",
    "OwnRules",
    "Subject",
    "bare",
    "is_labels_only",
    "may_signal",
    "risks",
    "signals",
    "stateful_kind",
    "watched_types",
    "which_may_signal",
    "without_values",
]

MOST_OF_A_KIND = 20
_OF_VALUES = {
    "Subject": "subject",
    "is_labels_only": "labels",
    "may_signal": "raw",
    "risks": "of_values",
    "watched_types": "of_values",
    "which_may_signal": "raw",
}


def __getattr__(name: str) -> Any:
    """Import the rules over values when they are asked for: a run without a plan has no values that could signal."""
    if name not in _OF_VALUES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_OF_VALUES[name]}"), name)
    return found


def signals(event: ChangeEvent, own: OwnRules | None = None, past: Sequence[Signal] = ()) -> tuple[Signal, ...]:
    """The signals of a redacted event, the gravest kind first; of each kind the first twenty, the rest as a number.

    What was not attempted (a declined run, for one) signals nothing; what failed is said to have failed.

    Args:
        event: with its changes.
        own: what the settings say: signals that are muted are left out, and out of combinations too.
        past: signals that earlier events give it.
    """
    own = own or NONE
    kept = _unmuted(event, own)
    signals: list[Signal] = []
    for rule in (*events.RULES, *map(events.of_values, own.names)):
        for name, same in groupby(filter(kept, rule(event)), lambda signal: signal.name):
            alike = list(same)
            signals += alike[:MOST_OF_A_KIND]
            if (left := len(alike) - MOST_OF_A_KIND) > 0:
                signals.append(Signal(name=name, reason=f"and {left} more of this kind"))
    together = list(filter(kept, combinations(signals)))
    first = next((place for place, one in enumerate(signals) if one.name != "state_emergency"), len(signals))
    return tuple(map(own.ranked, (*signals[:first], *together, *signals[first:], *filter(kept, past))))


def _unmuted(event: ChangeEvent, own: OwnRules) -> Callable[[Signal], bool]:
    """Whether a signal is reported."""
    if not own.mutes:
        return lambda _: True
    today = datetime.now(UTC).date()
    kinds = {change.address: change.type or "" for change in event.changes}
    kinds |= {events.resource_of(address): kind for address, kind in kinds.items()}  # of one of several instances
    return lambda signal: not any(mute.covers(signal, kinds, today) for mute in own.mutes)


def without_values(signal: Signal) -> Signal:
    """A signal that was read off values, without them; one without an address is about no single change.

    Of a signal that another version knows only the name is left: what its reason says is unknown.
    """
    if signal.address is None or (signal.name in NAMES and signal.name not in WITHOUT_VALUES):
        return signal
    return msgspec.structs.replace(signal, reason=marked(bare(signal.name), signal.outcome))
