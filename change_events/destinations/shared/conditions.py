"""Conditions on events, as ``when`` of a destination states them, and whether an event meets them.

Nothing here reads settings or sends anything: a :class:`When` is made once, when the settings are read.
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
# figures of what is there, not of what was done
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
        """Globs as they are written: one that begins with ``!`` is unwanted."""
        unwanted = tuple(glob[1:] for glob in globs if glob.startswith("!"))
        return cls(tuple(glob for glob in globs if not glob.startswith("!")), unwanted)

    def match(self, *texts: str) -> bool:
        """Whether one of ``texts`` is wanted and none unwanted."""
        if any(fnmatchcase(text, glob) for text in texts for glob in self.unwanted):
            return False
        return not self.wanted or any(fnmatchcase(text, glob) for text in texts for glob in self.wanted)


class Figure(msgspec.Struct, frozen=True):
    """A comparison with a whole number."""

    operator: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Figure:
        """``>0``, ``>= 2``, ``3``. Raises ValueError."""
        found = next((sign for sign in _OPERATORS if text.startswith(sign)), "")
        number = text[len(found) :].strip()
        if not (number.isascii() and number.isdecimal()):
            raise ValueError(text)
        return cls(found or "=", int(number))

    def match(self, number: int) -> bool:
        """Whether ``number`` is so."""
        return _OPERATORS[self.operator](number, self.number)


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that must all hold; None or nothing is no condition.

    A text that an event does not have counts as the empty text, the outcome of a running event too.

    Attributes:
        severity: at least so severe.
        signals: one of the event's signals is wanted and none of them unwanted.
        counts: by names of :data:`FIGURES`.
        tags: by names of the event's tags.
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
        """Whether the event meets all of them."""
        return next(self.failing(event), None) is None

    def failing(self, event: ChangeEvent) -> Iterator[str]:
        """The names of those that it does not meet: ``severity``, ``counts.destroy``."""
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
    """Whether one of them holds, or there is none."""
    return not when or any(conditions.hold(event) for conditions in when)


def figure(event: ChangeEvent, name: str) -> int:
    """One figure of an event: of a run that has ended, what was done; else what is to be done.

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
    """What was done where that is distinguished from what was planned: only runs of terraform do so."""
    summary = event.summary
    ended = event.phase is Phase.APPLIED and event.outcome is not None
    if ended and not event.explicit and event.playbook is None:
        return summary.applied or Counts()
    return summary.applied or summary.counts


def _rank(severity: Severity) -> int:
    return _SEVERITIES.index(severity)
