"""Signals as badges, the most severe first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Severity
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.model import Signal

_TONES = {Severity.ERROR: "danger", Severity.WARNING: "caution", Severity.INFO: "fact"}
_ORDER = tuple(_TONES.values())
_REASON = 500


class SignalView(NamedTuple):
    """A signal: ``name`` is for the filter, ``tone`` its shape and colour, ``events`` the earlier events it names."""

    name: str
    words: str
    tone: str
    reason: str
    address: str
    events: tuple[str, ...]


def signal_views(signals: Sequence[Signal]) -> list[SignalView]:
    """Return each signal once by name, with its first reason."""
    first: dict[str, Signal] = {}
    for signal in signals:
        first.setdefault(signal.name, signal)
    return gravest_first(map(signal_view, first.values()))


def gravest_first(views: Iterable[SignalView]) -> list[SignalView]:
    """Return the signals by severity, otherwise in the given order."""
    return sorted(views, key=lambda view: _ORDER.index(view.tone))


def signal_view(signal: Signal) -> SignalView:
    """Return the view of one signal."""
    return SignalView(
        name=signal.name[:_REASON],
        words=one_line(signal.name.replace("_", " "), 60),
        tone=_TONES[signal.severity],
        reason=one_line(signal.reason, _REASON),
        address=one_line(signal.address or "", _REASON),
        events=signal.events,
    )
