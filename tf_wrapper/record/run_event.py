"""The event of one run as it develops: started, planned, ended. Used beside terraform, in the recorder's thread.

The same class completes runs whose tfevent was killed (:mod:`tf_wrapper.record.recovery`), from the run's folder and
the journal's `started` record.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from change_events.errors import InputError, JournalError
from change_events.output import describe
from change_events.recording import EventWriter, report_line
from change_events.recording.checkpoint import is_ended, write_checkpoint
from change_events.settings import Settings, load_leniently
from change_events.settings.redaction import redactor_of
from tf_wrapper.launch import arguments, binary_setting
from tf_wrapper.launch.output import say
from tf_wrapper.plan import plan_file, terraform_show
from tf_wrapper.plan.plan_file import is_plan_file
from tf_wrapper.record.first_event import first_event, without_positional

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Journal
    from change_events.model import ChangeEvent, Failure, Plan, SealedEvent
    from change_events.process.deadline import Deadline
    from tf_wrapper.configuration.hand_overs import HandOvers
    from tf_wrapper.configuration.secrets import Secrets
    from tf_wrapper.record import explain
    from tf_wrapper.record.failed_plan import FailedPlan
    from tf_wrapper.state.snapshot import Snapshot
    from tf_wrapper.stream.identity import Identity
    from tf_wrapper.stream.reader import StreamResult

_SHOW_SECONDS = 2.0  # to look at a plan that failed: it costs the end of the run


class RunEvent:
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
        self._run = run
        self._facts: Mapping[str, Any] = run.facts
        self._mistakes: tuple[str, ...] = ()
        if settings is None:
            settings, self._mistakes = load_leniently(Path(str(self._facts["directory"])), os.environ)
        self._settings = settings
        self.budget = settings.budget
        self._redactor = redactor_of(settings, os.environ)
        self._recording = EventWriter(settings, self._redactor, say=say, journal=journal, deliver=deliver)
        self._event: ChangeEvent | None = None
        self._plan: Plan | None = None
        self._identities: list[Identity] = []  # of the plan's changes
        self._planned: explain.Planned | None = None
        self._before: explain.Before | None = None
        self._hand_overs: HandOvers | None = None
        self.settled = False

    @property
    def writer(self) -> EventWriter:
        """The writer of the event."""
        return self._recording

    @property
    def has_plan(self) -> bool:
        """Whether the run's plan was read."""
        return self._plan is not None

    # -- while the run goes on ------------------------------------------------------------------------------------

    def begin(self, *, is_over: bool = False) -> None:
        """Report mistakes in the settings and, unless the run is over, record its start.

        Args:
            is_over: the run has ended, according to its folder, and will be settled next.
        """
        for mistake in self._mistakes:
            if mistake not in binary_setting.reported:
                say(mistake)
        with suppress(OSError):  # the record itself will report a full disk
            self._run.write_journal(str(self._settings.journal))
        self._event = first_event(self._facts, self._settings, self._redactor)
        if not is_over:
            self._record_start()

    def look_back(self) -> None:
        """Read earlier runs and the repository, to find causes later, before there is a plan."""
        if self._event is None or not self._settings.causes:
            return
        from tf_wrapper.record import explain

        try:
            with suppress(JournalError), self._recording.usable_journal() as journal:
                if journal is not None:
                    self._before = explain.past(self._event, str(self._facts["directory"]), self._data_dir, journal)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs the causes, not the record
            say(f"the causes of this run's changes are not found: {describe(error)}")

    def read_hand_overs(self) -> None:
        """Read `removed` and `import` blocks, which the states of a run without a plan do not show."""
        from tf_wrapper.configuration.hand_overs import find_hand_overs

        if not arguments.may_destroy_all([str(word) for word in self._facts["argv"]], os.environ):
            tofu = os.path.basename(str(self._facts["binary"])).startswith("tofu") or None
            self._hand_overs = find_hand_overs(str(self._facts["directory"]), self._data_dir, tofu=tofu)

    def resume(self, recorded: ChangeEvent | None) -> None:
        """Continue a killed run, from its `started` record if there is one."""
        if recorded is None and self._facts["stage"] == "state":  # TF_VAR_… of that run are not known any more
            self._facts = {**self._facts, "argv": without_positional(self._facts)}
        self._event = recorded or first_event(self._facts, self._settings, self._redactor)

    def end_as_known(self, ended: ChangeEvent) -> None:
        """Settle a run whose complete event could neither be recorded nor sent when it ended."""
        self._settle(ended)

    def read_plan(self, path: str) -> None:
        """Read a saved plan, and add its changes to the `started` record."""
        self._note_saved_plan(path)
        data = terraform_show.plan_json(self._facts, path)
        if data is None:
            return
        from tf_wrapper.plan.reader import read_plan
        from tf_wrapper.record import explain, outcome
        from tf_wrapper.source import with_sources

        identities: list[Identity] = []
        plan = read_plan(
            data,
            name=os.path.basename(path),
            redactor=self._redactor,
            ignore=self._settings.ignore,
            own=self._settings.own_rules,
            identities=identities,
        )
        self._identities = identities
        changes = with_sources(plan.changes, str(self._facts["directory"]), self._data_dir)
        self._plan = replace(plan, changes=explain.with_known(changes, self._event))
        shown = self._settings.values == "safe"  # else not even a fingerprint of a value is recorded
        self._planned = explain.Planned(path, explain.fingerprints(data, self._redactor) if shown else {})
        if self._event is not None:
            self._event = outcome.planned(self._event, self._plan)
            self._record_start()

    def _note_saved_plan(self, path: str) -> None:
        """Store the digest of a user's plan file, which links the event to the run that applies it."""
        event = self._event
        if event is None or event.tool is None or os.path.dirname(path) == self._run.path:
            return
        self._event = replace(event, tool=replace(event.tool, plan=plan_file.digest(path)))

    @property
    def _data_dir(self) -> str:
        directory = str(self._facts["directory"])
        return os.path.join(directory, self._facts.get("selected", {}).get("TF_DATA_DIR") or ".terraform")

    def find_causes(self, deadline: Deadline) -> None:
        """Find the causes of planned changes, and add them to the `started` record; stop at the deadline."""
        if self._plan is not None and self._planned is not None and self._settings.causes:
            self._plan = self._explained(self._plan, self._planned, deadline)
            self._record_start()

    def _explained(self, plan: Plan, planned: explain.Planned, deadline: Deadline) -> Plan:
        """Return the plan with the causes of its changes, and add them to the event."""
        from tf_wrapper.record import explain

        run = explain.ExplainedRun(
            self._facts, self._data_dir, self._before or explain.Before([], None), planned, self._started()
        )
        try:
            self._event, plan = explain.explained(run, plan, self._redactor, deadline)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs the causes, not the record
            say(f"the causes of this run's changes are not found: {describe(error)}")
        return plan

    def announce(self) -> None:
        """Notify destinations that receive started events, unless there is nothing to change."""
        from tf_wrapper.record import outcome

        if self._event is None or (self._plan is not None and outcome.is_empty(self._plan.counts)):
            return
        self._recording.announce(self._event)

    def remember(self, secrets: Secrets) -> None:
        """Hide these values in all texts."""
        from tf_wrapper.plan.hidden import remember_hidden

        for value in secrets.values:
            remember_hidden(value, self._redactor)
        for name, value in secrets.named:
            if self._redactor.is_sensitive_name(name):
                remember_hidden(value, self._redactor)
        for name, value in secrets.literals:
            self._redactor.harvest({name: value})

    def _learn(self, failed: FailedPlan) -> bool:
        """Remember the secrets of a failed plan; False if its errors may quote an unknown one."""
        if failed.secrets is None:
            return True
        secrets = failed.secrets()
        self.remember(secrets)
        planned = self._remember_plan(failed.saved)
        if not planned:
            self._remember_state()
        return not (secrets.ephemeral_kept_out or (secrets.kept_out and not planned))

    def _remember_plan(self, path: str) -> bool:
        """Remember the secrets of a failed plan's file, which usually exists, with variables and prior state."""
        if self._plan is not None:
            return True
        data = terraform_show.plan_json(self._facts, path, seconds=_SHOW_SECONDS) if is_plan_file(path) else None
        if data is None:
            return False
        from tf_wrapper.plan.reader import remember_secrets

        try:
            remember_secrets(data, self._redactor)
        except InputError:
            return False
        return True

    def _remember_state(self) -> None:
        """Remember the secrets of the state, the only source without a plan; errors may quote it."""
        from tf_wrapper.state.compare import remember_state

        with suppress(InputError):
            remember_state(terraform_show.state(self._facts), self._redactor)

    def _record_start(self) -> None:
        if self._event is not None:
            started = self._recording.begin(self._event)
            if started.lost:
                self._keep(started.sealed)

    def _keep(self, sealed: SealedEvent) -> None:
        """Keep an event that no journal has in the run's folder, for the next command.

        Once the run has ended, the rest of the folder is removed, since a plan with secrets must not wait with it.
        """
        with suppress(OSError):
            write_checkpoint(self._run, sealed)
            if is_ended(sealed.event):
                self._run.remove_work()

    # -- when it has ended ----------------------------------------------------------------------------------------

    def end_plan(self, code: int, path: str, failed: FailedPlan | None = None) -> None:
        """Settle a `plan` that ended with ``code`` (2: changes, with -detailed-exitcode)."""
        from tf_wrapper.record import explain, outcome

        if self._plan is None and plan_file.is_plan_file(path):  # ours lies there empty until terraform writes it
            self.read_plan(path)
            self.find_causes(explain.at_the_end())
        event = outcome.of_plan(self._started(), self._plan, code)
        self._settle(replace(event, failures=self._failures(failed)))

    def end_without_apply(
        self, code: int | None, failed: FailedPlan | None, *, interrupted: bool, declined: bool
    ) -> None:
        """Settle a run without an apply: the plan phase failed, was interrupted or was declined."""
        from tf_wrapper.record import outcome

        failures = self._failures(failed)
        event = outcome.without_apply(self._started(), self._plan, code, interrupted=interrupted, declined=declined)
        self._settle(replace(event, failures=failures))

    def _failures(self, failed: FailedPlan | None) -> tuple[Failure, ...]:
        if failed is None or not failed.errors:
            return ()
        from tf_wrapper.record import outcome

        return outcome.plan_failures(failed.errors, self._redactor, details=self._learn(failed))

    def end_apply(self, code: int | None, stream: StreamResult, *, interrupted: bool) -> None:
        """Settle an apply that ended with ``code``; None if the code is unknown."""
        from tf_wrapper.record import outcome

        event = outcome.of_apply(
            self._started(),
            self._plan,
            code,
            stream,
            self._redactor,
            interrupted=interrupted,
            changes_planned=self._plan is None and bool(self._facts.get("changes")),
            identities=self._identities,
        )
        if outcome.has_open_ends(event):
            event = outcome.with_state(event, terraform_show.state(self._facts), self._redactor, self._identities)
        self._settle(event)

    def end_native(self, code: int | None, before: bytes | None, after: bytes | None, *, interrupted: bool) -> None:
        """Settle a natively run command that ended with ``code``."""
        from tf_wrapper.record import explain, outcome
        from tf_wrapper.state.compare import compare_states

        if before is not None and after is not None and self._refreshed(code, before, after, interrupted=interrupted):
            return
        plan = self._plan
        if plan is None and before is not None and after is not None:
            plan = compare_states(
                before or None,
                after or None,
                redactor=self._redactor,
                ignore=self._settings.ignore,
                own=self._settings.own_rules,
                hand_overs=self._hand_overs,
            )
            if self._settings.causes:
                plan = self._explained(plan, explain.Planned(None, {}), explain.at_the_end())
        event = outcome.of_native(self._started(), plan, code, planned=self._plan is not None, interrupted=interrupted)
        if plan is None and self._settings.causes:
            event = replace(event, causes=(explain.unseen(piped=bool(self._facts.get("piped"))),))
        if self._plan is not None and outcome.has_open_ends(event):
            event = outcome.with_state(event, after, self._redactor, self._identities)
        self._settle(event)

    def _refreshed(self, code: int | None, before: bytes, after: bytes, *, interrupted: bool) -> bool:
        """Settle an `apply -refresh-only` like a `refresh`; False if it is not one, or wrote nothing."""
        if not self._facts.get("refresh_only"):
            return False
        from tf_wrapper.record.state_event import Ended, of_state_command
        from tf_wrapper.state.snapshot import Document, Snapshot
        from tf_wrapper.subcommands import REFRESH

        facts = {**self._facts, "effect": REFRESH, "word": f"{self._facts['word']} -refresh-only"}
        ended = Ended(facts, code, Snapshot(Document(before)), Snapshot(Document(after)), interrupted)
        event = of_state_command(self._started(), ended, self._redactor, self._settings.ignore)
        if event is not None:
            self._settle(event)
        return event is not None

    def end_state_command(
        self, code: int | None, before: Snapshot | None, after: Snapshot, *, interrupted: bool
    ) -> None:
        """Settle a state command that ended with ``code``; one that changed nothing leaves no event."""
        from tf_wrapper.record.state_event import Ended, of_state_command

        started = self._started()
        ended = Ended(self._facts, code, before, after, interrupted)
        event = of_state_command(started, ended, self._redactor, self._settings.ignore)
        if event is not None:
            self._settle(event)
        else:
            self.settled = True
            self._recording.discard(started.id)

    def _started(self) -> ChangeEvent:
        if self._event is None:
            self._event = first_event(self._facts, self._settings, self._redactor)
        return self._event

    def _settle(self, event: ChangeEvent) -> None:
        """Complete, store, deliver and report the event."""
        settled = self._recording.settle(event)
        self.settled = not settled.lost
        if settled.lost:
            self._keep(settled.sealed)
        if settled.reportable and (settled.lost or settled.problems or not self._settings.quiet):
            say(report_line(settled))
