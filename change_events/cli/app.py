"""The group of commands."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from change_events.cli.exit_handling import EXIT_INTERRUPTED, exit_code_of
from change_events.cli.help_examples import examples
from change_events.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.tool_adapter import ToolAdapter

PROGRAM = "tfevent events"

# In the order of `--help`; each lives in the module of its name.
COMMANDS = (
    "list", "show", "why", "suspects", "diff", "drift", "summarize", "backfill", "report", "serve", "ledger", "mcp",
    "send", "run", "boot", "start", "stop", "record", "flush", "doctor", "trust", "preview", "schema", "version",
)  # fmt: skip
_MODULES = {
    "list": "list_events",
    "boot": "machine",
    "start": "machine",
    "stop": "machine",
    "schema": "about",
    "version": "about",
}


class LazyGroup(click.Group):
    """Imports a command's module on demand: importing all of them costs more than most runs."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the commands, most used first."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"change_events.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "tfevent events list --since 2h    what changed in the last two hours",
        "tfevent events show last          the newest event in full",
        "tfevent events doctor             check settings, journal and destinations",
    ),
)
def events() -> None:
    """Record, inspect and deliver change events; see what changed."""


def run(argv: Sequence[str], tools: ToolAdapter) -> int:
    """Run one command and return its exit code; see :func:`change_events.cli.main`."""
    return exit_code_of(lambda: _invoke(argv, tools))


def _invoke(argv: Sequence[str], tools: ToolAdapter) -> int:
    # Not `events.main()`: it makes a closed pipe exit 1 and prints a blank line after Ctrl-C.
    try:
        with Session(tools) as session, events.make_context(PROGRAM, list(argv), obj=session) as context:
            code = events.invoke(context)
    except click.exceptions.Exit as exit_:  # --help
        return exit_.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.NoSuchOption as error:
        return _usage(error)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else 0


def _usage(error: click.NoSuchOption) -> int:
    """Print a usage error, and return the exit code."""
    named = error.option_name == "--ledger" and error.ctx
    text = "`{}` works on the journal of this machine: leave out --ledger"  # asks or writes the journal itself
    shown = click.UsageError(text.format(named.info_name), named) if named else error
    shown.show()
    return shown.exit_code
