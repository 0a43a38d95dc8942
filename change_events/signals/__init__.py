"""Risk signals: notable facts of an event, each with its reason.

They are found in two steps. :func:`risks` examines a change's whole values while the plan is in memory, before anything
is cut, hidden or limited; its results are kept with the change, without values that must not be shown. :func:`signals`
reports them when the outcome of each change is known, with signals of the whole event.

Providers' names are data: ``rules.tsv`` (watched settings) and ``protectors.tsv`` (resources that protect by existing).
A rule that the table cannot express is a module with one function, called in :mod:`of_values` (with its necessary
condition in ``raw``) or in :data:`events.RULES`.
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
    """Import the rules over values on demand: a run without a plan has none."""
    if name not in _OF_VALUES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_OF_VALUES[name]}"), name)
    return found


def signals(event: ChangeEvent, own: OwnRules | None = None, past: Sequence[Signal] = ()) -> tuple[Signal, ...]:
    """Return the signals of a redacted event, the most severe first, twenty of each kind and the number of the others.

    Changes that were not attempted (e.g. in a declined run) have no signals; failed ones are marked as failed.

    Args:
        event: with its changes.
        own: the user's rules: muted signals are left out, also of combinations.
        past: signals from earlier events.
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
    """Return whether a signal is reported."""
    if not own.mutes:
        return lambda _: True
    today = datetime.now(UTC).date()
    kinds = {change.address: change.type or "" for change in event.changes}
    kinds |= {events.resource_of(address): kind for address, kind in kinds.items()}  # of one of several instances
    return lambda signal: not any(mute.covers(signal, kinds, today) for mute in own.mutes)


def without_values(signal: Signal) -> Signal:
    """Return a signal from values without quoting them; without an address, it concerns no single change.

    Of an unknown signal, only the name is kept: its reason may have values.
    """
    if signal.address is None or (signal.name in NAMES and signal.name not in WITHOUT_VALUES):
        return signal
    return msgspec.structs.replace(signal, reason=marked(bare(signal.name), signal.outcome))
