"""Renders one event in full."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from change_events.cli.render import changes, explicit, tasks, units
from change_events.cli.render.deliveries import delivery_lines
from change_events.cli.render.outcome import outcome_word, paint_outcome
from change_events.cli.render.terminal import ago, clean, local_time, paint
from change_events.summary import history, state_edit
from change_events.summary.change_text import cloud_words, outputs_heading, partial
from change_events.text.times import lasted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from change_events.journal import Record
    from change_events.model import ChangeEvent, Ci, OutcomeCounts, Tool, Vcs

_LABEL = 10
_COMMIT = 10


def story(record: Record, *, limit: int | None, held_up: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Yield the lines of one record in full.

    Args:
        record: from the journal, or a ledger.
        limit: maximum number of changes, outputs and drifted resources; None for all.
        held_up: by destination, why untried deliveries wait.
    """
    event = record.event
    yield paint(clean(event.title), bold=True)
    yield _when(event)
    yield ""
    yield from _lines((*_facts(event), *_teams(record)))
    if words := partial(event):
        yield from ("", paint(words, "yellow"))
    for title, lines in (*explicit.sections(event, limit), *_sections(event, limit)):
        if lines:
            yield from ("", changes.heading(title), *lines)
    yield from _left_out(event)
    if record.kept_in == "journal":
        yield from ("", changes.heading("Delivery"), *delivery_lines(record.deliveries, changes.INDENT, held_up))


def _when(event: ChangeEvent) -> str:
    parts = [
        paint_outcome(outcome_word(event.outcome and event.outcome.value)),
        event.phase.value,
        local_time(event.started_at),
    ]
    text = " · ".join(parts) + f" ({ago(event.started_at)})"
    if event.ended_at and event.ended_at > event.started_at:
        text += f", took {lasted((event.ended_at - event.started_at).total_seconds())}"
    return text


def _facts(event: ChangeEvent) -> Sequence[tuple[str, str]]:
    return (
        ("run by", _actor(event)),
        ("CI", _ci(event.actor.ci) if event.actor and event.actor.ci else ""),
        ("command", _tool(event.tool) if event.tool else ""),
        ("location", _where(event)),
        *(("", cloud_words(cloud)) for cloud in event.clouds),
        ("commit", _commit(event.vcs) if event.vcs else ""),
        *_figures(event),
        ("history", history.words(event.backfilled) if event.backfilled else ""),
        ("tags", ", ".join(f"{key}={value}" for key, value in event.tags.items())),
        *((link.title, link.url) for link in event.links),
        *_pages(event),
        ("event", event.id),
        ("run", _run(event)),
    )


def _teams(record: Record) -> Iterator[tuple[str, str]]:
    """Return the teams of a ledger that recorded the event, and those that recorded it differently."""
    yield "team", ", ".join(record.teams)
    for team in record.others:
        yield "", f"team {team} has recorded this event differently: --team {team} shows it"


def _lines(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for label, text in rows:
        if text:
            yield f"{paint(f'{clean(label):<{_LABEL}}', dim=True)} {clean(text)}"


def _pages(event: ChangeEvent) -> Iterator[tuple[str, str]]:
    """Return the pages of commit and pull request that are not among the event's links."""
    ci = event.actor.ci if event.actor else None
    explicit = {link.url for link in event.links}
    pages = (
        ("commit URL", event.vcs.commit_url if event.vcs else None),
        ("PR URL", ci.pull_request_url if ci and ci.pull_request_url != ci.pull_request else None),
    )
    return ((title, url) for title, url in pages if url and url not in explicit)


def _figures(event: ChangeEvent) -> Sequence[tuple[str, str]]:
    if event.playbook is not None:
        return tasks.facts(event, event.playbook)
    if event.state is not None:
        version, note = state_edit.version_words(event.state), event.state.note or ""
        return (("state", ", ".join(state_edit.count_words(event.summary.state))), ("", version), ("", note))
    return (
        *(units.facts(event, event.stacks) if event.stacks is not None else ()),
        ("planned", changes.count_words(event.summary.counts)),
        ("result", _became(event.summary.outcomes)),
    )


def _actor(event: ChangeEvent) -> str:
    if event.actor is None:
        return ""
    return " on ".join(part for part in (event.actor.user, event.actor.host) if part)


def _ci(ci: Ci) -> str:
    parts = [
        ci.system,
        ci.job and f"job {ci.job}",
        ci.actor and f"for {ci.actor}",
        ci.run_id and f"run {ci.run_id}",
        ci.attempt and f"attempt {ci.attempt}",
        ci.pull_request and f"pull request {ci.pull_request}",
        ci.run_url,
    ]
    return ", ".join(part for part in parts if part)


def _tool(tool: Tool) -> str:
    versions = [f"{tool.name} {tool.version}" if tool.version else tool.name]
    if tool.tfevent:
        versions.append(f"tfevent {tool.tfevent}")
    exit_code = "" if tool.exit_code is None else f", exit code {tool.exit_code}"
    return f"{tool.command or tool.name} ({', '.join(versions)}){exit_code}"


def _where(event: ChangeEvent) -> str:
    tool = event.tool
    parts = [
        event.environment and f"environment {event.environment}",
        event.service and f"service {event.service}",
        event.version and f"version {event.version}",
        tool and tool.workspace and f"workspace {tool.workspace}",
        tool and tool.backend and f"backend {tool.backend}",
        tool and tool.directory,
    ]
    return ", ".join(part for part in parts if part)


def _commit(vcs: Vcs) -> str:
    parts = [vcs.repository, vcs.path, vcs.branch, vcs.commit and vcs.commit[:_COMMIT]]
    text = " ".join(part for part in parts if part)
    if vcs.subject:
        text += f' "{vcs.subject}"'
    if vcs.author:
        text += f" by {vcs.author}"
    return text + (", with uncommitted changes" if vcs.dirty else "")


def _run(event: ChangeEvent) -> str:
    if event.trace is None:
        return ""
    trace = f", trace {event.trace.trace_id}" if event.trace.trace_id else ""
    return f"{event.trace.run_id}{trace}"


def _became(outcomes: OutcomeCounts) -> str:
    figures = (
        (outcomes.applied, "applied"),
        (outcomes.failed, "failed"),
        (outcomes.not_attempted, "not attempted"),
        (outcomes.unknown, "unknown"),
    )
    return ", ".join(f"{figure} {name}" for figure, name in figures if figure)


def _sections(event: ChangeEvent, limit: int | None) -> Sequence[tuple[str, list[str]]]:
    return (
        ("Failures", list(changes.failure_lines(event.failures))),
        ("Risk signals", list(changes.signal_lines(event.signals))),
        ("Causes", list(changes.cause_lines(event.causes))),
        ("Units", list(units.unit_lines(event.stacks, limit)) if event.stacks is not None else []),
        ("Changes", list(changes.change_lines(event.changes, limit))),
        ("Hosts", list(tasks.host_lines(event.hosts, limit))),
        ("Events sent during the run", list(tasks.related_lines(event.related))),
        (outputs_heading(event), list(changes.output_lines(event.outputs, limit))),
        ("Drift", list(changes.drift_lines(event.drift, limit))),
        ("Checks not passed", list(changes.check_lines(event.checks))),
    )


def _left_out(event: ChangeEvent) -> Iterator[str]:
    cut = event.truncated
    if cut is None:
        return
    figures = (
        (cut.changes, "changes"),
        (cut.attributes, "attributes"),
        (cut.failures, "failures"),
        (cut.hosts, "hosts"),
    )
    parts = [f"{figure} {name}" for figure, name in figures if figure]
    text = ", ".join(parts) or "details"
    yield ""
    yield clean(f"Omitted from this event: {text}{f' ({cut.note})' if cut.note else ''}.")
