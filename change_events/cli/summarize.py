"""``tfevent events summarize``: summarize plans, without a journal."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.limit_option import limit_option
from change_events.cli.render.terminal import clean, note, print_json, print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cli.fail_on import FailOn
    from change_events.cli.session import Session
    from change_events.model import Plan
    from change_events.signals import OwnRules

DEFAULT_CHANGES = 50
# What a comment on GitHub takes (65,536 characters), less some room for the words around it.
DEFAULT_MARKDOWN_BYTES = 60_000
_LEAST_BYTES = 500


@click.command(
    "summarize",
    short_help="Summarize plans, or the difference between two states.",
    epilog=examples(
        "terraform show -json tf.plan | tfevent events summarize -",
        "tfevent events summarize tf.plan --markdown",
        "tfevent events summarize plan.json --json | jq .summary.counts",
        "tfevent events summarize tf.plan --fail-on exposed_to_world,stateful_destroyed",
        "tfevent events summarize before.tfstate after.tfstate",
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "form", flag_value="json", help="Print a JSON object, or an array for several plans.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown, e.g. for a pull request comment.")
@limit_option(DEFAULT_CHANGES, "Maximum number of changes in the text; 0 for all, with all attributes.")
@click.option("--all", "everything", is_flag=True, help="Show all changes and all attributes, like --limit 0.")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=_LEAST_BYTES),
    default=DEFAULT_MARKDOWN_BYTES,
    show_default=True,
    metavar="N",
    help="Maximum size of the Markdown of one plan, in bytes.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="NAME[,NAME...]",
    help="Exit with code 3 if a plan has one of these risk signals; severity:LEVEL for all of a severity. Repeatable.",
)
@click.pass_obj
def summarize_command(
    session: Session,
    *,
    files: tuple[str, ...],
    form: str | None,
    limit: int,
    everything: bool,
    max_bytes: int,
    fail_on: tuple[str, ...],
) -> int:
    """Summarize plans, or the difference between two states. Nothing is recorded or sent.

    FILE is a plan in JSON (`terraform show -json`), a saved plan file, or `-` for standard input. Two states are
    compared. Secrets are redacted as in events.

    With --fail-on the exit code is 3 if a plan has one of the given risk signals; standard error says which.
    """
    from change_events.cli.fail_on import parse

    threshold = parse(fail_on, session) if fail_on else None
    with _no_garbage_collection():
        plans = session.tools.read_documents(files, session.redactor, session.settings)
    for trouble in session.redactor.troubles:
        note(trouble)
    own = session.settings.signals
    if form == "json":
        _write_json(plans, own)
    elif form == "markdown":
        _write_markdown(plans, max_bytes, own)
    else:
        _write_text(plans, None if everything else limit or None, own)
    return _judge(plans, threshold, own) if threshold else 0


def _judge(plans: Sequence[Plan], wanted: FailOn, own: OwnRules | None) -> int:
    from change_events.cli.fail_on import EXIT_FAILED_ON, reasons
    from change_events.cli.render.plan_report import judged

    failed = False
    for plan in plans:
        name = f"{clean(plan.name)}: " if plan.name and len(plans) > 1 else ""
        for reason in reasons(wanted, judged(plan, own)):
            failed = True
            note(f"--fail-on: {name}{clean(reason)}")
    return EXIT_FAILED_ON if failed else 0


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Switch off garbage collection, which takes a tenth of the time for a large plan's million objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write_json(plans: Sequence[Plan], own: OwnRules | None) -> None:
    from change_events.cli.render.plan_report import plan_document

    documents = [plan_document(plan, own) for plan in plans]
    print_json(documents[0] if len(documents) == 1 else documents)


def _write_markdown(plans: Sequence[Plan], max_bytes: int, own: OwnRules | None) -> None:
    from change_events.cli.render.plan_report import plan_markdown

    for index, plan in enumerate(plans):
        sys.stdout.write(("\n" if index else "") + plan_markdown(plan, max_bytes, own))


def _write_text(plans: Sequence[Plan], limit: int | None, own: OwnRules | None) -> None:
    from change_events.cli.render.plan_report import plan_lines

    for index, plan in enumerate(plans):
        print_lines([""] if index else [])
        print_lines(plan_lines(plan, limit, own))
