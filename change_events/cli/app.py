"""The group of commands, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from change_events.cli.examples import examples
from change_events.cli.session import Session
from change_events.cli.terminal import clean_lines
from change_events.errors import EventRejectedError, TfeventError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.toolbox import Toolbox

PROGRAM = "tfevent events"
EXIT_ERROR = 1
EXIT_DATA = 65  # sysexits' EX_DATAERR: an event that contradicts itself, by which other programs know it
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
_OUTPUT_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE, likewise

# In the order of `--help`; each lives in the module of its name.
COMMANDS = (
    "list", "show", "summarize", "send", "run", "boot", "start", "stop", "record", "flush", "doctor", "trust",
    "preview", "schema", "version",
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
    """Imports a command's module when it is asked for: all of them together cost more than most runs."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name the commands, most used first."""
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
        "tfevent events show last          the newest run, in full",
        "tfevent events doctor             is everything set up, does it reach where it should",
    ),
)
def events() -> None:
    """Answer "what changed?" from the journal of this machine."""


def run(argv: Sequence[str], tools: Toolbox) -> int:
    """Run one command and return its exit code; see :func:`change_events.cli.main`."""
    _open_missing_streams()
    _make_printable()
    try:
        return _invoke(argv, tools)
    except click.exceptions.Exit as exit_:  # --help
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EventRejectedError as error:
        _complain(str(error))
        return EXIT_DATA
    except TfeventError as error:
        return _complain(str(error))
    except Exception as error:  # noqa: BLE001 - its own text may quote a secret: only its place is printed
        return _complain(_describe_bug(error))


def _invoke(argv: Sequence[str], tools: Toolbox) -> int:
    # Not `events.main()`: it makes a closed pipe exit 1 and prints a blank line after Ctrl-C.
    try:
        with Session(tools) as session, events.make_context(PROGRAM, list(argv), obj=session) as context:
            code = events.invoke(context)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_PIPE_CLOSED
    except OSError as error:
        if error.filename or error.errno not in _OUTPUT_TROUBLE:
            raise
        _silence_stdout()
        raise TfeventError(f"the output cannot be written: {error.strerror}") from error
    return code if isinstance(code, int) else 0


def _complain(text: str) -> int:
    for line in clean_lines(text):
        print(f"tfevent: {line}", file=sys.stderr)  # noqa: T201 - a command line prints
    return EXIT_ERROR


def _describe_bug(error: Exception) -> str:
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"this is a bug in tfevent: {type(error).__name__}{place}, please report it"


def _is_ours(filename: str) -> bool:
    return any(f"{os.sep}{package}{os.sep}" in filename for package in ("change_events", "tf_wrapper"))


def _open_missing_streams() -> None:
    """What was closed when we were started leads nowhere, and is no reason to fail."""
    from change_events.process import open_missing_descriptors

    open_missing_descriptors()
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise


def _make_printable() -> None:
    """A terminal that cannot show a character shows a question mark, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence_stdout() -> None:
    """Keep the interpreter's own flush at exit from complaining of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
