"""What a rule of the table is asked, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from change_events.signals.subject import Subject
    from change_events.signals.table import Row


class Case(NamedTuple):
    """One form of a change of one row, asked of one resource; ``argument`` is what follows the form's first word."""

    row: Row
    argument: str
    subject: Subject


class Verdict(NamedTuple):
    """That a form of a change is met.

    Attributes:
        label: path of the attribute, in HCL notation where that is known.
        words: the outcome of it: ``went from true to false``.
        plain: the same without values.
        shown: the values that ``words`` quotes.
        signal: another signal than that of the row.
    """

    label: str
    words: str
    plain: str
    shown: tuple[Any, ...] = ()
    signal: str | None = None
