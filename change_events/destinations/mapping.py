"""What every backend is told of an event, in neutral forms: each destination gives them its own names.

All of it is made of the redacted event's own texts and of figures. Lists begin with what matters most.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from change_events.destinations.clip import listed, units
from change_events.destinations.fit import importance
from change_events.model import Action, ChangeOutcome, Counts, Kind, Link, Outcome, Phase
from change_events.summary.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from change_events.model import Change, ChangeEvent, Failure, TaskRun

_LINE = 200  # characters of one line of a list
_MINUTE, _HOUR = 60, 3600
_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DESTROY: "destroyed",
    Action.FORGET: "forgotten",
    Action.MOVE: "moved",
    Action.IMPORT: "imported",
    Action.INVOKE: "invoked",
    Action.CHANGE: "changed",
}
_QUIET = {Action.NO_OP, Action.READ}
_RESULTS = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.PARTIAL: "failed in part",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "was cancelled",
    Outcome.DECLINED: "was declined",
    Outcome.NO_CHANGE: "changed nothing",
    Outcome.UNKNOWN: "ended, outcome unknown",
}
_tag_names: ContextVar[Mapping[str, str]] = ContextVar("tag_names")


@contextmanager
def tags_named(names: Mapping[str, str]) -> Iterator[None]:
    """As long as it lasts, in this thread: what all events have as tags has these names, by ours (``map_tags``)."""
    token = _tag_names.set(names)
    try:
        yield
    finally:
        _tag_names.reset(token)


def stage(event: ChangeEvent) -> str:
    """Which event of a run this is: ``started``, ``planned``, ``checked`` or ``finished``."""
    if event.outcome is None:
        return "started"
    return "finished" if event.phase is Phase.APPLIED else event.phase.value


def place(event: ChangeEvent) -> str:
    """What changes belong together: environment and service, else the repository; empty where nothing is known."""
    named = "/".join(part for part in (event.environment, event.service) if part)
    return named or (event.vcs.repository if event.vcs else None) or ""


def moment(event: ChangeEvent) -> datetime:
    """When it ended; of what is under way, when it started."""
    return event.ended_at or event.started_at


def delivery_id(event: ChangeEvent) -> str:
    """The event's id, by which a receiver knows a repetition: another one while it is under way.

    The settled event has the same id as the started one and is no repetition of it.
    """
    return event.id if event.outcome is not None else f"{event.id}-started"


def creator(event: ChangeEvent) -> str | None:
    """Who did it: the person a CI system names, else the user."""
    actor = event.actor
    if actor is None:
        return None
    return (actor.ci.actor if actor.ci else None) or actor.user


def host(event: ChangeEvent) -> str | None:
    """The host it was done from."""
    return event.actor.host if event.actor else None


def run_url(event: ChangeEvent) -> str | None:
    """The page of the run: the CI system's, else the first link; only http and https."""
    found = links(event)
    return found[0].url if found else None


def links(event: ChangeEvent) -> list[Link]:
    """Pages to open, the CI run first, each address once; only http and https."""
    ci = event.actor.ci if event.actor else None
    named = {link.url: link for link in event.links}
    wanted = [ci.run_url] if ci and ci.run_url else []
    return [named.get(url) or Link(title="Run", url=url) for url in dict.fromkeys([*wanted, *named]) if _is_web(url)]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and url.isprintable() and " " not in url


def pairs(event: ChangeEvent) -> dict[str, str]:
    """Names and values to filter by, the most asked for first, the event's own tags last."""
    tool, vcs = event.tool, event.vcs
    found = {
        "env": event.environment,
        "service": event.service,
        "tool": tool.name if tool else None,
        "workspace": tool.workspace if tool else None,
        "phase": event.phase.value,
        "outcome": event.outcome.value if event.outcome else None,
        "repo": vcs.repository if vcs else None,
        "branch": vcs.branch if vcs else None,
    }
    names = _tag_names.get({})
    named = {names.get(name, name): value for name, value in found.items()} | event.tags
    return {name: value for name, value in named.items() if value}


def tags(event: ChangeEvent) -> list[str]:
    """:func:`pairs` as ``name:value``."""
    return [f"{name}:{value}" for name, value in pairs(event).items()]


def counts(event: ChangeEvent) -> Counts:
    """Figures of what was really done; of a plan or a check, of what was planned."""
    return event.summary.counts if event.phase is not Phase.APPLIED else event.summary.applied or Counts()


def figures(event: ChangeEvent) -> dict[str, int]:
    """Created, updated, replaced, destroyed and failed: always all five."""
    found = counts(event)
    return {
        "created": found.create,
        "updated": found.update,
        "replaced": found.replace,
        "destroyed": found.destroy,
        "failed": event.summary.outcomes.failed,
    }


def playbook_figures(event: ChangeEvent) -> dict[str, int]:
    """Tasks and hosts of a playbook run; nothing of others."""
    tasks, hosts = event.summary.tasks, event.summary.hosts
    if tasks is None and hosts is None:
        return {}
    of_tasks = {} if tasks is None else {"tasks_changed": tasks.changed, "tasks_failed": tasks.failed}
    if hosts is None:
        return of_tasks
    return of_tasks | {
        "hosts_changed": hosts.changed,
        "hosts_failed": hosts.failed,
        "hosts_unreachable": hosts.unreachable,
    }


def duration_ms(event: ChangeEvent) -> int | None:
    """Milliseconds it took; None while it goes on."""
    return None if event.ended_at is None else int((event.ended_at - event.started_at).total_seconds() * 1000)


def details(event: ChangeEvent) -> dict[str, str | int]:
    """Everything short about an event under flat names, texts and whole numbers; what is unknown is left out."""
    tool, vcs, trace = event.tool, event.vcs, event.trace
    found: dict[str, str | int | None] = {
        "id": event.id,
        "run_id": trace.run_id if trace else None,
        "kind": event.kind.value,
        "phase": event.phase.value,
        "outcome": event.outcome.value if event.outcome else None,
        "severity": event.severity.value,
        "environment": event.environment,
        "service": event.service,
        "version": event.version,
        "tool": tool.name if tool else None,
        "tool_version": tool.version if tool else None,
        "workspace": tool.workspace if tool else None,
        "creator": creator(event),
        "host": host(event),
        "repository": vcs.repository if vcs else None,
        "branch": vcs.branch if vcs else None,
        "commit": vcs.commit if vcs else None,
        "run_url": run_url(event),
        **(figures(event) if changes_things(event) else {}),
        **playbook_figures(event),
        "duration_ms": duration_ms(event),
    }
    return {name: value for name, value in found.items() if value is not None and value != ""}


def changes_things(event: ChangeEvent) -> bool:
    """Whether figures of changes say anything: of runs that change resources, and wherever there are any."""
    return event.kind is Kind.INFRASTRUCTURE or any(figures(event).values())


def result(event: ChangeEvent) -> str:
    """How it stands in a few words: ``succeeded in 1 min 17 s``, ``planned``, ``under way``."""
    if event.outcome is None:
        return "under way"
    if event.phase is Phase.PLANNED and event.outcome in {Outcome.SUCCEEDED, Outcome.NO_CHANGE}:
        return "planned" if event.outcome is Outcome.SUCCEEDED else "planned, no changes"
    words = _RESULTS[event.outcome]
    took = duration_ms(event)
    return f"{words} in {lasted(took)}" if took and event.outcome in {Outcome.SUCCEEDED, Outcome.PARTIAL} else words


def lasted(duration: int) -> str:
    """Milliseconds as a person says them: ``0.4 s``, ``17 s``, ``1 min 17 s``, ``2 h 3 min``."""
    whole = duration // 1000
    if whole < 1:
        return f"{duration / 1000:.1f} s"
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _MINUTE:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if whole < _HOUR else f"{minutes // 60} h {minutes % 60} min"


def who(event: ChangeEvent) -> str:
    """``by alice on ci-runner-7``, or as much of it as is known."""
    name, where = creator(event), host(event)
    return " ".join(
        [*([f"by {one_line(name, 80)}"] if name else []), *([f"on {one_line(where, 80)}"] if where else [])]
    )


def commit(event: ChangeEvent) -> str:
    """``c0ffee123456 on main: subject``, or as much of it as is known."""
    vcs = event.vcs
    if vcs is None or not vcs.commit:
        return ""
    branch = f" on {one_line(vcs.branch, 80)}" if vcs.branch else ""
    subject = f": {one_line(vcs.subject, 120)}" if vcs.subject else ""
    return f"{vcs.commit[:12]}{branch}{' with uncommitted changes' if vcs.dirty else ''}{subject}"


def paragraph(event: ChangeEvent) -> str:
    """One paragraph of plain text: what ran and how it ended, by whom, from which commit."""
    made_from = commit(event)
    how = result(event) if event.outcome else f"is {result(event)}"
    sentences = [f"{_subject(event)} {how}", who(event), f"commit {made_from}" if made_from else ""]
    return " ".join(f"{text[0].upper() + text[1:]}." for text in sentences if text)


def _subject(event: ChangeEvent) -> str:
    """``terraform in acme/infra``; without a tool ``deployment of checkout 2.14.0``."""
    vcs = event.vcs
    if event.tool:
        place = f" in {one_line(vcs.repository, 120)}" if vcs and vcs.repository else ""
        return f"{one_line(event.tool.name, 80)}{place}"
    thing = " ".join(one_line(part, 80) for part in (event.service, event.version) if part)
    return event.kind.value + (f" of {thing}" if thing else "")


def own_message(event: ChangeEvent) -> str:
    """The message that whoever sent the event wrote, in Markdown; empty where we made it up, or it is the title."""
    written = event.explicit or event.kind is Kind.CUSTOM
    return event.message if written and event.message.strip() != event.title.strip() else ""


def text_within(text: str, limit: int) -> str:
    """Markdown in at most ``limit`` characters, cut between lines: half a line may be half a link."""
    return text if units(text) <= limit else listed(text.splitlines(), limit)


def worst(event: ChangeEvent, most: int | None = None) -> list[str]:
    """What happened, one plain line each, the worst first: errors, what did not complete, signals, changes.

    With ``most``, one more line says how many lines were left out, if any.
    """
    told = {failure.address for failure in event.failures if failure.address}
    failed = [c for c in event.changes if c.outcome is ChangeOutcome.FAILED and c.address not in told]
    rest = [c for c in event.changes if c.outcome is not ChangeOutcome.FAILED and c.action not in _QUIET]
    lines = [
        *map(_failure_line, event.failures),
        *map(_change_line, failed),
        *(f"{signal.address}: {signal.reason}" if signal.address else signal.reason for signal in event.signals),
        *map(_change_line, sorted(rest, key=importance, reverse=True)),
    ]
    shown = [one_line(line, _LINE) for line in lines[:most]]
    return shown if len(shown) == len(lines) else [*shown, f"… and {len(lines) - len(shown)} more"]


def _failure_line(failure: Failure) -> str:
    return f"failed: {failure.address}: {failure.summary}" if failure.address else f"failed: {failure.summary}"


def _change_line(change: Change) -> str:
    return " ".join(_change_words(change))


def _change_words(change: Change) -> Iterator[str]:
    verb = " ".join(change.raw_actions) if change.action is Action.OTHER else change.action.value.replace("_", " ")
    match change.outcome:
        case ChangeOutcome.APPLIED:
            yield _DONE.get(change.action, verb)
        case ChangeOutcome.FAILED:
            yield f"failed: {verb}"
        case ChangeOutcome.PLANNED:
            yield verb
        case _:
            yield f"{verb} ({change.outcome.value.replace('_', ' ')})"
    yield change.address
    if change.task:
        yield from _on_hosts(change.task)
    if change.outcome is ChangeOutcome.FAILED and change.error:
        yield f"({change.error})"


def _on_hosts(task: TaskRun) -> Iterator[str]:
    """Where a task failed, else on how many hosts it changed something."""
    if task.failures:
        first, more = task.failures[0], task.hosts.failed + task.hosts.unreachable - 1
        others = f" and {more} more{' times' if task.rounds > 1 else ''}" if more > 0 else ""
        yield f"on {first.host}{others}" + (f": {first.error}" if first.error else "")
    elif task.hosts.changed:
        times = f"{task.hosts.changed} times"  # of several rounds, figures are no number of hosts
        yield times if task.rounds > 1 else f"on {task.hosts.changed} host{'' if task.hosts.changed == 1 else 's'}"
