"""Writes the event of a run, in a thread beside it.

Its tasks are: begin (settings, context, the `started` record), read the plan, settle. The run waits for it only at its
end and, with terraform before 1.1.3, for the plan.
"""

from __future__ import annotations

import threading

from change_events.output import say
from change_events.process.background import BackgroundRecorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.files.rundir import RunDirectory
    from change_events.process import Signals
    from change_events.process.deadline import Deadline
    from change_events.recording import EventWriter
    from tf_wrapper.configuration.secrets import Secrets
    from tf_wrapper.record.failed_plan import FailedPlan
    from tf_wrapper.record.run_event import RunEvent
    from tf_wrapper.state.snapshot import Snapshot
    from tf_wrapper.stream.reader import StreamResult

_CAUSE_SECONDS = 5.0
_CAUSE_GRACE = 0.2  # for causes that are not found when the run ends
_PLAN_SECONDS = 20.0  # for `show` of terraforms that must be asked before the apply


class Recorder:
    """The event of one run.

    All methods return at once, except ``wait_for_plan`` and those that end the run (``end_…``).
    """

    def __init__(self, run: RunDirectory, signals: Signals | None = None) -> None:
        self._run = run
        self._event: RunEvent | None = None
        self._background = BackgroundRecorder(signals)
        self._deadline: Deadline | None = None
        self._ending = False
        self._gate = threading.Lock()
        self._is_recording = self._is_dropped = False

    def begin(self, *, causes: bool = True, secrets: Callable[[], Secrets] | None = None) -> None:
        """Start recording.

        Args:
            causes: the run's changes have causes, which are found with earlier runs.
            secrets: finds the secrets to hide in everything recorded, including the command line.
        """
        self._background.start()

        def task() -> None:
            import change_events.lean_msgspec  # noqa: F401 - before anything that imports msgspec
            from tf_wrapper.record.run_event import RunEvent

            found = secrets() if secrets is not None else None  # a run that has changed nothing does not wait for it
            with self._gate:
                self._is_recording = not self._is_dropped
            if not self._is_recording:
                return
            event = RunEvent(self._run)
            self._background.budget = event.budget
            if found is not None:
                event.remember(found)
            self._event = event
            event.begin(is_over=self._ending and not causes)  # a state command's folder is on the disk before it starts
            _settle_killed_runs(self._event.writer)

        self._background.submit(task)
        if causes:
            self._background.submit(lambda: self._with_event(lambda event: event.look_back()))
        else:
            self._background.submit(self._import_early)

    def _import_early(self) -> None:
        """Import the modules for the end of a state command, while terraform runs."""
        if not self._ending:
            import tf_wrapper.record.state_event  # noqa: F401

    def read_hand_overs(self) -> None:
        """Read the configuration's `removed` and `import` blocks, beside the run."""
        self._background.submit(lambda: self._with_event(lambda event: event.read_hand_overs()))

    def drop(self) -> bool:
        """Record nothing, since the run changed nothing; False if recording has begun, or killed runs wait for it."""
        if _has_others():
            return False
        with self._gate:
            self._is_dropped = not self._is_recording
        if self._is_dropped:
            self._run.remove()
        return self._is_dropped

    def read_plan(self, path: str) -> None:
        """Read the saved plan, beside terraform."""
        self._background.submit(lambda: self._with_event(lambda event: event.read_plan(path)))

    def wait_for_plan(self) -> None:
        """Wait until the plan is read, since this terraform cannot show it after the apply. A signal ends the wait."""
        self._background.wait(_PLAN_SECONDS)

    def announce(self) -> None:
        """Notify destinations that receive started events, beside the run: changes begin now."""
        self._background.submit(lambda: self._with_event(lambda event: event.announce()))

    def find_causes(self) -> None:
        """Find the causes of the planned changes, for as long as the run takes."""

        def task(event: RunEvent) -> None:
            from change_events.process.deadline import Deadline

            self._deadline = Deadline(_CAUSE_SECONDS)
            if self._ending:
                self._hasten()
            event.find_causes(self._deadline)

        self._background.submit(lambda: self._with_event(task))

    def _hasten(self) -> None:
        """End the search for causes soon, since the run has ended; the others stay unknown."""
        if self._deadline is not None:
            self._deadline.hasten(self._background.stretched(_CAUSE_GRACE))

    def remember(self, find: Callable[[], Secrets]) -> None:
        """Hide the secrets found by this in everything recorded from now on."""
        self._background.submit(lambda: self._with_event(lambda event: event.remember(find())))

    def end_plan(self, code: int, path: str, failed: FailedPlan | None = None) -> None:
        """Record the end of a `plan`."""
        from tf_wrapper.plan import plan_file

        self._run.write_facts(stage="ended", exit_code=code, **plan_file.facts(path))
        self._finish(lambda event: event.end_plan(code, path, failed))

    def end_without_apply(
        self, code: int, failed: FailedPlan | None, *, interrupted: bool, declined: bool = False
    ) -> None:
        """Record a run without an apply: the plan failed, or was declined."""
        from tf_wrapper.render.findings import NO_ANSWER

        unanswered = failed is not None and any(error.summary == NO_ANSWER for error in failed.errors)
        self._run.write_facts(exit_code=code, interrupted=interrupted, declined=declined, unanswered=unanswered)
        self._finish(
            lambda event: event.end_without_apply(code, failed, interrupted=interrupted, declined=declined),
        )

    def end_apply(self, code: int, stream: StreamResult, *, interrupted: bool) -> None:
        """Record the end of the apply and the result of its stream."""
        self._finish(lambda event: event.end_apply(code, stream, interrupted=interrupted))

    def end_native(
        self, code: int, before: bytes | None, after: Callable[[], bytes | None], *, interrupted: bool
    ) -> None:
        """Record the end of a natively run command, with the states before and after."""
        self._finish(lambda event: event.end_native(code, before, after(), interrupted=interrupted))

    def end_state_command(
        self, code: int, before: Snapshot, after: Callable[[], Snapshot], *, interrupted: bool
    ) -> None:
        """Record the end of a state command."""
        self._finish(lambda event: event.end_state_command(code, before, after(), interrupted=interrupted))

    def _with_event(self, step: Callable[[RunEvent], None]) -> None:
        if self._event is not None:
            step(self._event)

    def _finish(self, step: Callable[[RunEvent], None]) -> None:
        self._ending = True
        self._hasten()
        why = self._background.finish(lambda: self._with_event(step))
        if why:
            say(f"{why}; the next tfevent command finishes it")
            _abandon_helpers()
            return
        if self._background.failed:
            say(f"this run is not recorded: {self._background.failed}")
        if self._event is None or self._event.settled:
            self._run.remove()


def _has_others() -> bool:
    """Return whether other runs are active or waiting for recovery."""
    from change_events.files import unsettled_runs
    from change_events.paths import state_dir

    return unsettled_runs.count(state_dir()) > 1


def _settle_killed_runs(writer: EventWriter) -> None:
    if _has_others():
        from change_events.recording.recovery import settle_beside
        from tf_wrapper.record import recovery

        settle_beside(writer, say, unowned=recovery.close)


def _abandon_helpers() -> None:
    """Kill helper processes, which must not outlive tfevent."""
    from tf_wrapper.plan import terraform_show

    terraform_show.abandon()
