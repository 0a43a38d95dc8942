"""The event of one run as it grows: started, planned, ended. Runs beside terraform, in the recorder's thread.

The same class finishes runs whose tfevent was killed (:mod:`tf_wrapper.leftovers`): everything it needs is in the
run's folder and in the journal's `started` record.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import __version__
from change_events.errors import InputError, JournalError, TemplateError
from change_events.model import ChangeEvent, Kind, Outcome, Phase, Plan, Tool, Trace
from change_events.redact import Redactor, RedactPolicy, load_key
from change_events.settings import Settings, load_leniently, place
from tf_wrapper import outcome, show
from tf_wrapper.output import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.journal import Journal
    from change_events.model import SealedEvent
    from tf_wrapper.apply_log import StreamResult
    from tf_wrapper.human.findings import PlanError
    from tf_wrapper.rundir import RunDirectory

_NO_SECRETS = {"PWD", "OLDPWD"}  # no passwords, whatever their names say
_MIN_SECRET = 8  # shorter values of secret-looking environment variables are too common to scrub


class Story:
    """One run's event.

    Attributes:
        settled: the final event is in the journal (or was sent without one); the run's folder is no longer needed.
        budget: seconds that delivery may take after the run.
    """

    def __init__(
        self,
        run: RunDirectory,
        *,
        settings: Settings | None = None,
        journal: Journal | None = None,
        deliver: bool = True,
    ) -> None:
        self._deliver = deliver
        self._facts: Mapping[str, Any] = run.facts
        self._mistakes: tuple[str, ...] = ()
        if settings is None:
            settings, self._mistakes = load_leniently(Path(str(self._facts["directory"])), os.environ)
        self._settings = settings
        self.budget = settings.budget
        self._redactor = _redactor(settings)
        self._given_journal = journal
        self._event: ChangeEvent | None = None
        self._plan: Plan | None = None
        self._said: set[str] = set()
        self.settled = False

    # -- while the run goes on ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Tell of mistakes in the settings, and record that the run has started."""
        for mistake in self._mistakes:
            say(mistake)
        self._event = self._first_event()
        self._record_start()
        self._settle_others()

    def resume(self, recorded: ChangeEvent | None) -> None:
        """Go on with a run that was killed, from its `started` record if it came so far."""
        self._event = recorded or self._first_event()

    def read_plan(self, path: str) -> None:
        """Read a saved plan and put what it means to do into the `started` record."""
        data = show.plan_json(self._facts, path)
        if data is None:
            return
        from tf_wrapper.plan_json import read_plan
        from tf_wrapper.source import with_sources

        plan = read_plan(data, name=os.path.basename(path), redactor=self._redactor, ignore=self._settings.ignore)
        directory = str(self._facts["directory"])
        data_dir = os.path.join(directory, self._facts.get("selected", {}).get("TF_DATA_DIR") or ".terraform")
        self._plan = msgspec.structs.replace(plan, changes=with_sources(plan.changes, directory, data_dir))
        if self._event is not None:
            self._event = outcome.planned(self._event, self._plan)
            self._record_start()

    def remember(self, secrets: Sequence[str]) -> None:
        """Values that must not be told, whatever text they turn up in."""
        for secret in secrets:
            self._redactor.remember(secret)

    def _remember_state(self) -> None:
        """Without a plan, only the state tells what is secret; errors may quote it."""
        from tf_wrapper.state import remember_state

        with suppress(InputError):
            remember_state(show.state(self._facts), self._redactor)

    def _tell_notices(self, journal: Journal) -> None:
        """A damaged file that was moved aside, a cap that dropped events: a person should know."""
        for notice in journal.notices:
            self._say_once(notice)

    def _say_once(self, trouble: str) -> None:
        """A journal that cannot be written is met three times in a run, and one line is enough."""
        if trouble not in self._said:
            self._said.add(trouble)
            say(trouble)

    def _settle_others(self) -> None:
        """Close the records of killed runs: ours is the "next command" they wait for."""
        from change_events.paths import state_dir
        from tf_wrapper import rundir

        if rundir.count(state_dir()) <= 1:
            return
        from tf_wrapper.leftovers import settle_all

        try:
            with self._journal() as journal:
                settle_all(journal, self._settings)
        except JournalError:
            return  # told already, when our own start was recorded

    def _record_start(self) -> None:
        if self._event is None:
            return
        running = self._composed(self._event)
        try:
            with self._journal() as journal:
                journal.start(self._redactor.seal(running))
                self._tell_notices(journal)
        except JournalError as error:
            self._say_once(str(error))

    # -- when it has ended ----------------------------------------------------------------------------------------

    def end_plan(self, code: int, path: str) -> None:
        """A `plan` ended with ``code`` (2: changes, where -detailed-exitcode was given)."""
        if os.path.exists(path) and self._plan is None:
            self.read_plan(path)
        self._settle(outcome.of_plan(self._started(), self._plan, code))

    def end_without_apply(
        self, code: int | None, errors: Sequence[PlanError], *, interrupted: bool, declined: bool
    ) -> None:
        """The plan half failed or was interrupted, or the answer was not yes: nothing was applied."""
        if self._plan is None and errors:
            self._remember_state()
        event = outcome.without_apply(
            self._started(),
            self._plan,
            code,
            errors,
            self._redactor,
            interrupted=interrupted,
            declined=declined,
        )
        self._settle(event)

    def end_apply(self, code: int | None, stream: StreamResult, *, interrupted: bool) -> None:
        """The apply half ended with ``code``; None where nobody was there to see it end."""
        event = outcome.of_apply(self._started(), self._plan, code, stream, self._redactor, interrupted=interrupted)
        if outcome.has_open_ends(event):
            event = outcome.with_state(event, show.state(self._facts), self._redactor)
        self._settle(event)

    def end_native(self, code: int | None, before: bytes | None, after: bytes | None, *, interrupted: bool) -> None:
        """A natively run command ended with ``code``."""
        from tf_wrapper.state import compare_states

        plan = self._plan
        if plan is None and before is not None and after is not None:
            plan = compare_states(before or None, after or None, redactor=self._redactor, ignore=self._settings.ignore)
        event = outcome.of_native(self._started(), plan, code, planned=self._plan is not None, interrupted=interrupted)
        if self._plan is not None and outcome.has_open_ends(event):
            event = outcome.with_state(event, after, self._redactor)
        self._settle(event)

    def _started(self) -> ChangeEvent:
        if self._event is None:
            self._event = self._first_event()
        return self._event

    def _settle(self, event: ChangeEvent) -> None:
        """Finish the event, store it, deliver it, say so."""
        ended = msgspec.structs.replace(event, ended_at=event.ended_at or datetime.now(UTC))
        sealed = self._redactor.seal(self._composed(ended))
        names = self._destinations(sealed.event)
        if not self._worth_recording(sealed.event):
            self._discard(sealed.event.id)
            self.settled = True
            return
        from change_events.delivery import deliver, deliver_directly

        chosen = [destination for destination in self._settings.destinations if destination.name in names]
        try:
            with self._journal() as journal:
                journal.settle(sealed, names)
                self._tell_notices(journal)
                self.settled = True
                if not self._deliver:
                    return
                report = deliver(journal, self._settings.destinations, budget=self.budget)
                record = journal.get(sealed.event.id)
                where = [f"{status.destination} {status.state.value}" for status in record.deliveries] if record else []
        except JournalError as error:
            self._say_once(str(error))
            report = deliver_directly(sealed, chosen, budget=self.budget)
            where = [f"sent to {report.sent} of {len(chosen)}" if chosen else "kept nowhere: there is no destination"]
            self.settled = True
        if not self._settings.quiet:
            _tell(sealed, where, report.problems)

    def _discard(self, event_id: str) -> None:
        try:
            with self._journal() as journal:
                journal.discard(event_id)
        except JournalError as error:
            self._say_once(str(error))

    def _worth_recording(self, event: ChangeEvent) -> bool:
        """`report: changed` (the default) keeps no record of a run that changed nothing; failures always count."""
        if event.phase is Phase.PLANNED:
            return self._settings.plans != "off" and (
                event.outcome is not Outcome.NO_CHANGE or self._settings.report == "always"
            )
        if self._settings.report == "always":
            return True
        return event.outcome is not Outcome.NO_CHANGE

    def _destinations(self, event: ChangeEvent) -> list[str]:
        everything = [destination.name for destination in self._settings.destinations]
        if event.phase is Phase.PLANNED:
            return everything if self._settings.plans == "send" else []
        if self._settings.report == "always":
            return everything
        bad = event.outcome in {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}
        if self._settings.report == "failed":
            return everything if bad else []
        met = event.summary.outcomes
        untouched = not (met.applied or met.failed or met.unknown)
        quiet = event.outcome is Outcome.DECLINED or (event.outcome is Outcome.CANCELLED and untouched)
        return [] if quiet else everything

    def _composed(self, event: ChangeEvent) -> ChangeEvent:
        from change_events.summary import compose

        try:
            return compose(event, self._settings)
        except TemplateError as error:
            self._say_once(str(error))
            return compose(event, msgspec.structs.replace(self._settings, title_template=None, message_template=None))

    def _journal(self) -> AbstractContextManager[Journal]:
        from change_events.journal import Journal

        if self._given_journal is not None:
            return nullcontext(self._given_journal)  # whoever gave it closes it
        return Journal.open(self._settings.journal, repair=True)

    def _first_event(self) -> ChangeEvent:
        from change_events.context import detect

        facts, settings = self._facts, self._settings
        directory = str(facts["directory"])
        context = detect(Path(directory), os.environ, redactor=self._redactor)
        tool = _tool(facts, self._redactor)
        places = {"workspace": tool.workspace, "directory": os.path.basename(tool.directory or "")}
        return ChangeEvent(
            id=str(facts["id"]),
            kind=Kind.INFRASTRUCTURE,
            phase=Phase(facts.get("phase", "applied")),
            started_at=datetime.fromtimestamp(float(facts["started_at"]), UTC),
            title="",
            environment=place(settings.environment, **places),
            service=place(settings.service, **places),
            tags=dict(settings.tags),
            tool=tool,
            actor=context.actor,
            vcs=context.vcs,
            links=context.links,
            trace=_trace(facts),
        )


def _redactor(settings: Settings) -> Redactor:
    from change_events.paths import state_dir

    policy = RedactPolicy(values=settings.values, names=settings.redact_names, patterns=settings.redact_patterns)
    redactor = Redactor(policy, load_key(Path(state_dir())))
    for name, value in os.environ.items():
        secret = name not in _NO_SECRETS and len(value) >= _MIN_SECRET and redactor.is_sensitive_name(name)
        if secret and not os.path.exists(value):  # the path of a credentials file or a socket is no secret
            redactor.remember(value)
    return redactor


def _tool(facts: Mapping[str, Any], redactor: Redactor) -> Tool:
    name = "tofu" if os.path.basename(str(facts["binary"])).startswith("tofu") else "terraform"
    return Tool(
        name=name,
        tfevent=__version__,
        command=redactor.command_line([name, *facts["argv"]]),
        workspace=redactor.text(str(facts["workspace"])),
        directory=redactor.text(str(facts["directory"])),
    )


def _trace(facts: Mapping[str, Any]) -> Trace:
    return Trace(
        run_id=str(facts["id"]),
        trace_id=facts["trace_id"],
        span_id=facts["span_id"],
        parent_span_id=facts["parent_span_id"],
        parent_run_id=facts["parent_run_id"],
    )


def _tell(sealed: SealedEvent, where: Sequence[str], problems: Sequence[str]) -> None:
    """The one line after a run: what was recorded and where it went."""
    places = "; ".join(where) or "journal"
    trouble = f" ({'; '.join(problems)})" if problems else ""
    say(f"{sealed.event.title} [{sealed.event.id}] → {places}{trouble}")
