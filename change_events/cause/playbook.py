"""Causes of a playbook's changes: edits of a task, its files and variables, and versions of roles."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from change_events.cause.bases import LACKS, NO_REPOSITORY, SLOW, Base, base_of
from change_events.cause.earlier_runs import last
from change_events.cause.playbook_files import facts_in
from change_events.cause.playbook_runs import task_of
from change_events.cause.playbook_task import DIRTY, Look, Place
from change_events.cause.playbook_variables import Places
from change_events.cause.repository import Repository
from change_events.cause.versions import Versions
from change_events.model import Action, Cause, CauseKind, ChangeOutcome, Confidence, Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from change_events.cause.playbook_runs import PlaybookRun
    from change_events.model import Change, ChangeEvent, Playbook
    from change_events.process.deadline import Deadline

MOST_CHANGES = 100
_MOST_CAUSES = 6
_MOST_BASES = 4
_MOVED = "another commit was checked out during the run"
_SAME = "nothing that can be followed from the task differs from the last run"
_INVENTORY = "the inventory was edited, and what of it the task uses is not known"


class Findings(NamedTuple):
    """The causes of each change, in order, and the inputs of the run. Not redacted yet."""

    causes: list[tuple[Cause, ...]]
    inputs: Inputs | None


def find_causes(
    event: ChangeEvent, runs: list[PlaybookRun], environ: Mapping[str, str], deadline: Deadline
) -> Findings | None:
    """Return why each task of a playbook run changed something or failed.

    Args:
        event: event of the run, which has ended.
        runs: earlier runs of the playbook, newest first.
        environ: environment for git.
        deadline: deadline of the search.

    Returns:
        The findings; None if this is not a playbook run in a git repository.
    """
    directory = event.tool.directory if event.tool else None
    if event.playbook is None or not event.playbook.file or directory is None or event.vcs is None:
        return None
    repository = Repository.around(directory, environ, deadline)
    if repository is None:
        return Findings([_unknowns(change, NO_REPOSITORY) for change in event.changes], None)
    if repository.head != event.vcs.commit:
        return Findings([_unknowns(change, _MOVED) for change in event.changes], None)
    uncommitted = frozenset[str]() if event.vcs.dirty is False else repository.uncommitted()
    if uncommitted is None:
        return Findings([_unknowns(change, SLOW) for change in event.changes], None)
    causes = _Finder(event, event.playbook, runs, repository, uncommitted).find()
    return Findings(causes, Inputs(uncommitted=tuple(sorted(uncommitted))))


def _is_looked_at(change: Change) -> bool:
    done = change.outcome in {ChangeOutcome.APPLIED, ChangeOutcome.FAILED}
    return done and change.action is not Action.NO_OP and change.task is not None


def _unknowns(change: Change, reason: str) -> tuple[Cause, ...]:
    return (Cause(kind=CauseKind.UNKNOWN, text=reason),) if _is_looked_at(change) else ()


class _Finder:
    def __init__(
        self,
        event: ChangeEvent,
        playbook: Playbook,
        runs: list[PlaybookRun],
        repository: Repository,
        uncommitted: frozenset[str],
    ) -> None:
        self._event = event
        self._playbook = playbook
        self._runs = runs
        self._repository = repository
        self._uncommitted = uncommitted
        self._bases: dict[int, Base[PlaybookRun]] = {}
        self._versions: dict[str, Versions] = {}
        directory = (event.tool.directory if event.tool else None) or repository.top
        self._directory = self._inner(directory)
        inventories = [self._inner(source) for source in playbook.inventory if "," not in source]
        self._inventories = [source for source in inventories if source is not None]
        self._places = Places(
            self._inner(playbook.file or ""), tuple(dict.fromkeys(self._folders())), tuple(self._inventories)
        )

    def _inner(self, path: str) -> str | None:
        """Convert a path of the event to one relative to the repository."""
        inner = self._repository.relative(os.path.join(self._repository.top, path))
        return "" if inner == "." else inner

    def _folders(self) -> Iterator[str]:
        for source in self._inventories:
            is_folder = os.path.isdir(os.path.join(self._repository.top, source))
            yield source if is_folder else os.path.dirname(source)
        if self._directory is not None:
            yield self._directory

    def find(self) -> list[tuple[Cause, ...]]:
        chosen = [at for at, change in enumerate(self._event.changes) if _is_looked_at(change)][:MOST_CHANGES]
        looks = {at: self._look(self._event.changes[at]) for at in chosen}
        found = {at: self._of_task(self._event.changes[at], look) for at, look in looks.items()}
        for at, look in looks.items():
            if not found[at]:
                found[at] = self._behind_handler(self._event.changes[at], looks, found)
            if not found[at]:
                reason = self._reason(self._event.changes[at], look)
                found[at] = [Cause(kind=CauseKind.UNKNOWN, text=reason)]
        return [tuple(found.get(at, [])[:_MOST_CAUSES]) for at in range(len(self._event.changes))]

    def _look(self, change: Change) -> Look | None:
        versions = self._compared(change)
        path = self._inner(change.source.file) if change.source else None
        if versions is None or path is None or change.source is None or change.source.line is None:
            return None
        run = self._base(change).run
        place = Place(self._event, change, path, change.source.line, self._places)
        return Look(versions, place, frozenset() if run is None else run.uncommitted)

    def _base(self, change: Change) -> Base[PlaybookRun]:
        run = last(self._runs, {task_of(change.address)})
        key = id(run)
        if key not in self._bases:
            self._bases[key] = base_of(self._repository, run)
        return self._bases[key]

    def _compared(self, change: Change) -> Versions | None:
        commit = self._base(change).commit
        if commit not in self._versions:
            if len(self._versions) == _MOST_BASES or self._repository.deadline.is_over:
                return None
            until = self._event.started_at.timestamp()
            self._versions[commit] = Versions(self._repository, commit, self._uncommitted, until)
        return self._versions[commit]

    def _of_task(self, change: Change, look: Look | None) -> list[Cause]:
        found = [] if look is None or self._repository.deadline.is_over else look.causes()
        run = self._base(change).run
        if run is not None:
            found += self._of_versions(change, run)
            if look is not None:
                given = look.names & (set(self._playbook.variables) - run.variables)
                found += [_likely(CauseKind.VARIABLE_GIVEN, name) for name in sorted(given)]
        return found

    def _of_versions(self, change: Change, run: PlaybookRun) -> Iterator[Cause]:
        collection = ".".join((change.type or "").split(".")[:2])
        for kind, name, now in (
            (CauseKind.MODULE_VERSION, change.module or "", self._playbook.roles),
            (CauseKind.PROVIDER_VERSION, collection, self._playbook.collections),
        ):
            old, new = run.versions.get(name), now.get(name)
            if old and new and old != new:
                what = "role" if kind is CauseKind.MODULE_VERSION else "collection"
                yield _likely(kind, f"{what} {name} {old} → {new}")

    def _behind_handler(
        self, change: Change, looks: Mapping[int, Look | None], found: Mapping[int, list[Cause]]
    ) -> list[Cause]:
        """Return the causes of the tasks that notified a handler."""
        if change.task is None or not change.task.handler:
            return []
        causes: dict[Cause, None] = {}
        for at, look in looks.items():
            if look is not None and change.name in look.notified:
                causes |= dict.fromkeys(cause for cause in found[at] if cause.kind is not CauseKind.UNKNOWN)
        return list(causes)

    def _reason(self, change: Change, look: Look | None) -> str:
        base = self._base(change)
        if self._repository.deadline.is_over:
            return SLOW
        if base.reason or look is None:
            return base.reason or self._reason_of_place(change)
        if look.trouble or look.versions.failed or look.versions.lacks:
            return look.trouble or (SLOW if look.versions.failed else LACKS)
        if any(map(self._is_edited(look.versions), self._inventories)):
            return _INVENTORY
        if facts := facts_in(look.names):
            return (
                f"the task uses facts of the host, and their values in the last run are not known: {', '.join(facts)}"
            )
        is_dirty = base.run is not None and base.run.uncommitted is None
        return DIRTY if is_dirty else _made_elsewhere(look) or _SAME

    def _reason_of_place(self, change: Change) -> str:
        if change.source is None or change.source.line is None:
            return "the place of the task is not known"
        return (
            SLOW if self._inner(change.source.file) is not None else f"{change.source.file} is not in this repository"
        )

    def _is_edited(self, versions: Versions) -> Callable[[str], bool]:
        edited = self._uncommitted | {entry.path for entry in versions.entries}
        return lambda source: any(path == source or os.path.dirname(path) == source for path in edited)


def _made_elsewhere(look: Look) -> str:
    """Return the reason for a task whose variables may come from a generated inventory; empty if there is none."""
    for path, maker in look.made_elsewhere.items() if look.names else ():
        return f"the inventory is made by {maker} ({path}), and what it gave in the last run is not known"
    return ""


def _likely(kind: CauseKind, text: str) -> Cause:
    return replace(Cause(kind=kind, text=text), confidence=Confidence.LIKELY)
