"""A command that changes the state and no resource: terraform unchanged, and the event from the states around it."""

from __future__ import annotations

from change_events import process
from change_events.process.signal_relay import Probed
from tf_wrapper.state.snapshot import States

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from tf_wrapper.modes.observe import Invocation


def run(invocation: Invocation) -> int:
    """Run the user's command line unchanged; returns its exit code."""
    if invocation.state is None:
        raise ValueError("not a state command")
    run, signals = invocation.run, invocation.signals
    states = States(invocation.workspace, invocation.state, invocation.subcommand, run.facts)
    before = states.before(signals)
    if signals.received:  # terraform would have stopped before it began
        run.remove()
        return -signals.received[0]
    serial, lineage = before.source.version if before.source else (None, None)
    run.write_facts(
        stage="state",
        durable=True,
        effect=invocation.subcommand.effect,
        serial=serial,
        lineage=lineage,
        named=states.named,
        lock_id=states.lock,
        file=states.file,
        forced=invocation.state.has("force"),
        dry=invocation.state.has("dry-run"),
    )
    with Probed(signals) as probed:
        child = process.spawn([invocation.binary, *invocation.argv], invocation.environ, signals)
        run.write_facts(writer=process.identity(child.pid))
        # an edit has no causes: who ran the command is all there is
        arguments = invocation.state
        invocation.recorder.begin(causes=False, secrets=lambda: invocation.workspace.state_secrets(arguments))
        code = process.wait(child, signals, relay=probed.relay(child))
    run.write_facts(exit_code=code)
    if states.is_untouched(before, code) and invocation.recorder.drop():
        return code
    interrupted = bool(signals.received)
    invocation.recorder.end_state_command(
        code, before, lambda: states.after(before, code, interrupted=interrupted), interrupted=interrupted
    )
    return code
