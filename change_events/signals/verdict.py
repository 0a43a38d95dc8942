"""The question to a rule of the table, and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from change_events.signals.subject import Subject
    from change_events.signals.table import Row


class Case(NamedTuple):
    """One form of a change of one row, for one resource; ``argument`` follows the form's first word."""

    row: Row
    argument: str
    subject: Subject


class Verdict(NamedTuple):
    """A match of a form of a change.

    Attributes:
        label: path of the attribute, in HCL notation if known.
        words: the change in words: ``went from true to false``.
        plain: the same without values.
        shown: the values quoted by ``words``.
        signal: a signal other than the row's.
    """

    label: str
    words: str
    plain: str
    shown: tuple[Any, ...] = ()
    signal: str | None = None
