"""A run of many stacks: its units, each with its own event where it was observed, and their states."""

from __future__ import annotations

from change_events.model.base import Struct
from change_events.model.enums import UnitState


class StackUnit(Struct, frozen=True):
    """One unit of a run of many stacks: a directory, and its workspace unless that is the default.

    ``name`` is the one that Terragrunt's report has, else the directory relative to that of the run. ``event`` is the
    ID of its event, where it has one: a unit that changed nothing leaves none. ``title`` is that event's, ``reason``
    says why the unit failed or was not reached, ``runs`` how many runs it had, if several.
    """

    name: str
    state: UnitState
    event: str | None = None
    title: str | None = None
    reason: str | None = None
    runs: int = 1


class UnitCounts(Struct, frozen=True):
    """Units of a run of many stacks by state; ``total`` are all but the excluded ones."""

    total: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    not_reached: int = 0
    not_observed: int = 0
    excluded: int = 0


class Stacks(Struct, frozen=True):
    """A run of many stacks, each of whose units has an event of its own.

    ``units`` lists those that failed first and those that changed nothing last; ``omitted`` is how many more there are.
    ``subject`` and ``message`` are the words of the person who ran it. ``note`` says what is not known of the units,
    and why: a report that could not be read, units that did not run through tfevent.
    """

    counts: UnitCounts = UnitCounts()
    units: tuple[StackUnit, ...] = ()
    omitted: int = 0
    subject: str | None = None
    message: str | None = None
    note: str | None = None
