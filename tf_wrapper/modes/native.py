"""Runs terraform natively, without a saved plan of tfevent; the event comes from the states before and after.

For HCP Terraform and the `remote` backend (remote plans), versions before 1.0 (no stream), binaries that cannot be
identified or do not see tfevent's files, ephemeral variables from a prompt or a pipe, which cannot be given twice, and
command lines that are not understood.
"""

from __future__ import annotations

from change_events import process
from change_events.process.signal_relay import Probed
from tf_wrapper.launch.arguments import only_refreshes
from tf_wrapper.launch.environment import apply_environment
from tf_wrapper.plan import plan_file, terraform_show

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.modes.observe import Invocation


def run(invocation: Invocation) -> int:
    """Run the user's command line unchanged; returns its exit code."""
    return _between_states(invocation, [invocation.binary, *invocation.argv], None)


def apply_saved(invocation: Invocation, saved: str) -> int:
    """Apply the user's saved plan with the user's arguments; the plan shows the planned changes.

    Args:
        invocation: the run.
        saved: absolute path of the plan file.
    """
    return _between_states(invocation, [invocation.binary, *invocation.argv], saved)


def apply_own_plan(invocation: Invocation, parsed: Parsed, saved: str) -> int:
    """Apply an approved plan of this run whose terraform version turned out to have no stream.

    Args:
        invocation: the run; its recorder has read the plan.
        parsed: the command line.
        saved: absolute path of the plan file.
    """
    words = [*parsed.for_saved_plan(variables=False), *(["-no-color"] if parsed.flag("no-color") else [])]
    argv = invocation.command("apply", *words, saved)
    return _between_states(
        invocation, argv, saved, apply_environment(invocation.environ, planned_here=True), begun=True
    )


def _between_states(
    invocation: Invocation,
    argv: list[str],
    saved: str | None,
    environ: dict[str, str] | None = None,
    *,
    begun: bool = False,
) -> int:
    alone = invocation.workspace.has_piped_inputs  # another terraform would read the pipe as well
    before = None if alone else terraform_show.state(invocation.run.facts, invocation.signals)
    if invocation.signals.received and not begun:  # terraform would have stopped before it began
        invocation.run.remove()
        return -invocation.signals.received[0]
    about = plan_file.facts(saved) if saved else {}
    refreshes = not saved and only_refreshes(invocation.argv, invocation.environ)
    invocation.run.write_facts(stage="native", durable=True, piped=alone, refresh_only=refreshes, **about)
    with Probed(invocation.signals, possible=not begun) as probed:
        child = process.spawn(argv, environ or invocation.environ, invocation.signals)
        if not begun:
            invocation.recorder.begin()
        if saved and not begun:
            invocation.recorder.read_plan(saved)
        if not saved:
            invocation.recorder.read_hand_overs()
        approved = saved or any(word.lstrip("-") == "auto-approve" for word in argv)
        if approved and not refreshes:  # else the answer may yet be no
            invocation.recorder.announce()
        if saved:
            invocation.recorder.find_causes()
        code = process.wait(child, invocation.signals, relay=probed.relay(child))
    invocation.run.write_facts(exit_code=code)
    invocation.recorder.end_native(
        code,
        before,
        lambda: None if alone else terraform_show.state(invocation.run.facts),
        interrupted=bool(invocation.signals.received),
    )
    return code
