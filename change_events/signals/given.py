"""Conditions of a row of the table, besides the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.signals.paths import is_there, masked, pairs, words
from change_events.signals.table import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from change_events.signals.subject import Subject


def holds(given: Iterable[str], subject: Subject) -> bool:
    """Return whether all conditions hold, on the values after the change.

    ``path=word`` and ``path!=word``: it is, or is not, one of the values there. ``path``: something is set there;
    ``!path``: nothing is, and nothing will be. ``same:path``: it is there with the same value as before.
    ``before:path=word`` and ``before:path!=word``: on the values before the change.
    """
    return all(_holds(condition, subject) for condition in given)


def _holds(condition: str, subject: Subject) -> bool:
    if condition.startswith("same:"):
        steps = steps_of(condition[5:])
        return words(subject.before, steps) == words(subject.after, steps)
    path, sign, wanted = condition.partition("=")
    if not sign:
        return _is_set(path.removeprefix("!"), subject) != path.startswith("!")
    unwanted = path.endswith("!")
    side = subject.before if path.startswith("before:") else subject.after
    found = words(side, steps_of(path.removeprefix("before:").removesuffix("!")))
    return (wanted in found) != unwanted


def _is_set(path: str, subject: Subject) -> bool:
    steps = steps_of(path)
    return masked(subject.unknown, steps) or any(
        is_there(after) for _, _, after in pairs(subject.after, subject.after, steps)
    )
