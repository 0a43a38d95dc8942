"""Renders one plan for ``summarize``: text, JSON, Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.cli.render import changes
from change_events.cli.render.terminal import clean, paint
from change_events.model import ChangeEvent, Kind, Outcome, Phase, StateCounts, Summary, Tool
from change_events.signals import signals
from change_events.summary import state_edit
from change_events.summary.change_text import cloud_words, partial
from change_events.text.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Counts, Plan
    from change_events.signals import OwnRules

NOTHING = "no changes"
NO_DIFFERENCE = "no differences"  # between two states
STANDARD_INPUT = "-"


def plan_document(plan: Plan, own: OwnRules | None = None) -> dict[str, Any]:
    """Return the plan as JSON, including zero counts, empty lists and empty facts."""
    return {
        "name": plan.name,
        "tool": {"name": plan.tool_name, "version": plan.tool_version},
        "format_version": plan.format_version,
        "errored": plan.errored,
        "complete": plan.complete,
        "applyable": plan.applyable,
        "summary": {
            "counts": _every_count(plan.counts),
            "by_type": plan.by_type,
            "by_module": plan.by_module,
            **({"state": _every_count(plan.edited or StateCounts())} if plan.from_states else {}),
        },
        "clouds": plan.clouds,
        "changes": plan.changes,
        "outputs": plan.outputs,
        "drift": plan.drift,
        "checks": plan.checks,
        "signals": judged(plan, own).signals,
        **({"state": plan.state} if plan.from_states else {}),
    }


def _every_count(counts: Counts | StateCounts) -> dict[str, int]:
    # The structs leave defaults out of their JSON; here a 0 is an answer.
    return {field.rstrip("_"): getattr(counts, field) for field in counts.__struct_fields__}


def plan_markdown(plan: Plan, max_bytes: int, own: OwnRules | None = None) -> str:
    """Return the plan as a section of a Markdown document, with its headline; at most ``max_bytes``."""
    from change_events.summary.document import Size, details
    from change_events.summary.title import title

    event = judged(plan, own)
    facts = [f"**{plain(title(event))}**", *([words] if (words := partial(event)) else [])]
    return details(event, plan_headline(plan), facts, Size(max_bytes))


def judged(plan: Plan, own: OwnRules | None = None) -> ChangeEvent:
    """Return the plan as an event with signals and severity; ``own`` are the user's signal rules."""
    from change_events.summary.severity import severity

    event = _as_event(plan)
    event = msgspec.structs.replace(event, signals=signals(event, own))
    return msgspec.structs.replace(event, severity=severity(event))


def _as_event(plan: Plan) -> ChangeEvent:
    nothing = plan.state is None and not changes.count_words(plan.counts)
    outcome = Outcome.FAILED if plan.errored else Outcome.NO_CHANGE if nothing else Outcome.SUCCEEDED
    return ChangeEvent(
        id="",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED if plan.from_states else Phase.PLANNED,
        started_at=datetime.now(UTC),
        title="",
        outcome=outcome,
        tool=Tool(name=plan.tool_name, version=plan.tool_version),
        summary=Summary(counts=plan.counts, by_type=plan.by_type, by_module=plan.by_module, state=plan.edited),
        changes=plan.changes,
        outputs=plan.outputs,
        drift=plan.drift,
        checks=plan.checks,
        clouds=plan.clouds,
        state=plan.state,
        partial=_is_partial(plan),
    )


def plan_headline(plan: Plan) -> str:
    """Return the file's name and the counts: ``network.json: 2 to create, 1 to destroy``."""
    words = changes.count_words(plan.counts) if plan.state is None else state_edit.what(_as_event(plan), plan.state)
    if plan.errored:
        words = f"planning failed{f', incomplete: {words}' if words else ''}"
    name = f"{clean(plan.name)}: " if plan.name and plan.name != STANDARD_INPUT else ""
    return f"{name}{words or (NO_DIFFERENCE if plan.from_states else NOTHING)}"


def plan_lines(plan: Plan, limit: int | None, own: OwnRules | None = None) -> Iterator[str]:
    """Yield the plan for a terminal; at most ``limit`` changes, outputs and drifted resources."""
    yield paint(plan_headline(plan), bold=True)
    yield from _caveats(plan)
    for title, lines in (
        ("Risk signals", changes.signal_lines(judged(plan, own).signals)),
        ("Changes", changes.change_lines(plan.changes, limit)),
        ("Outputs", changes.output_lines(plan.outputs, limit)),
        ("Drift", changes.drift_lines(plan.drift, limit)),
        ("Checks not passed", changes.check_lines(plan.checks)),
    ):
        shown = list(lines)
        if shown:
            yield from ("", changes.heading(title), *shown)
    if len(plan.by_type) > 1:
        yield from ("", changes.heading("By type"), *_by_type(plan.by_type))


def _caveats(plan: Plan) -> Iterator[str]:
    version = f" {clean(plan.tool_version)}" if plan.tool_version else ""
    unchanged = f", {plan.counts.no_op} unchanged" if plan.counts.no_op else ""
    yield paint(f"{clean(plan.tool_name)}{version}{unchanged}", dim=True)
    yield from (paint(clean(cloud_words(cloud)), dim=True) for cloud in plan.clouds)
    if plan.state is not None:
        lines = (state_edit.version_words(plan.state), plan.state.note)
        yield from (paint(clean(line), dim=True) for line in lines if line)
    if _is_partial(plan):
        yield paint(partial(_as_event(plan)), "yellow")


def _is_partial(plan: Plan) -> bool:
    # terraform calls every failed plan incomplete; that one says more by its headline
    return plan.complete is False and not plan.errored


def _by_type(by_type: dict[str, int]) -> Iterator[str]:
    digits = len(str(max(by_type.values())))
    for name, figure in sorted(by_type.items(), key=lambda item: (-item[1], item[0])):
        yield f"{changes.INDENT}{figure:>{digits}}  {clean(name)}"
