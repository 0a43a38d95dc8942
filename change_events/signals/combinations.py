"""Rules for combinations of signals in one event, which are worse together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import ChangeOutcome, Signal
from change_events.signals.marks import marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _Pair(NamedTuple):
    """Two signals of one run, of any resources, and their combination."""

    name: str
    first: str
    second: str
    words: str


PAIRS = (
    _Pair("access_widened_unaudited", "audit_silenced", "iam_widened",
          "audit logs are reduced ({}) in the run that widens access ({})"),
    _Pair("exposed_unauthenticated", "exposed_to_world", "auth_weakened",
          "what can be reached by everybody ({}) and how access is checked ({}) change in one run"),
    _Pair("capacity_reduced_unalerted", "alerting_silenced", "capacity_reduced",
          "an alert is silenced ({}) in the run that lowers capacity ({})"),
)  # fmt: skip
"""What two signals are together."""
_PROTECTIONS = ("protection_removed", "data_loss_armed")
_ENDS = ("stateful_destroyed", "stateful_replaced")


def combinations(signals: Sequence[Signal]) -> Iterator[Signal]:
    """Yield the combinations of the signals of one event, ignoring failed changes."""
    counting = [signal for signal in signals if signal.outcome is not ChangeOutcome.FAILED]
    yield from _unprotected(counting)
    for pair in PAIRS:
        first, second = (next((one for one in counting if one.name == name), None)
                         for name in (pair.first, pair.second))  # fmt: skip
        if first and second:
            reason = pair.words.format(first.address or "?", second.address or "?")
            outcome = second.outcome if first.outcome is second.outcome else None
            yield Signal(name=pair.name, reason=marked(reason, outcome), address=second.address, outcome=outcome)


def _unprotected(signals: Sequence[Signal]) -> Iterator[Signal]:
    """Yield objects that lose their protection and their data in one run."""
    removed = {signal.address for signal in signals if signal.name in _PROTECTIONS}
    for signal in signals:
        if signal.name in _ENDS and signal.address in removed:
            reason = "its protection is removed in the run that ends it"
            yield Signal(
                name="unprotected_then_destroyed",
                reason=marked(reason, signal.outcome),
                address=signal.address,
                outcome=signal.outcome,
            )
