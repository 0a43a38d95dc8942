"""Creates events from all sources of a command line: differences between states, and plans."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from change_events.cli.tool_adapter import Found, Piece, Unused
from change_events.errors import InputError
from change_events.ids import id_of
from change_events.journal.backfilled import Origin
from change_events.model import (
    Backfilled,
    Cause,
    CauseKind,
    ChangeEvent,
    Kind,
    Outcome,
    OutcomeCounts,
    Phase,
    StateEdit,
    Summary,
)
from tf_wrapper.plan.reader import read_plans
from tf_wrapper.record import outcome
from tf_wrapper.record.backfill import bucket, folder, pairs, stacks
from tf_wrapper.record.backfill.versions import UnreadableError, digest
from tf_wrapper.state.two_states import versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.cli.tool_adapter import HistoryRequest, KnownPlaces
    from change_events.redact import Redactor
    from change_events.settings import Settings
    from tf_wrapper.record.backfill.pairs import Compared
    from tf_wrapper.record.backfill.stacks import Stack
    from tf_wrapper.record.backfill.versions import Moment, Stored

_CAUSE = Cause(kind=CauseKind.UNKNOWN, text="a state does not show what caused its changes")
_NAMED = 3  # reasons of versions that could not be read


class History:
    """Creates events from history.

    Args:
        request: the options of the command.
        redactor: remembers the secrets of everything that is read.
        settings: ignored attributes and the user's signal rules.
        known: returns the places of a source that have an event.
    """

    def __init__(self, request: HistoryRequest, redactor: Redactor, settings: Settings, known: KnownPlaces) -> None:
        self._request = request
        self._redactor = redactor
        self._settings = settings
        self._known = known
        self._stacks = stacks.Directories(request.directory, request.workspace, redactor)

    def items(self) -> Iterator[Piece | Unused | Found]:
        """Yield all results as they are found.

        Raises:
            InputError: a source cannot be read at all, or is empty.
        """
        if self._request.directory is not None and not os.path.isdir(self._request.directory):
            raise InputError(
                f"{self._request.directory}: there is no such directory; expected one with a configuration"
            )
        objects = [bucket.object_of(name) for name in self._request.sources if name.startswith(bucket.SCHEME)]
        paths = [name for name in self._request.sources if not name.startswith(bucket.SCHEME)]
        for one in objects:
            found = bucket.stored(one, last=self._request.last, since=self._request.since)
            label = self._redactor.text(one.address)
            stack = self._stacks.of_object(one.bucket, one.key) or stacks.alone(label)
            yield from self._of_states(found, digest(one.address), label, stack)
        if paths:
            yield from self._of_files(paths)

    def _of_files(self, paths: list[str]) -> Iterator[Piece | Unused | Found]:
        files = folder.sort(paths)
        for unused in files.unused:
            yield Unused(self._redactor.text(unused.path), unused.reason)
        single = [one.label for one in files.states if len(one.versions) == 1]
        if not files.plans and len(single) == len(files.states):
            what = "one version of a state only" if single else "no state or plan"
            raise InputError(f"{', '.join(paths)[:200]}: {what}; expected versions of a state, or plans in JSON")
        for one in files.states:
            label = self._redactor.text(one.label)
            alone = stacks.alone(f"{label} lineage {self._redactor.text(one.lineage or '')}")
            stack = self._stacks.of_lineage(one.lineage or "", alone=len(files.states) == 1) or alone
            yield from self._of_states(one, digest("files", one.label, one.lineage), label, stack)
        yield from self._of_plans(files.plans)

    def _of_states(self, found: Stored, source: str, label: str, stack: Stack) -> Iterator[Piece | Unused | Found]:
        request = self._request
        known = set() if request.again else self._known(source, joined=stack.tool.directory is not None)
        steps = max(0, len(found.versions) - 1)
        yield Found(label, min(steps, request.last or steps), joined=stack.tool.directory)
        compared = pairs.Pairs(found, source, known, self._redactor, self._settings)
        for one in compared.compare(last=request.last, since=request.since):
            if isinstance(one, pairs.Passed):
                name = self._redactor.text(f"{label} {one.version.name}")
                yield Unused(name, one.reason, known=one.known, counted=True)
            else:
                yield Piece(self._event(one, label, stack), one.origin)

    def _event(self, one: Compared, label: str, stack: Stack) -> ChangeEvent:
        plan, text = one.edits.plan, self._redactor.text
        at, before = one.moment.at, one.before.written
        tool = replace(stack.tool, name=plan.tool_name, version=plan.tool_version)
        return ChangeEvent(
            id=_id(at, one.origin.version, one.origin.place),
            kind=Kind.INFRASTRUCTURE,
            phase=Phase.APPLIED,
            outcome=Outcome.UNKNOWN,
            started_at=at,
            ended_at=at,
            title="",
            environment=stack.environment,
            service=stack.service,
            tags=dict(stack.tags),
            tool=tool,
            vcs=stack.vcs,
            clouds=one.clouds,
            changes=tuple(replace(change, causes=(_CAUSE,)) for change in plan.changes),
            outputs=plan.outputs,
            summary=Summary(
                counts=plan.counts,
                outcomes=OutcomeCounts(applied=len(plan.changes)),
                by_type=plan.by_type,
                by_module=plan.by_module,
                state=one.edits.counts,
            ),
            state=self._versions(one),
            backfilled=Backfilled(
                source=label,
                at=datetime.now(UTC),
                version=text(one.after.name),
                time_from=one.moment.taken_from,
                since=before.at if before is not None and before.at <= at else None,
                owner=text(one.after.owner) if one.after.owner else None,
                skipped=len(one.unread),
                host=stack.host,
            ),
        )

    def _versions(self, one: Compared) -> StateEdit:
        state = versions(one.old, one.new, one.edits.counts, self._redactor)
        why = "; ".join(list(dict.fromkeys(one.unread))[:_NAMED])
        notes = [
            state.note,
            f"versions between could not be read: {why}" if why else None,
        ]
        return replace(state, note="; ".join(note for note in notes if note) or None)

    def _of_plans(self, plans: list[folder.PlanFile]) -> Iterator[Piece | Unused | Found]:
        request = self._request
        wanted = [one for one in plans if request.since is None or one.made.at >= request.since]
        wanted = wanted[-request.last :] if request.last else wanted
        stack = self._stacks.of_plans()
        if wanted:
            yield Found(
                self._redactor.text(os.path.dirname(wanted[0].path)), len(wanted), joined=stack and stack.tool.directory
            )
        seen: dict[str, str] = {}
        for one in wanted:
            first = seen.setdefault(_known_by(one), one.path)
            if first != one.path:
                same = self._redactor.text(os.path.basename(first))
                yield Unused(self._redactor.text(one.path), f"the same plan as {same}", counted=True)
            else:
                yield from self._of_plan(one, stack)

    def _of_plan(self, one: folder.PlanFile, stack: Stack | None) -> Iterator[Piece | Unused]:
        name = self._redactor.text(one.path)
        more: dict[str, Any] = {"ignore": self._settings.ignore, "own": self._settings.own_rules}
        try:
            plans = read_plans(folder.read(one.path), name=os.path.basename(one.path), redactor=self._redactor, **more)
        except (UnreadableError, InputError) as error:
            yield Unused(name, self._redactor.text(str(error)), counted=True)
            return
        label = self._redactor.text(os.path.dirname(one.path))
        for number, plan in enumerate(plans):
            place = digest(_known_by(one), number)
            event = ChangeEvent(
                id=_id(one.made.at, place),
                kind=Kind.INFRASTRUCTURE,
                phase=Phase.PLANNED,
                outcome=Outcome.FAILED if plan.errored else Outcome.SUCCEEDED,
                started_at=one.made.at,
                ended_at=one.made.at,
                title="",
                tool=(stack or stacks.alone(label)).tool,
                vcs=stack.vcs if stack else None,
                backfilled=self._planned(one.made, label, os.path.basename(one.path), stack),
            )
            event = outcome.planned(event, plan)
            if outcome.is_empty(plan.counts) and not plan.drift and not plan.errored:
                yield Unused(name, counted=True)
            else:
                yield Piece(event, Origin(place, digest("plans"), place))

    def _planned(self, made: Moment, label: str, name: str, stack: Stack | None) -> Backfilled:
        host = stack.host if stack else None
        version = self._redactor.text(name)
        return Backfilled(source=label, at=datetime.now(UTC), version=version, time_from=made.taken_from, host=host)


def _known_by(plan: folder.PlanFile) -> str:
    """Return the identity of a plan, without its file name unless only that has a time."""
    return digest(plan.content, plan.made.at if plan.made.taken_from == "name" else "")


def _id(at: datetime, *parts: str) -> str:
    return id_of(at.timestamp(), bytes.fromhex(digest(*parts)))
