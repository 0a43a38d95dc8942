"""Rule: a watched setting changes in a way named by the table.

Each form of a change is judged by the function for its first word; see the modules in :data:`_JUDGES`. Forms judged
elsewhere (:data:`change_events.signals.table.ELSEWHERE`) are left to their rule.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from change_events.signals import amounts, elements, helm, sizes, transitions, versions
from change_events.signals.given import holds
from change_events.signals.subject import Found
from change_events.signals.table import ELSEWHERE, table
from change_events.signals.verdict import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from change_events.signals.own_rules import OwnRule
    from change_events.signals.subject import Subject
    from change_events.signals.table import Row
    from change_events.signals.verdict import Verdict

_JUDGES: dict[str, Callable[[Case], Iterable[Verdict]]] = {
    "lower": amounts.lower,
    "higher": amounts.higher,
    "smaller": sizes.smaller,
    "down": sizes.down,
    "fewer": elements.fewer,
    "loses": elements.loses,
    "emptied": elements.emptied,
    "removed": transitions.removed,
    "added": transitions.added,
    "any": transitions.any_change,
    "each": transitions.each,
    "matching": transitions.matching,
    "version": versions.version,
    "helm": helm.values,
}
FORMS = (*_JUDGES, "existing", "was", "changed->WORD", "WORD->WORD", "->WORD")
"""How a form of a change begins."""


def watched(subject: Subject, rules: Sequence[OwnRule] = ()) -> Iterator[Found]:
    """Yield the results for the settings watched by the table and the user's rules."""
    for row in rows_of(subject.type, rules):
        before, after = subject.sides(row.steps[0])
        if before == after:  # nothing became of it: as with most of the settings of a type
            continue
        for form in row.forms:
            if form not in ELSEWHERE and holds(row.given, subject):
                yield from _found(row, form, subject)


def rows_of(kind: str, rules: Sequence[OwnRule] = ()) -> Iterator[Row]:
    """Return the rows for a resource type."""
    yield from table().get(kind, ())
    yield from (rule.row for rule in rules if fnmatchcase(kind, rule.types))


def own_attributes(kind: str, rules: Sequence[OwnRule]) -> tuple[str, ...]:
    """Return the attributes of a type watched by the user's rules."""
    return tuple(dict.fromkeys(rule.row.steps[0] for rule in rules if fnmatchcase(kind, rule.types)))


def _found(row: Row, form: str, subject: Subject) -> Iterator[Found]:
    word, _, argument = form.partition(" ")
    judge = _JUDGES.get(word)
    case = Case(row, argument if judge else form, subject)
    for verdict in judge(case) if judge else transitions.transition(case):
        root = row.steps[0]
        name = verdict.signal or row.signal
        if row.own:
            yield Found(row.signal, row.reason or f"{row.path} {verdict.plain}", root)
        else:
            shown = tuple((row.steps, value) for value in verdict.shown)
            yield Found(name, verdict.words, root, verdict.label, shown)
