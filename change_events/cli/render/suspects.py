"""Renders the ranking of changes before an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.cli.render.outcome import outcome_word, paint_outcome
from change_events.cli.render.terminal import clean, local_time, paint
from change_events.text.plural import number_of
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.history.suspects import Ranking, Suspect

_INDENT = " " * 4
_COMMIT = 10


def ranking_lines(ranking: Ranking) -> Iterator[str]:
    """Yield the scope, and the suspects with their reasons."""
    window = short_duration((ranking.at - ranking.since).total_seconds())
    number = number_of(ranking.candidates, "change event")
    cut = "; older ones were not looked at: narrow the --window" if ranking.cut else ""
    yield f"{number} in the {window} before {local_time(ranking.at)}{cut}"
    for rank, suspect in enumerate(ranking.suspects, 1):
        yield ""
        yield from _suspect_lines(rank, suspect)
    if left := ranking.candidates - len(ranking.suspects):
        yield ""
        yield f"… and {left} less likely: --limit 0 shows all"


def _suspect_lines(rank: int, suspect: Suspect) -> Iterator[str]:
    outcome = paint_outcome(outcome_word(suspect.outcome))
    yield f"{rank:>2}. {paint(clean(suspect.title), bold=True)}  {outcome}  score {suspect.score:g}"
    by = f" by {clean(suspect.user)}" if suspect.user else ""
    commit = f", commit {clean(suspect.commit[:_COMMIT])}" if suspect.commit else ""
    yield f"{_INDENT}{local_time(suspect.started_at)}{by}{commit}  {paint(suspect.event, dim=True)}"
    for cause in suspect.causes:
        yield f"{_INDENT}{clean(cause)}"
    for reason in suspect.reasons:
        yield f"{_INDENT}{paint(f'{reason.points:+6.1f}', dim=True)}  {clean(reason.text)}"
