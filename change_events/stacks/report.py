"""Reads the run report of Terragrunt; every defect of it becomes a note, not an error.

The report is JSON of the schema ``run/report/v4`` (a list of objects with ``Name``, ``Result`` and optionally
``Reason``, ``Cause``, ``Ref``, ``Cmd``, ``Args``) or CSV with the same names as columns:
https://terragrunt.gruntwork.io/docs/features/run-report. The ``Cause`` of a failure is an error message of any length.
``Args`` is not read, since it may contain anything.
"""

from __future__ import annotations

import csv
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.stacks.terragrunt import seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGEST = 16 * 1024 * 1024  # bytes; a unit takes about 300
MOST = 10_000  # units
SUCCEEDED, FAILED, EARLY_EXIT, EXCLUDED = "succeeded", "failed", "early exit", "excluded"
_RESULTS = {SUCCEEDED, FAILED, EARLY_EXIT, EXCLUDED}
_LONGEST = 64 * 1024  # characters of a field that are read


class ReportedUnit(NamedTuple):
    """One entry of the report: raw texts, empty if missing."""

    name: str
    result: str
    reason: str = ""
    cause: str = ""
    command: str = ""
    ref: str = ""


class Report(NamedTuple):
    """The entries that could be read, and a clause on what could not; both may be present."""

    units: tuple[ReportedUnit, ...] = ()
    problem: str | None = None


def read(path: str, before: Sequence[int] | None) -> Report:
    """Return the report of one run. Never raises.

    Args:
        path: path of the file.
        before: version of the file before the run (:func:`change_events.stacks.terragrunt.seen`); an unchanged file is
            no report of this run.
    """
    try:
        data = _bytes(path, before)
    except FileNotFoundError:
        return Report(problem="none was written")
    except (OSError, ValueError) as error:
        return Report(problem=getattr(error, "strerror", None) or str(error))
    return _parsed(data)


def _bytes(path: str, before: Sequence[int] | None) -> bytes:
    """Return the content of the file, without blocking on special files. Raises OSError, ValueError."""
    if before is not None and seen(path) == list(before):
        raise ValueError("the file is that of an earlier run")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"larger than {LARGEST // 1024 // 1024} MiB")
    return data


def _parsed(data: bytes) -> Report:
    entries = _json(data) if data.lstrip()[:1] in {b"[", b"{"} else _csv(data)
    if entries is None:
        return Report(problem="not a run report of Terragrunt in JSON or CSV")
    units = [unit for entry in entries[: MOST + 1] if (unit := _unit(entry)) is not None]
    wrong = min(len(entries), MOST + 1) - len(units)
    if len(entries) > MOST:
        return Report(tuple(units[:MOST]), f"more than {MOST:,} units")
    return Report(tuple(units), f"entries not understood: {wrong} of {len(entries)}" if wrong else None)


def _json(data: bytes) -> list[Any] | None:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _csv(data: bytes) -> list[Any] | None:
    try:
        rows = csv.reader(data.decode("utf-8", "replace").splitlines(keepends=True))
        names = next(rows, [])
        found = [dict(zip(names, row, strict=False)) for _, row in zip(range(MOST + 2), rows, strict=False)]
    except csv.Error:
        return None
    return found if {"name", "result"} <= {name.lower() for name in names} else None


def _unit(entry: Any) -> ReportedUnit | None:
    if not isinstance(entry, dict):
        return None
    texts = {str(name).lower(): text for name, text in entry.items() if isinstance(text, str)}
    name, result = texts.get("name", ""), texts.get("result", "")
    if not name.strip() or result not in _RESULTS:
        return None
    rest = (texts.get(key, "")[:_LONGEST] for key in ("reason", "cause", "cmd", "ref"))
    return ReportedUnit(name[:_LONGEST], result, *rest)


def units_by_name(report: Report) -> Iterator[ReportedUnit]:
    """Yield each unit once: the last of several entries with one name and reference."""
    yield from {(unit.name, unit.ref): unit for unit in report.units}.values()
