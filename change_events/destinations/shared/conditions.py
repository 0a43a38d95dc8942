"""Conditions on events: ``when`` of a destination.

This module neither reads settings nor sends anything: a :class:`When` is created when the settings are read.
"""

from __future__ import annotations

import operator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from change_events.model import Counts, Kind, Outcome, OutcomeCounts, Phase, Severity, StateCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from enum import StrEnum

    from change_events.model import ChangeEvent

_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_SEVERITIES = list(Severity)
# counts of what exists, not of what was done
_SEEN = ("read", "no_op", "drift", "drift_not_shown", "outputs", "deferred")
_HOSTS = {"hosts_changed": "changed", "hosts_failed": "failed", "hosts_unreachable": "unreachable"}
_STATE = {f"state_{name}": name for name in StateCounts.__struct_fields__}

VOCABULARIES: dict[str, type[StrEnum]] = {"kind": Kind, "phase": Phase, "outcome": Outcome}
"""The conditions whose words are known beforehand."""

FIGURES: tuple[str, ...] = (
    *(field.encode_name for field in msgspec.structs.fields(Counts)),
    *OutcomeCounts.__struct_fields__,
    *_HOSTS,
    *_STATE,
)
"""What ``counts`` can name."""


class Words(msgspec.Struct, frozen=True):
    """Globs (``fnmatch``, case matters): one of ``wanted`` must match, if there is any, and none of ``unwanted``."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def of(cls, *globs: str) -> Words:
        """Create globs as written: one with the prefix ``!`` is unwanted."""
        unwanted = tuple(glob[1:] for glob in globs if glob.startswith("!"))
        return cls(tuple(glob for glob in globs if not glob.startswith("!")), unwanted)

    def match(self, *texts: str) -> bool:
        """Return whether one of ``texts`` is wanted and none unwanted."""
        if any(fnmatchcase(text, glob) for text in texts for glob in self.unwanted):
            return False
        return not self.wanted or any(fnmatchcase(text, glob) for text in texts for glob in self.wanted)


class Figure(msgspec.Struct, frozen=True):
    """A comparison with a whole number."""

    operator: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Figure:
        """Parse ``>0``, ``>= 2``, ``3``. Raises ValueError."""
        found = next((sign for sign in _OPERATORS if text.startswith(sign)), "")
        number = text[len(found) :].strip()
        if not (number.isascii() and number.isdecimal()):
            raise ValueError(text)
        return cls(found or "=", int(number))

    def match(self, number: int) -> bool:
        """Return whether ``number`` meets the comparison."""
        return _OPERATORS[self.operator](number, self.number)


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that must all hold; None or nothing is no condition.

    A missing text counts as empty, including the outcome of a running event.

    Attributes:
        severity: minimum severity.
        signals: one of the event's signals is wanted and none of them unwanted.
        counts: comparisons by names of :data:`FIGURES`.
        tags: globs by names of the event's tags.
    """

    kind: Words | None = None
    phase: Words | None = None
    outcome: Words | None = None
    environment: Words | None = None
    service: Words | None = None
    tool: Words | None = None
    severity: Severity | None = None
    signals: Words | None = None
    counts: dict[str, Figure] = {}
    tags: dict[str, Words] = {}
    explicit: bool | None = None

    def hold(self, event: ChangeEvent) -> bool:
        """Return whether the event meets all of them."""
        return next(self.failing(event), None) is None

    def failing(self, event: ChangeEvent) -> Iterator[str]:
        """Yield the names of unmet conditions: ``severity``, ``counts.destroy``."""
        yield from (name for name, met in self._texts(event) if not met)
        if self.severity is not None and _rank(event.severity) < _rank(self.severity):
            yield "severity"
        if self.signals is not None and not self.signals.match(*(signal.name for signal in event.signals)):
            yield "signals"
        yield from (f"counts.{name}" for name, wanted in self.counts.items() if not wanted.match(figure(event, name)))
        yield from (f"tags.{name}" for name, words in self.tags.items() if not words.match(event.tags.get(name, "")))
        if self.explicit not in {None, event.explicit}:
            yield "explicit"

    def _texts(self, event: ChangeEvent) -> Iterator[tuple[str, bool]]:
        tool = event.tool.name if event.tool else None
        for name in ("kind", "phase", "outcome", "environment", "service", "tool"):
            words: Words | None = getattr(self, name)
            text = tool if name == "tool" else getattr(event, name)
            yield name, words is None or words.match(text or "")


def hold(when: tuple[When, ...], event: ChangeEvent) -> bool:
    """Return whether one of them holds, or there is none."""
    return not when or any(conditions.hold(event) for conditions in when)


def figure(event: ChangeEvent, name: str) -> int:
    """Return one count of an event: after its end, what was done; before, what is planned.

    Args:
        event: the event.
        name: one of :data:`FIGURES`.
    """
    summary = event.summary
    if name == "hosts_changed":
        return summary.all_hosts_changed
    if name in _HOSTS:
        return int(getattr(summary.hosts, _HOSTS[name])) if summary.hosts else 0
    if name in _STATE:
        return int(getattr(summary.state, _STATE[name])) if summary.state else 0
    if name in OutcomeCounts.__struct_fields__:
        return int(getattr(summary.outcomes, name))
    counts = _done(event) if name not in _SEEN else summary.counts
    return int(getattr(counts, "import_" if name == "import" else name))


def _done(event: ChangeEvent) -> Counts:
    """Return the applied counts if they are distinguished from planned ones, as for Terraform only."""
    summary = event.summary
    ended = event.phase is Phase.APPLIED and event.outcome is not None
    if ended and not event.explicit and event.playbook is None:
        return summary.applied or Counts()
    return summary.applied or summary.counts


def _rank(severity: Severity) -> int:
    return _SEVERITIES.index(severity)
