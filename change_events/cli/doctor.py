"""``tfevent events doctor``: check the setup and the destinations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from change_events.cli import doctor_checks
from change_events.cli.drift_standing import drift_checks
from change_events.cli.help_examples import examples
from change_events.cli.preview import named
from change_events.cli.render.terminal import clean, clean_lines, paint, print_lines
from change_events.paths import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.cli.session import Session
    from change_events.cli.tool_adapter import Check, Verdict

_COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "error": "red"}
_NAME_WIDTH = 16
_ALL = "*"  # no destination's name can be confused with it: it is only ever given by the bare option
_VERDICT_WIDTH = max(map(len, _COLOURS))


@click.command(
    "doctor",
    short_help="Check settings, binary, journal and destinations.",
    epilog=examples(
        "tfevent events doctor",
        "tfevent events doctor --send-test",
        "tfevent events doctor --send-test chatops",
        "tfevent events doctor --setup search --yes",
    ),
)
@click.option(
    "--send-test",
    multiple=True,
    is_flag=False,
    flag_value=_ALL,
    metavar="[NAME]",
    help="Send a marked test event to all destinations, or to NAME (repeatable).",
)
@click.option("--setup", metavar="NAME", help="Set up this destination's backend, e.g. an index template, and exit.")
@click.option("--yes", is_flag=True, help="With --setup, skip the confirmation prompt.")
@click.pass_obj
def doctor_command(session: Session, *, send_test: tuple[str, ...], setup: str | None, yes: bool) -> int:
    """Check settings, Terraform binary, journal and destinations; print one result per line.

    The exit code is 1 if a check failed: events would be lost or held back. Warnings do not affect it.
    """
    if setup is not None:
        from change_events.cli.backend_setup import prepare

        return prepare(named(session.settings.destinations, setup), session.redactor, confirmed=yes)
    failed = False
    for check in _checks(session, send_test):
        failed = failed or check.verdict == "error"
        print_lines(_lines(check))
    return 1 if failed else 0


def _checks(session: Session, wanted: tuple[str, ...]) -> Iterator[Check]:
    settings, mistakes = session.settings_and_mistakes
    session.mistakes_reported = True
    everywhere = [destination.name for destination in settings.destinations]
    chosen = everywhere if _ALL in wanted else [named(settings.destinations, name).name for name in wanted]
    yield from doctor_checks.settings_checks(settings.files, mistakes, settings.warnings)
    yield from doctor_checks.source_checks(settings)
    yield from session.tools.checks(settings)
    yield doctor_checks.journal_check(session)
    yield from drift_checks(session)
    yield from doctor_checks.standing_checks(session, settings.destinations)
    yield doctor_checks.key_check(Path(state_dir()) / doctor_checks.KEY_FILE)
    yield from doctor_checks.destination_checks(settings, session, send_test=chosen)


def _lines(check: Check) -> Iterator[str]:
    verdict = paint(f"{check.verdict:<{_VERDICT_WIDTH}}", _COLOURS[check.verdict])
    first, *rest = clean_lines(check.text) or [""]
    yield f"{verdict}  {clean(check.name):<{_NAME_WIDTH}}  {first}"
    for line in (*rest, *clean_lines(check.remedy or "")):
        yield f"{'':{_VERDICT_WIDTH + _NAME_WIDTH + 4}}{line}"
