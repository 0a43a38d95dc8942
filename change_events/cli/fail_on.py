"""``summarize --fail-on``: the exit code that fails a pipeline, and its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from change_events.model import Severity
from change_events.query.known_names import known_signals, not_a_signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.model import ChangeEvent

EXIT_FAILED_ON = 3
_SEVERITY = "severity:"
_ORDER = list(Severity)
_SHOWN = 20


class FailOn(NamedTuple):
    """The conditions on which ``summarize`` fails: names of signals, and a minimum severity."""

    names: frozenset[str]
    severity: Severity | None


def parse(given: Sequence[str], session: Session) -> FailOn:
    """Parse ``NAME,NAME`` and ``severity:LEVEL``.

    Raises:
        click.BadParameter: a name is unknown.
    """
    words = [word.strip() for text in given for word in text.split(",")]
    known, levels = known_signals(session.settings), [level.value for level in Severity]
    severities: list[Severity] = []
    for word in words:
        if word.startswith(_SEVERITY):
            if word.removeprefix(_SEVERITY) not in levels:
                raise _wrong(
                    f"{word!r} is not a severity; expected one of {', '.join(_SEVERITY + level for level in levels)}"
                )
            severities.append(Severity(word.removeprefix(_SEVERITY)))
        elif word not in known:
            raise _wrong(not_a_signal(word, known) if word else "write names of signals, or severity:LEVEL")
    names = frozenset(word for word in words if not word.startswith(_SEVERITY))
    return FailOn(names, min(severities, key=_ORDER.index, default=None))


def _wrong(text: str) -> click.BadParameter:
    return click.BadParameter(text, param_hint="'--fail-on'")


def reasons(wanted: FailOn, event: ChangeEvent) -> Iterator[str]:
    """Return why a plan fails, one line each: its signals, or its severity if no signal has it.

    Args:
        wanted: the conditions.
        event: the plan as an event, with signals and severity.
    """
    matching = [signal for signal in event.signals if signal.name in wanted.names or _is(signal.severity, wanted)]
    for signal in matching[:_SHOWN]:
        where = f" ({signal.address})" if signal.address else ""
        yield f"{signal.name}{where}: {signal.reason}"
    if len(matching) > _SHOWN:
        yield f"and {len(matching) - _SHOWN} more"
    if not matching and event.severity is not Severity.INFO and _is(event.severity, wanted):
        yield f"the severity of the plan is {event.severity.value}"


def _is(severity: Severity, wanted: FailOn) -> bool:
    return wanted.severity is not None and _ORDER.index(severity) >= _ORDER.index(wanted.severity)
