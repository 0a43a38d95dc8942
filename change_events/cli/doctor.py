"""``tfevent events doctor``: is everything set up, and does it reach where it should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from change_events.cli import checks
from change_events.cli.examples import examples
from change_events.cli.terminal import clean, clean_lines, paint, print_lines
from change_events.paths import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.cli.session import Session
    from change_events.cli.toolbox import Check, Verdict

_COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "error": "red"}
_NAME_WIDTH = 16
_VERDICT_WIDTH = max(map(len, _COLOURS))


@click.command("doctor", epilog=examples("tfevent events doctor", "tfevent events doctor --send-test"))
@click.option("--send-test", is_flag=True, help="Send a marked test event to each destination.")
@click.pass_obj
def doctor_command(session: Session, *, send_test: bool) -> int:
    """Check the settings, the binary, the journal and each destination; one verdict a line.

    The exit code is 1 if anything is wrong that loses or withholds events, else 0: warnings do not count.
    """
    failed = False
    for check in _checks(session, send_test=send_test):
        failed = failed or check.verdict == "error"
        print_lines(_lines(check))
    return 1 if failed else 0


def _checks(session: Session, *, send_test: bool) -> Iterator[Check]:
    settings, mistakes = session.settings_and_mistakes
    session.mistakes_told = True
    yield from checks.settings_checks(settings.files, mistakes, settings.warnings)
    yield from session.tools.checks(settings)
    yield checks.journal_check(session)
    yield from checks.standing_checks(session, settings.destinations)
    yield checks.key_check(Path(state_dir()) / checks.KEY_FILE)
    yield from checks.destination_checks(settings.destinations, send_test=send_test)


def _lines(check: Check) -> Iterator[str]:
    verdict = paint(f"{check.verdict:<{_VERDICT_WIDTH}}", _COLOURS[check.verdict])
    first, *rest = clean_lines(check.text) or [""]
    yield f"{verdict}  {clean(check.name):<{_NAME_WIDTH}}  {first}"
    for line in (*rest, *clean_lines(check.remedy or "")):
        yield f"{'':{_VERDICT_WIDTH + _NAME_WIDTH + 4}}{line}"
