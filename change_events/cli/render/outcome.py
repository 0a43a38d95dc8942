"""Renders the outcome of a run as a coloured word."""

from __future__ import annotations

from change_events.cli.render.terminal import paint
from change_events.query.selection import RUNNING

OUTCOME_COLOURS = {
    "succeeded": "green",
    "no_change": None,
    "partial": "red",
    "failed": "red",
    "unknown": "red",
    RUNNING: "cyan",
}
DEFAULT_OUTCOME_COLOUR = "yellow"  # declined, cancelled, and whatever comes


def outcome_word(outcome: str | None) -> str:
    """Return the outcome in words; ``running`` without one."""
    return outcome.replace("_", " ") if outcome else RUNNING


def paint_outcome(word: str) -> str:
    """Return the outcome in its colour."""
    return paint(word, OUTCOME_COLOURS.get(word.replace(" ", "_"), DEFAULT_OUTCOME_COLOUR))
