"""Rule: a setting goes from one known value to another. The settings are data: ``transitions.tsv``.

Its columns: resource type, path of the attribute (no indices: blocks and lists are looked through), change, signal.
A change is one of

* ``false->true``: the second value is there and was not; null before, or no object, counts as the first one.
* ``was false->true``: the same, only where the first value was there: of settings that are on by default.
* ``true->false``, ``required->optional``: the first value was there and the second one is.
* ``->a|b``: one of these values is there that was not, also in an object that is new.
* ``changed->a``: the same, in an object that was there with another value.
* ``removed``: there was a value and there is none, in an object that goes on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.subject import Found, Subject, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 100


class Transition(NamedTuple):
    """One row of the table."""

    path: str
    change: str
    signal: str


@cache
def table() -> dict[str, tuple[Transition, ...]]:
    """The rows by resource type."""
    found: dict[str, list[Transition]] = {}
    lines = Path(__file__).with_name("transitions.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        kind, path, change, signal = line.split("\t")  # ours, and without quotes
        found.setdefault(kind, []).append(Transition(path, change, signal))
    return {kind: tuple(rows) for kind, rows in found.items()}


def transitions(subject: Subject) -> Iterator[Found]:
    """What became of the settings that the table knows."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in table().get(subject.type, ()):
        steps = row.path.split(".")
        before, after = _values(subject.before, steps), _values(subject.after, steps)
        if (reason := _reason(row, before, after, is_new=subject.before is None)) is not None:
            found.setdefault((row.signal, reason), []).append(row.path)
    for (signal, reason), paths in found.items():
        roots = [path.partition(".")[0] for path in paths]
        yield Found(signal, f"{', '.join(paths)} {reason}", next(filter(subject.hides, roots), roots[0]))


def _reason(row: Transition, before: set[str], after: set[str], *, is_new: bool) -> str | None:
    if row.change == "removed":
        return "was taken away" if before and not after and not is_new else None
    old, _, new = row.change.removeprefix("was ").partition("->")
    gained = sorted((after - before) & set(new.split("|")))
    if not gained or (old == "changed" and not before):
        return None
    if old == "false" and not row.change.startswith("was "):
        return "went from false to true" if before or not is_new else "is true"
    if old in {"", "changed"}:
        return f"became {', '.join(gained)}"[:_LONGEST]
    return f"went from {old} to {gained[0]}" if old in before else None


def _values(value: Any, steps: list[str]) -> set[str]:
    """The scalars at a path, over all blocks and elements, as words."""
    if isinstance(value, list):
        return {word for part in value for word in _values(part, steps)}
    if steps:
        return _values(value.get(steps[0]), steps[1:]) if isinstance(value, dict) else set()
    return {_word(leaf) for _, leaf in leaves(value)}


def _word(leaf: Any) -> str:
    return str(leaf).lower() if isinstance(leaf, bool) else str(leaf)
