"""The mapping of an event in neutral forms, which each destination renames for its backend.

Everything is derived from the redacted event. Lists begin with the most important items.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from change_events.context.repository import change_number, repository_of
from change_events.destinations.shared.clip import listed, units
from change_events.destinations.shared.clouds import place_details, place_tags
from change_events.destinations.shared.hosts import MOST_HOSTS as MOST_HOSTS  # noqa: PLC0414 - forms like those below, kept apart for their length
from change_events.destinations.shared.hosts import changed_hosts as changed_hosts  # noqa: PLC0414
from change_events.destinations.shared.hosts import listed_hosts as listed_hosts  # noqa: PLC0414
from change_events.destinations.shared.lines import worst as worst  # noqa: PLC0414
from change_events.model import Counts, Kind, Link, Outcome, Phase
from change_events.summary.explicit_message import own_part, without_context
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from change_events.context.repository import Repository
    from change_events.model import ChangeEvent

MOST_SIGNALS = 10  # sent as tags
_MINUTE, _HOUR = 60, 3600
_RESULTS = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.PARTIAL: "partially failed",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "was cancelled",
    Outcome.DECLINED: "was declined",
    Outcome.NO_CHANGE: "changed nothing",
    Outcome.UNKNOWN: "ended, outcome unknown",
}
_tag_names: ContextVar[Mapping[str, str]] = ContextVar("tag_names")


@contextmanager
def tags_named(names: Mapping[str, str]) -> Iterator[None]:
    """Rename common tags in this thread within the block, by our names (``map_tags``)."""
    token = _tag_names.set(names)
    try:
        yield
    finally:
        _tag_names.reset(token)


def stage(event: ChangeEvent) -> str:
    """Return the stage of a run: ``started``, ``planned``, ``checked`` or ``finished``."""
    if event.outcome is None:
        return "started"
    return "finished" if event.phase is Phase.APPLIED else event.phase.value


def place(event: ChangeEvent) -> str:
    """Return the group of a change: environment and service, otherwise the repository; empty if unknown."""
    named = "/".join(part for part in (event.environment, event.service) if part)
    return named or repository(event).path or ""


def repository(event: ChangeEvent) -> Repository:
    """Return the repository, named independently of the clone."""
    vcs = event.vcs
    found = repository_of((vcs.repository if vcs else None) or "")
    return found._replace(url=(vcs.url if vcs else None) or found.url)


def pull_request(event: ChangeEvent) -> str | None:
    """Return the number of the run's pull or merge request."""
    ci = event.actor.ci if event.actor else None
    return change_number(ci.pull_request) if ci and ci.pull_request else None


def moment(event: ChangeEvent) -> datetime:
    """Return the end; for a running event, the start."""
    return event.ended_at or event.started_at


def delivery_id(event: ChangeEvent) -> str:
    """Return the id for deduplication by a receiver; a different one while the event is running.

    The settled event has the same id as the started one and is no repetition of it.
    """
    return event.id if event.outcome is not None else f"{event.id}-started"


def creator(event: ChangeEvent) -> str | None:
    """Return the author: the person named by a CI system, otherwise the user."""
    actor = event.actor
    if actor is None:
        return None
    return (actor.ci.actor if actor.ci else None) or actor.user


def host(event: ChangeEvent) -> str | None:
    """Return the host of the run."""
    return event.actor.host if event.actor else None


def run_url(event: ChangeEvent) -> str | None:
    """Return the URL of the run: the CI system's, otherwise the first link; only http and https."""
    found = _own_links(event)
    return found[0].url if found else None


def links(event: ChangeEvent) -> list[Link]:
    """Return distinct links, the CI run first, pull request and commit last; only http and https."""
    found = _own_links(event)
    shown = {link.url for link in found}
    return [*found, *(link for link in _pages(event) if link.url not in shown and _is_web(link.url))]


def _pages(event: ChangeEvent) -> Iterator[Link]:
    ci, vcs = event.actor.ci if event.actor else None, event.vcs
    if ci and ci.pull_request_url:
        yield Link(title=f"Pull request {pull_request(event) or ''}".strip(), url=ci.pull_request_url)
    if vcs and vcs.commit and vcs.commit_url:
        yield Link(title=f"Commit {vcs.commit[:12]}", url=vcs.commit_url)


def _own_links(event: ChangeEvent) -> list[Link]:
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
    """Return names and values to filter by, the most useful first, the event's own tags last."""
    tool, vcs = event.tool, event.vcs
    found = {
        "env": event.environment,
        "service": event.service,
        "version": event.version,
        "tool": tool.name if tool else None,
        "workspace": tool.workspace if tool else None,
        "phase": event.phase.value,
        "outcome": event.outcome.value if event.outcome else None,
        "repo": repository(event).path,
        "branch": vcs.branch if vcs else None,
        "pr": pull_request(event),
    }
    names = _tag_names.get({})
    named = {names.get(name, name): value for name, value in found.items()} | event.tags
    return {name: value for name, value in named.items() if value}


def tags(event: ChangeEvent) -> list[str]:
    """Return :func:`pairs` as ``name:value``, then ``signal``, ``account``, ``region`` and ``host``, each limited.

    ``hosts_changed`` is the number of many hosts. An event's own tags take precedence over ``account`` and ``region``.
    """
    hosts, names = changed_hosts(event), _tag_names.get({})
    named = pairs(event)
    places = [(own, place) for name, place in place_tags(event) if (own := names.get(name, name)) not in named]
    pairs_of_hosts = [(names.get("host", "host"), name) for name in hosts[:MOST_HOSTS]]
    if len(hosts) > MOST_HOSTS:
        pairs_of_hosts.append((names.get("hosts_changed", "hosts_changed"), str(len(hosts))))
    marks = [(names.get("signal", "signal"), name) for name in signal_names(event)[:MOST_SIGNALS]]
    return [f"{name}:{value}" for name, value in (*named.items(), *marks, *places, *pairs_of_hosts)]


def signal_names(event: ChangeEvent) -> list[str]:
    """Return the distinct names of the event's risk signals, the most severe first."""
    return list(dict.fromkeys(signal.name for signal in event.signals))


def counts(event: ChangeEvent) -> Counts:
    """Return the counts of applied changes; for a plan or check, of planned ones."""
    return event.summary.counts if event.phase is not Phase.APPLIED else event.summary.applied or Counts()


def figures(event: ChangeEvent) -> dict[str, int]:
    """Return the counts created, updated, replaced, destroyed and failed: always all five."""
    found = counts(event)
    return {
        "created": found.create,
        "updated": found.update,
        "replaced": found.replace,
        "destroyed": found.destroy,
        "failed": event.summary.outcomes.failed,
    }


def playbook_figures(event: ChangeEvent) -> dict[str, int]:
    """Return counts of tasks and hosts of a playbook run; empty for other events."""
    tasks, hosts = event.summary.tasks, event.summary.hosts
    if tasks is None and hosts is None:
        return {}
    of_tasks = {} if tasks is None else {"tasks_changed": tasks.changed, "tasks_failed": tasks.failed}
    if hosts is None:
        return of_tasks
    return of_tasks | {
        "hosts_changed": event.summary.all_hosts_changed,
        "hosts_failed": hosts.failed,
        "hosts_unreachable": hosts.unreachable,
    }


def duration_ms(event: ChangeEvent) -> int | None:
    """Return the duration in milliseconds; None while it is running."""
    return None if event.ended_at is None else int((event.ended_at - event.started_at).total_seconds() * 1000)


def details(event: ChangeEvent) -> dict[str, str | int]:
    """Return all short facts of an event under flat names, as texts and integers, without unknown ones."""
    tool, vcs, trace, ci = event.tool, event.vcs, event.trace, event.actor.ci if event.actor else None
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
        "repository": repository(event).path,
        "branch": vcs.branch if vcs else None,
        "commit": vcs.commit if vcs else None,
        "commit_url": vcs.commit_url if vcs else None,
        "pull_request": pull_request(event),
        "pull_request_url": ci.pull_request_url if ci else None,
        "run_url": run_url(event),
        **place_details(event),
        **(figures(event) if changes_things(event) else {}),
        **playbook_figures(event),
        **({} if event.summary.hosts else {"hosts_changed": len(changed_hosts(event)) or None}),
        "changed_hosts": listed_hosts(changed_hosts(event)),
        "signals": ", ".join(signal_names(event)),
        "duration_ms": duration_ms(event),
    }
    return {name: value for name, value in found.items() if value is not None and value != ""}


def changes_things(event: ChangeEvent) -> bool:
    """Return whether counts of changes are meaningful: for runs that change resources, and if there are any."""
    return event.kind is Kind.INFRASTRUCTURE or any(figures(event).values())


def result(event: ChangeEvent) -> str:
    """Return its state in a few words: ``succeeded in 1 min 17 s``, ``planned``, ``under way``."""
    if event.outcome is None:
        return "under way"
    if event.phase is Phase.PLANNED and event.outcome in {Outcome.SUCCEEDED, Outcome.NO_CHANGE}:
        return "planned" if event.outcome is Outcome.SUCCEEDED else "planned, no changes"
    words = _RESULTS[event.outcome]
    took = duration_ms(event)
    return f"{words} in {lasted(took)}" if took and event.outcome in {Outcome.SUCCEEDED, Outcome.PARTIAL} else words


def lasted(duration: int) -> str:
    """Return a duration in milliseconds as text: ``0.4 s``, ``17 s``, ``1 min 17 s``, ``2 h 3 min``."""
    whole = duration // 1000
    if whole < 1:
        return f"{duration / 1000:.1f} s"
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _MINUTE:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if whole < _HOUR else f"{minutes // 60} h {minutes % 60} min"


def who(event: ChangeEvent) -> str:
    """Return ``by alice on ci-runner-7``, as far as known."""
    name, where = creator(event), host(event)
    return " ".join(
        [*([f"by {one_line(name, 80)}"] if name else []), *([f"on {one_line(where, 80)}"] if where else [])]
    )


def commit(event: ChangeEvent) -> str:
    """Return ``c0ffee123456 on main: subject``, as far as known."""
    vcs = event.vcs
    if vcs is None or not vcs.commit:
        return ""
    branch = f" on {one_line(vcs.branch, 80)}" if vcs.branch else ""
    subject = f": {one_line(vcs.subject, 120)}" if vcs.subject else ""
    return f"{vcs.commit[:12]}{branch}{' with uncommitted changes' if vcs.dirty else ''}{subject}"


def paragraph(event: ChangeEvent) -> str:
    """Return a paragraph of plain text: what ran, its outcome, author and commit."""
    made_from = commit(event)
    how = result(event) if event.outcome else f"is {result(event)}"
    sentences = [f"{_subject(event)} {how}", who(event), f"commit {made_from}" if made_from else ""]
    return " ".join(f"{text[0].upper() + text[1:]}." for text in sentences if text)


def _subject(event: ChangeEvent) -> str:
    """Return ``terraform in acme/infra``; without a tool ``deployment of checkout 2.14.0``."""
    thing = " ".join(one_line(part, 80) for part in (event.service, event.version) if part)
    said = event.explicit and event.kind not in {Kind.INFRASTRUCTURE, Kind.CUSTOM} and thing
    if event.tool and not said:
        name = repository(event).path
        return one_line(event.tool.name, 80) + (f" in {one_line(name, 120)}" if name else "")
    return event.kind.value + (f" of {thing}" if thing else "")


def own_message(event: ChangeEvent) -> str:
    """Return the sender's own message in Markdown; empty if it was generated, or equals the title."""
    return _written(event, own_part(event)) if event.explicit else _written(event, event.message)


def chat_message(event: ChangeEvent) -> str:
    """Return :func:`own_message` and the commits of a deployment, without author and links."""
    return _written(event, without_context(event)) if event.explicit else own_message(event)


def _written(event: ChangeEvent, text: str) -> str:
    written = event.explicit or event.kind is Kind.CUSTOM
    return text if written and text.strip() != event.title.strip() else ""


def text_within(text: str, limit: int) -> str:
    """Return Markdown in at most ``limit`` characters, cut between lines so that no link is split."""
    return text if units(text) <= limit else listed(text.splitlines(), limit)
