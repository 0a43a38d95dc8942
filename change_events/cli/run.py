"""``tfevent events run``: run a command, and record its start, end and outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from change_events.cli.explicit_options import EVERYTHING, takes_options
from change_events.cli.help_examples import examples

if TYPE_CHECKING:
    from change_events.cli.session import Session

_NOT_SAID = {
    "outcome",
    "started_at",
    "ended_at",
    "state",
    "id",
    "dedup_key",
    "dedup_window",
}  # the command's own outcome says it


@click.command(
    "run",
    short_help="Run a command and record its outcome.",
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "tfevent events run --kind deployment --service shop --version 1.4.2 -- ./deploy.sh prod",
        "tfevent events run --kind build --service shop -- make image",
        "TG_TF_PATH=tfevent tfevent events run --stacks -- terragrunt run --all apply",
        'tfevent events run --title "Move the sessions to the new cache" -- ./move.sh --batch 100',
    ),
)
@click.option(
    "--stacks",
    is_flag=True,
    help="The command runs many stacks (Terragrunt, a loop): record them as one event, with a child per stack.",
)
@takes_options([name for name in EVERYTHING if name not in _NOT_SAID])
@click.argument("command", metavar="[--] COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run_command(context: click.Context, /, *, command: tuple[str, ...], **options: Any) -> int:
    """Run a command unchanged; record its start, end and outcome.

    The command has the terminal, standard input and output, signals and job control as without tfevent; its exit code
    is returned. Runs that it starts (a `tfevent apply`, a playbook, another `run`) become children of this event: see
    `tfevent events show --tree`. With --stacks, the runs of `tfevent` that it starts are the units of this event, which
    has their counts, failures, risk signals and causes; --severity then has no effect. Invalid options are reported and
    ignored; the command runs regardless.
    """
    from change_events.command_run.observe import observe

    session: Session = context.obj
    if options["stacks"] and context.get_parameter_source("kind") is ParameterSource.DEFAULT:
        options["kind"] = "infrastructure"
    return observe(command, options, session.tools.settle_leftovers)
