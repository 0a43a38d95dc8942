"""``tfevent events drift``: check directories for changes made outside of the tool."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.help_examples import examples
from change_events.cli.name_option import NAME

if TYPE_CHECKING:
    from change_events.cli.session import Session

_TIMEOUT = 900.0
_WEEK = 604_800.0


class _Seconds(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2 only
    """A number of seconds in a range, without infinity and NaN."""

    name = "seconds"

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> float:
        """Return the seconds. Raises click.BadParameter."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not self._least <= seconds <= self._most:
            raise click.BadParameter(f"{value} is not a number from {self._least:.0f} to {self._most:.0f}")
        return seconds


class _Command(click.Command):
    """A command whose usage errors exit with 1, since 2 means drift."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **named)
        except click.UsageError as error:
            error.exit_code = 1  # type: ignore[misc]  # click reads it of the instance
            raise


@click.command(
    "drift",
    cls=_Command,
    short_help="Check directories for drift, and report what is new.",
    epilog=examples(
        "tfevent events drift",
        "tfevent events drift envs/*/ --parallel 8",
        "tfevent events drift --who prod/network",
        "tfevent events drift --json envs/*/ | jq '.directories[] | select(.status == \"unknown\")'",
    ),
)
@click.argument("directories", metavar="[DIR]...", nargs=-1, type=NAME)
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="N",
    help="Directories checked at a time.",
)
@click.option(
    "--timeout",
    type=_Seconds(1, _WEEK),
    default=_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of each directory, at most a week.",
)
@click.option(
    "--jitter",
    type=_Seconds(0, _WEEK),
    default=0.0,
    metavar="SECONDS",
    help="Wait a random time of at most SECONDS (up to a week) before the check, e.g. under a timer.",
)
@click.option("--lock", is_flag=True, help="Take the lock of each state; by default states are read without it.")
@click.option("--no-pending", is_flag=True, help="Do not check for configuration that was never applied.")
@click.option(
    "--var-file",
    multiple=True,
    metavar="FILE",
    help="Variable file of each plan, relative to its directory (repeatable).",
)
@click.option(
    "--who", is_flag=True, help="Look up who caused new drift, in CloudTrail (needs tfevent[aws]) and in the journal."
)
@click.option("--forget", is_flag=True, help="Forget directories that do not exist; by default they are unknown.")
@click.option("--no-event", is_flag=True, help="Only print: record no event, and store no result.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def drift_command(
    session: Session,
    *,
    directories: tuple[str, ...],
    parallel: int,
    timeout: float,
    jitter: float,
    lock: bool,
    no_pending: bool,
    var_file: tuple[str, ...],
    who: bool,
    forget: bool,
    no_event: bool,
    as_json: bool,
) -> int:
    """Check directories for drift: resources that were changed outside of Terraform. The default is the current one.

    Nothing is changed: plans are refresh-only and not saved, the state is not locked, nothing is initialised. Drift
    that the settings ignore (`drift.ignore`) does not count. One event for all directories is recorded when drift
    appears, changes or disappears, and none in between. Configuration that was never applied is reported as pending,
    not as drift.

    The exit code is 0 without drift, 2 with drift, 3 if a directory could not be checked, 1 for a usage error.
    """
    from change_events.cli.drift_run import Run, distinct
    from change_events.drift.results import Request

    request = Request(
        directories=distinct(directories or (".",)),
        parallel=parallel,
        seconds=timeout,
        lock=lock,
        pending=not no_pending,
        var_files=var_file,
        binary=session.settings.binary,
        terms={},
    )
    run = Run(session, request, jitter=jitter, who=who, forget=forget, records=not no_event, as_json=as_json)
    return run.run()
