"""Differences from the last check of each directory: new, changed and resolved drift."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from change_events.drift.results import DirectoryCheck, Status
from change_events.journal.drift_checks import KnownDrift, LastCheck
from change_events.model import Action, Drift, DriftStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from change_events.drift.results import Drifted
    from change_events.redact import Redactor

_MOST_ATTRIBUTES = 50  # per resource in an event

_MISSING, _NO_WORKSPACE = "missing", "workspace"  # kinds of reasons

Key = tuple[str, str]  # directory and workspace


class Transition(NamedTuple):
    """A resource whose drift has changed.

    Attributes:
        drift: the drift with its directory and status.
        names: names of the resource in its cloud, for audit logs.
        clean_at: when its directory was last known to be without drift; None if it never was.
    """

    drift: Drift
    names: tuple[str, ...] = ()
    clean_at: float | None = None


class Step(NamedTuple):
    """One directory: the effect of its check on the memory.

    Attributes:
        check: the check.
        next: the memory after the check.
        transitions: the transitions to report.
        forgets: the directory is removed from the memory instead: its workspace does not exist, or the directory does
            not exist and removal was requested, since it may also be unmounted.
        is_kept: ``next`` is stored; False if the directory never existed.
    """

    check: DirectoryCheck
    next: LastCheck
    transitions: tuple[Transition, ...]
    forgets: bool = False
    is_kept: bool = True

    @property
    def known_before(self) -> bool:
        """Whether it has drift that was reported before."""
        news = {one.drift.address for one in self.transitions}
        return not self.forgets and any(one.address not in news for one in self.next.drift)


def steps(
    checks: Sequence[DirectoryCheck],
    known: Iterable[LastCheck],
    now: float,
    redactor: Redactor,
    *,
    forget: bool = False,
) -> list[Step]:
    """Compare checks with the memory.

    Args:
        checks: checks of this run.
        known: last check of each directory.
        now: seconds since 1970.
        redactor: redactor for the stored paths.
        forget: remove directories that do not exist.
    """
    before: Mapping[Key, LastCheck] = {(one.directory, one.workspace): one for one in known}
    found = []
    for check in checks:
        directory = redactor.text(check.path)
        last = before.get((directory, check.workspace))
        row = LastCheck(directory=directory, workspace=check.workspace, checked_at=now)
        missing = _kind(check) == _MISSING
        forgets = _kind(check) == _NO_WORKSPACE or (missing and forget)
        is_kept = not forgets and not (missing and last is None)  # whose workspace is not known
        found.append(_step(check, last, row, now)._replace(forgets=forgets, is_kept=is_kept))
    return found


def kept(taken: Iterable[Step]) -> list[LastCheck]:
    """Return the checks to store."""
    return [step.next for step in taken if step.is_kept]


def forgotten(taken: Iterable[Step]) -> list[tuple[str, str | None]]:
    """Return the directories to remove, each with its workspace; None for all workspaces."""
    return [
        (step.next.directory, step.next.workspace if _kind(step.check) == _NO_WORKSPACE else None)
        for step in taken
        if step.forgets
    ]


def dedup_key(taken: Sequence[Step]) -> str:
    """Return a key of the result of a check.

    It is equal for two runs with the same result at the same time, and for the repetition of a killed run.
    """
    parts = [
        f"{step.next.directory}\n{step.next.workspace}\n{step.next.revision}\n"
        + "\n".join(f"{one.address} {sorted(one.fingerprints.items())}" for one in step.next.drift)
        for step in taken
        if step.transitions
    ]
    text = "\n\n".join(sorted(parts))
    return f"drift-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _step(check: DirectoryCheck, last: LastCheck | None, row: LastCheck, now: float) -> Step:
    drift = last.drift if last else ()
    kept = {
        "known_at": last.known_at if last else None,
        "clean_at": last.clean_at if last else None,
        "revision": last.revision if last else 0,
        "terms": last.terms if last else "",
    }
    if check.status is Status.UNKNOWN:
        reason = check.reason.text if check.reason else "unknown"
        return Step(check, _row(row, {**kept, "reason": reason, "drift": drift}), ())
    before = {one.address: one for one in drift}
    clean_at = last.clean_at if last else None
    same_terms = last is not None and last.terms == check.terms
    transitions = (*_here(check, before, clean_at, same_terms=same_terms), *_gone(check, before, clean_at))
    now_known = tuple(_known(one, before.get(one.drift.address), now) for one in check.drifted)
    kept["terms"] = check.terms
    kept["known_at"] = now
    kept["clean_at"] = clean_at if check.drifted else now
    kept["revision"] = (last.revision if last else 0) + bool(transitions)
    return Step(check, _row(row, {**kept, "drift": now_known}), transitions)


def _kind(check: DirectoryCheck) -> str:
    return check.reason.kind if check.reason else ""


def _row(row: LastCheck, fields: dict[str, object]) -> LastCheck:
    return replace(row, **fields)


def _here(
    check: DirectoryCheck, before: Mapping[str, KnownDrift], clean_at: float | None, *, same_terms: bool
) -> Iterator[Transition]:
    for one in check.drifted:
        last = before.get(one.drift.address)
        if last is not None and not _differs(one, last, same_terms=same_terms):
            continue
        status = DriftStatus.APPEARED if last is None else DriftStatus.CHANGED
        yield Transition(_placed(one.drift, check, status), one.names, clean_at)


def _differs(one: Drifted, last: KnownDrift, *, same_terms: bool) -> bool:
    """Return whether a drift differs; attributes newly ignored by the settings are no difference."""
    news = any(last.fingerprints.get(path) != value for path, value in one.fingerprints.items())
    return news or (same_terms and last.fingerprints.keys() != one.fingerprints.keys())


def _gone(check: DirectoryCheck, before: Mapping[str, KnownDrift], clean_at: float | None) -> Iterator[Transition]:
    """Yield resolved drift; drift that a new rule ignores still exists and is not reported."""
    here = {one.drift.address for one in check.drifted}
    for address, last in before.items():
        if address not in here and address not in check.ignored:
            drift = Drift(address=address, action=Action(last.action), type=last.type)
            yield Transition(_placed(drift, check, DriftStatus.GONE), (), clean_at)


def _placed(drift: Drift, check: DirectoryCheck, status: DriftStatus) -> Drift:
    left = len(drift.attributes) - _MOST_ATTRIBUTES
    if left > 0:
        omitted = drift.attributes_omitted + left
        drift = replace(drift, attributes=drift.attributes[:_MOST_ATTRIBUTES], attributes_omitted=omitted)
    workspace = "" if check.workspace == "default" else f" ({check.workspace})"
    return replace(drift, directory=f"{check.directory}{workspace}", status=status)


def _known(one: Drifted, last: KnownDrift | None, now: float) -> KnownDrift:
    drift = one.drift
    since = last.since if last else now
    return KnownDrift(drift.address, drift.action.value, one.fingerprints, since, drift.type)
