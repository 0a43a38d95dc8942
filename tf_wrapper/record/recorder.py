"""Writing the event of a run, in a thread beside it.

The thread does its tasks in order: begin (settings, context, the `started` record), read the plan, settle. The
run itself does not wait for it before its end (but for the plan, with terraforms before 1.1.3), and then at most for
the time budget; what is not done by then is left in the run's folder, where the next tfevent command finds and
finishes it.
"""

from __future__ import annotations

import queue
import threading
import time

from change_events.output import describe, say

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

_DEFAULT_BUDGET = 3.0  # seconds, until the settings say otherwise
_CAUSE_SECONDS = 5.0
_CAUSE_GRACE = 0.2  # for causes that are not found when the run ends
_PLAN_SECONDS = 20.0  # for `show` of terraforms that must be asked before the apply


class Recorder:
    """The event of one run.

    Every method returns at once, but for ``wait_for_plan`` and those that end the run (``end_…``).
    """

    def __init__(self, run: RunDirectory, signals: Signals | None = None) -> None:
        self._run = run
        self._signals = signals
        self._event: RunEvent | None = None
        self._tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="tfevent-recorder", daemon=True)
        self._failed = ""
        self._deadline: Deadline | None = None
        self._ending = False

    def begin(self) -> None:
        """Start recording."""
        self._thread.start()

        def task() -> None:
            import change_events.lean_msgspec  # noqa: F401 - before anything that imports msgspec
            from tf_wrapper.record.run_event import RunEvent

            self._event = RunEvent(self._run)
            self._event.begin()
            _settle_killed_runs(self._event.writer)

        self._tasks.put(task)
        self._tasks.put(lambda: self._with_event(lambda event: event.look_back()))

    def plan_is_at(self, path: str) -> None:
        """A saved plan can be read now, beside whatever terraform does."""
        self._tasks.put(lambda: self._with_event(lambda event: event.read_plan(path)))

    def wait_for_plan(self) -> None:
        """Wait until the plan was read: this terraform cannot show it once it is applied. A signal ends the wait."""
        read = threading.Event()
        self._tasks.put(read.set)
        deadline = time.monotonic() + _PLAN_SECONDS
        signals_before = self._received()
        while not read.wait(0.05) and self._received() == signals_before and time.monotonic() < deadline:
            pass

    def applying(self) -> None:
        """Something is being changed now: destinations that ask for it are notified, beside the run."""
        self._tasks.put(lambda: self._with_event(lambda event: event.announce()))

    def explain(self) -> None:
        """Look for the causes of what is planned, for as long as the run goes on."""

        def task(event: RunEvent) -> None:
            from change_events.process.deadline import Deadline

            self._deadline = Deadline(_CAUSE_SECONDS)
            if self._ending:
                self._hasten()
            event.find_causes(self._deadline)

        self._tasks.put(lambda: self._with_event(task))

    def _hasten(self) -> None:
        """The run has ended: causes that are not found soon stay unknown."""
        from change_events.process.pressure import stretch

        if self._deadline is not None:
            self._deadline.hasten(_CAUSE_GRACE * stretch(self._thread.native_id))

    def remember(self, find: Callable[[], Secrets]) -> None:
        """What this finds must not show in anything that is recorded from now on."""
        self._tasks.put(lambda: self._with_event(lambda event: event.remember(find())))

    def end_of_plan(self, code: int, path: str, failed: FailedPlan | None = None) -> None:
        """`plan` has ended."""
        from tf_wrapper.plan import plan_file

        self._run.write_facts(stage="ended", exit_code=code, **plan_file.facts(path))
        self._finish(lambda event: event.end_plan(code, path, failed))

    def end_without_apply(
        self, code: int, failed: FailedPlan | None, *, interrupted: bool, declined: bool = False
    ) -> None:
        """Nothing was applied: the plan failed, or the answer was not yes."""
        from tf_wrapper.render.findings import NO_ANSWER

        unanswered = failed is not None and any(error.summary == NO_ANSWER for error in failed.errors)
        self._run.write_facts(exit_code=code, interrupted=interrupted, declined=declined, unanswered=unanswered)
        self._finish(
            lambda event: event.end_without_apply(code, failed, interrupted=interrupted, declined=declined),
        )

    def end_of_apply(self, code: int, stream: StreamResult, *, interrupted: bool) -> None:
        """The apply has ended, this is what it said."""
        self._finish(lambda event: event.end_apply(code, stream, interrupted=interrupted))

    def end_native(
        self, code: int, before: bytes | None, after: Callable[[], bytes | None], *, interrupted: bool
    ) -> None:
        """A natively run command has ended; the states show what it did."""
        self._finish(lambda event: event.end_native(code, before, after(), interrupted=interrupted))

    def end_state_command(
        self, code: int, before: Snapshot, after: Callable[[], Snapshot], *, interrupted: bool
    ) -> None:
        """A state command has ended."""
        self._finish(lambda event: event.end_state_command(code, before, after(), interrupted=interrupted))

    def _with_event(self, step: Callable[[RunEvent], None]) -> None:
        if self._event is not None:
            step(self._event)

    def _finish(self, step: Callable[[RunEvent], None]) -> None:
        done = threading.Event()

        def task() -> None:
            try:
                self._with_event(step)
            finally:
                done.set()

        self._ending = True
        self._hasten()
        ended = time.monotonic()
        signals_before = self._received()
        self._tasks.put(task)
        while not done.wait(0.05):
            late = self._is_late(time.monotonic() - ended)
            if late or self._received() > signals_before:
                why = "recording takes longer than its budget" if late else "recording was interrupted"
                say(f"{why}; the next tfevent command finishes it")
                _abandon_helpers()
                return
        self._close()

    def _received(self) -> int:
        return len(self._signals.received) if self._signals is not None else 0

    def _is_late(self, seconds: float) -> bool:
        """Whether so long after the run is too long: a backstop, since the budget itself is delivery's.

        On a busy machine it is more.
        """
        budget = self._event.budget if self._event is not None else _DEFAULT_BUDGET
        if seconds <= budget + 1.0:
            return False
        from change_events.process.pressure import stretch

        return seconds > (budget + 1.0) * stretch(self._thread.native_id)

    def _close(self) -> None:
        self._tasks.put(None)
        if self._failed:
            say(f"this run is not recorded: {self._failed}")
        if self._event is None or self._event.settled:
            self._run.remove()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - a bug of ours costs the event a line, never the run
                self._failed = self._failed or describe(error)


def _settle_killed_runs(writer: EventWriter) -> None:
    """Ours is the "next command" that killed runs wait for."""
    from change_events.files import rundir
    from change_events.paths import state_dir

    if rundir.count(state_dir()) > 1:  # another one than ours
        from change_events.recording.recovery import settle_beside
        from tf_wrapper.record import recovery

        settle_beside(writer, say, unowned=recovery.close)


def _abandon_helpers() -> None:
    """A terraform that we ask something must not outlive us."""
    from tf_wrapper.plan import terraform_show

    terraform_show.abandon()
