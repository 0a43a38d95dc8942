"""`tfevent apply` and `destroy`: plan to a private file, ask as terraform asks, apply exactly that plan.

The machine-readable stream of the apply goes to a file in the run's folder. terraform writes to that file even if
tfevent is killed; tfevent follows it and prints terraform's human view.
"""

from __future__ import annotations

import os
import signal

from change_events import process
from tf_wrapper.launch import output
from tf_wrapper.launch.environment import apply_environment
from tf_wrapper.launch.output import OutputClosedError, write_all

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.modes.observe import Invocation
    from tf_wrapper.modes.plan_phase import PlanPhase
    from tf_wrapper.stream.follower import Follower

_HUNG_UP, _INTERRUPTED, _DECLINED, _FAILED = "hung up", "interrupted", "declined", "failed"
_NO_CHANGES, _CHANGES = 0, 2  # exit codes of `plan -detailed-exitcode` that leave a plan to apply


def run(invocation: Invocation) -> int:
    """Run the whole apply; returns terraform's exit code (negative: killed by that signal)."""
    parsed = invocation.parsed
    if parsed is None:
        raise ValueError("an apply that is not understood is run natively")
    if parsed.positional:
        saved = os.path.join(invocation.workspace.directory, parsed.positional[0])
        return _apply(invocation, parsed, saved, None)
    from tf_wrapper.modes.plan_phase import PlanPhase
    from tf_wrapper.plan import plan_file

    plan_phase = PlanPhase(invocation, parsed)
    code = plan_phase.run()
    saved = invocation.run.file("plan")
    if code not in {_NO_CHANGES, _CHANGES}:
        plan_phase.release()
        from tf_wrapper.record.failed_plan import FailedPlan

        failed = FailedPlan(plan_phase.errors, saved, lambda: invocation.workspace.secrets(parsed))
        invocation.recorder.end_without_apply(code, failed, interrupted=plan_phase.interrupted)
        return code
    invocation.run.write_facts(stage="planned", changes=code == _CHANGES)
    invocation.recorder.read_plan(saved)
    if plan_phase.interrupted or invocation.signals.received:
        return _halted(invocation, plan_phase, parsed)
    if code == _CHANGES and not parsed.flag("auto-approve"):
        plan_phase.release()
        refused = _refused(invocation, parsed)
        if refused is not None:
            return refused
    if code == _CHANGES and not plan_file.shows_stale(invocation.identity.version if invocation.identity else None):
        invocation.recorder.wait_for_plan()
    return _apply(invocation, parsed, saved, plan_phase)


def _refused(invocation: Invocation, parsed: Parsed) -> int | None:
    """Ask for approval; returns the exit code of a run that is not approved, None if it is."""
    refused = _not_approved(invocation, parsed)
    if not refused:
        return None
    if refused == _HUNG_UP:
        invocation.recorder.end_without_apply(-signal.SIGHUP, None, interrupted=True)
        return -signal.SIGHUP
    from tf_wrapper.record.failed_plan import FailedPlan
    from tf_wrapper.render.findings import NO_ANSWER, PlanError

    unanswered = FailedPlan([PlanError(NO_ANSWER)]) if refused == _FAILED else None
    invocation.recorder.end_without_apply(
        1, unanswered, interrupted=refused == _INTERRUPTED, declined=refused == _DECLINED
    )
    return 1


def _not_approved(invocation: Invocation, parsed: Parsed) -> str:
    """Ask for approval; empty if approved, else ``declined``, ``failed``, ``interrupted`` or ``hung up``."""
    from tf_wrapper.modes import approval

    text = approval.question(
        tool=invocation.identity.product if invocation.identity else "Terraform",
        workspace=invocation.workspace.name,
        destroy=parsed.destroys,
        refresh_only=parsed.flag("refresh-only"),
        invoke=bool(parsed.values("invoke")),
    )
    answer = approval.ask(text, color=not parsed.flag("no-color"), signals=invocation.signals)
    if answer == approval.YES:
        return ""
    if answer == approval.NO:
        write_all(1, b"Destroy cancelled.\n" if parsed.destroys else b"Apply cancelled.\n")
        return _DECLINED
    if answer == approval.HUNG_UP:
        output.mute()  # there is no terminal any more
        return _HUNG_UP  # terraform dies of it where it stands
    stopped = answer in {approval.INTERRUPTED, approval.STOPPED}
    if stopped:
        write_all(1, _interrupt_notice().encode())
    _print_error(parsed, f"error asking for approval: {answer}")
    return _INTERRUPTED if stopped else _FAILED


def _interrupt_notice() -> str:
    # internal/command/views/operation.go; short enough never to be wrapped
    lines = (
        "Interrupt received.",
        "Please wait for Terraform to exit or data loss may occur.",
        "Gracefully shutting down...",
    )
    return "\n" + "".join(f"{line}\n" for line in lines) + "\n"


def _print_error(parsed: Parsed, summary: str) -> None:
    import json

    from tf_wrapper.stream import follower as follow

    view = follow.human(parsed, (), planned_here=True)
    diagnostic = {"severity": "error", "summary": summary, "detail": ""}
    view.show(json.dumps({"type": "diagnostic", "@level": "error", "diagnostic": diagnostic}).encode())
    view.finish()
    view.flush()


def _halted(invocation: Invocation, plan_phase: PlanPhase, parsed: Parsed) -> int:
    """Return whether an interrupt came too late to fail the plan; terraform does not continue either."""
    plan_phase.release()
    if signal.SIGHUP in invocation.signals.received:  # of which it dies
        invocation.recorder.end_without_apply(-signal.SIGHUP, None, interrupted=True)
        return -signal.SIGHUP
    if not parsed.flag("json"):
        _print_error(parsed, "execution halted")
    invocation.recorder.end_without_apply(1, None, interrupted=True)
    return 1


def _apply(invocation: Invocation, parsed: Parsed, saved: str, plan_phase: PlanPhase | None) -> int:
    from tf_wrapper.plan import plan_file

    version = plan_file.written_by(saved)
    if plan_phase and invocation.signals.received:
        return _halted(invocation, plan_phase, parsed)
    if not plan_file.streams_applies(version):
        return _apply_natively(invocation, parsed, saved, plan_phase)
    # in doubt twice: giving a variable its planned value again is no error
    variables = plan_phase is None or plan_file.sets_ephemeral(saved) or invocation.workspace.may_have_ephemeral()
    words = parsed.for_saved_plan(variables=variables)
    words.append(saved if plan_phase else parsed.positional[0])
    product = invocation.identity.product if invocation.identity else ""
    if plan_file.has_json_into(product, version) and not parsed.flag("json"):
        return _TofuApply(invocation, parsed, plan_phase).run(words, saved)
    return _StreamedApply(invocation, parsed, plan_phase).run(words, saved)


def _apply_natively(invocation: Invocation, parsed: Parsed, saved: str, plan_phase: PlanPhase | None) -> int:
    """Apply the user's own plan natively, with the user's arguments, if its version cannot be observed.

    If the plan was made here, the cached identity of terraform is wrong and discarded.
    """
    from tf_wrapper.modes import native

    if plan_phase is None:
        return native.apply_saved(invocation, saved)
    from change_events.paths import state_dir
    from tf_wrapper.launch import identity

    plan_phase.release()
    identity.forget(state_dir())
    if os.path.getsize(saved):
        return native.apply_own_plan(invocation, parsed, saved)
    output.say("terraform has put its plan where tfevent cannot see it; running it again without")
    return native.run(invocation)


class _StreamedApply:
    """The apply phase: terraform writes its stream to a file, which is followed."""

    def __init__(self, invocation: Invocation, parsed: Parsed, plan_phase: PlanPhase | None) -> None:
        self._invocation = invocation
        self._parsed = parsed
        self._plan_phase = plan_phase
        self._closed = False

    def run(self, words: list[str], saved: str) -> int:
        """Start terraform, render its stream and pass the result to the recorder; returns its exit code."""
        invocation = self._invocation
        child = self._start(words, saved)
        if self._plan_phase is None:
            invocation.recorder.begin()
            invocation.recorder.read_plan(saved)
        # what a saved plan does not hold: ephemeral variables, which terraform's errors may quote all the same
        invocation.recorder.remember(lambda: invocation.workspace.secrets(self._parsed))
        invocation.recorder.announce()
        invocation.recorder.find_causes()
        follower = self._follower()

        def tick() -> int:
            try:
                follower.pump()
            except OutputClosedError:
                self._stop(child)
                follower.drain()
            return follower.interrupts

        code = process.wait(child, invocation.signals, tick)
        try:
            follower.close()
        except OutputClosedError:
            self._closed = True
        invocation.run.write_facts(stage="ended", exit_code=code)
        invocation.recorder.end_apply(code, follower.result(), interrupted=follower.interrupts > 0)
        return -signal.SIGPIPE if self._closed else code

    def _start(self, words: list[str], saved: str) -> process.Child:
        from tf_wrapper.plan import plan_file

        invocation = self._invocation
        argv = invocation.command("apply", "-json", *words)
        stream = invocation.run.create_stream()
        try:
            invocation.run.write_facts(stage="applying", durable=True, **plan_file.facts(saved))
            return process.spawn(argv, self._environment(), invocation.signals, {1: stream})
        finally:
            os.close(stream)

    def _environment(self) -> dict[str, str]:
        return apply_environment(self._invocation.environ, planned_here=self._plan_phase is not None)

    def _stop(self, child: process.Child) -> None:
        """Interrupt terraform once if the output is closed, so that it saves its state; alone it would be killed."""
        if not self._closed:
            self._closed = True
            child.send(signal.SIGINT)

    def _follower(self) -> Follower:
        from tf_wrapper.stream import follower as follow

        path = self._invocation.run.file("stream")
        plan_phase = self._plan_phase
        if self._parsed.flag("json"):
            held = plan_phase.held_lines if plan_phase else ()
            destroy = self._invocation.subcommand.destroys
            return follow.Follower(path, follow.raw(planned_here=plan_phase is not None, held=held, destroy=destroy))
        view = follow.human(
            self._parsed,
            plan_phase.warnings if plan_phase else (),
            planned_here=plan_phase is not None,
            imports=plan_phase.imports if plan_phase else None,
        )
        return follow.Follower(path, view)


class _TofuApply(_StreamedApply):
    """The apply phase of OpenTofu, which writes the stream to a file and the human text to the user's terminal."""

    def _start(self, words: list[str], saved: str) -> process.Child:
        from tf_wrapper.plan import plan_file

        invocation = self._invocation
        if self._plan_phase is not None:
            self._plan_phase.release()  # before the apply: tofu has no option to merge them with its own
        os.close(invocation.run.create_stream())
        views = [f"-{name}" for name in ("no-color", "compact-warnings") if self._parsed.flag(name)]
        argv = invocation.command("apply", f"-json-into={invocation.run.file('stream')}", *views, *words)
        invocation.run.write_facts(stage="applying", durable=True, **plan_file.facts(saved))
        child = process.spawn(argv, self._environment(), invocation.signals)
        invocation.run.write_facts(writer=process.identity(child.pid))
        return child

    def _follower(self) -> Follower:
        from tf_wrapper.stream import follower as follow

        return follow.Follower(self._invocation.run.file("stream"), follow.unseen())
