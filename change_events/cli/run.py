"""``tfevent events run``: run a command, and record that it ran and how it ended."""

from __future__ import annotations

from typing import Any

import click

from change_events.cli.explicit_options import EVERYTHING, told_by
from change_events.cli.help_examples import examples

_NOT_SAID = {"outcome", "start", "end", "state", "id", "key", "once_within"}  # the command itself tells


@click.command(
    "run",
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "tfevent events run --kind deployment --service shop --version 1.4.2 -- ./deploy.sh prod",
        "tfevent events run --kind build --service shop -- make image",
        'tfevent events run --title "Move the sessions to the new cache" -- ./move.sh --batch 100',
    ),
)
@told_by([name for name in EVERYTHING if name not in _NOT_SAID])
@click.argument("command", metavar="[--] COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def run_command(*, command: tuple[str, ...], **options: Any) -> int:
    """Run a command as it is, and record when it ran and how it ended.

    The command gets the terminal, standard input and output, signals and job control as without tfevent, and its exit
    code is ours. What it starts in turn (a `tfevent apply`, a playbook, another `run`) becomes a child of this event:
    `tfevent events show --tree` draws it. An option that cannot be used is told and left out: the command runs all the
    same.
    """
    from change_events.command_run.observe import observe

    return observe(command, options)
