"""Renders a playbook run: its tasks over their hosts, and its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.cli.render.terminal import clean, paint
from change_events.summary.playbook import became, host_words, things

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.model import ChangeEvent, HostRun, Playbook, Related, TaskRun

_INDENT = "  "
_COLOURS = {"failed": "red", "unreachable": "red", "changed": "yellow", "rescued": "yellow", "ignored": "yellow"}
_WORST = ("failed", "unreachable", "changed", "rescued", "ignored", "ok", "skipped")
_MOST_DIFFERENCES = 5


def task_lines(task: TaskRun) -> Iterator[str]:
    """Yield the details of one task, below its own line."""
    if clauses := became(task, clean):
        yield "; ".join(clauses)
    if changed := things(task, clean):
        yield changed
    yield from (clean(difference) for difference in task.diff[:_MOST_DIFFERENCES])
    notes = [
        "handler" if task.handler else "",
        f"role {clean(task.role)}" if task.role else "",
        f"play {clean(task.play)}" if task.play else "",
        "check mode" if task.checked else "",
        "no_log" if task.censored else "",
    ]
    if line := ", ".join(note for note in notes if note):
        yield paint(line, dim=True)


def facts(event: ChangeEvent, playbook: Playbook) -> Sequence[tuple[str, str]]:
    """Yield label and text of the scope and outcome of a playbook."""
    summary = event.summary
    return (
        ("playbook", _circumstances(playbook)),
        ("hosts", host_words(summary.hosts) if summary.hosts else ""),
        *((f"  {group}", host_words(counts)) for group, counts in summary.by_group.items()),
        ("tasks", _tasks(event)),
        ("ended by", playbook.end or ""),
    )


def _circumstances(playbook: Playbook) -> str:
    parts = [
        playbook.file or "",
        "check mode" if playbook.check else "",
        f"limit {playbook.limit}" if playbook.limit else "",
        f"tags {', '.join(playbook.tags)}" if playbook.tags else "",
        f"without tags {', '.join(playbook.skip_tags)}" if playbook.skip_tags else "",
        f"from task {playbook.start_at_task}" if playbook.start_at_task else "",
        f"inventory {', '.join(playbook.inventory)}" if playbook.inventory else "",
    ]
    return ", ".join(part for part in parts if part)


def _tasks(event: ChangeEvent) -> str:
    counts = event.summary.tasks
    if counts is None:
        return ""
    figures = [f"{n} {word}" for word in ("changed", "failed", "rescued", "ignored") if (n := getattr(counts, word))]
    return ", ".join([f"{counts.total} run", *figures])


def host_lines(hosts: Sequence[HostRun], limit: int | None) -> Iterator[str]:
    """Yield hosts, the worst first; at most ``limit``, and the number of the others."""
    ordered = sorted(hosts, key=lambda host: _WORST.index(host.status) if host.status in _WORST else 0)
    for host in ordered[:limit]:
        figures = ", ".join(f"{n} {name}" for name in _WORST if (n := getattr(host, name)))
        yield f"{_INDENT}{paint(f'{clean(host.status):<11}', _COLOURS.get(host.status))} {clean(host.name)}  {figures}"
    if limit is not None and len(ordered) > limit:
        yield f"{_INDENT}… and {len(ordered) - limit} more"


def related_lines(related: Sequence[Related]) -> Iterator[str]:
    """Yield events that were sent from within the run."""
    for item in related:
        yield f"{_INDENT}{clean(item.title or '')}  {paint(clean(item.id), dim=True)}".rstrip()
