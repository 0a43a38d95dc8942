"""The facts beside the details of an event, such as actor and place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from change_events.summary import history
from change_events.summary.change_text import cloud_words
from change_events.summary.state_edit import version_words
from change_events.text.markdown import one_line, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Actor, ChangeEvent, Tool, Vcs

_LENGTH = 300
_URL = 2_000
_LINKS = 8


_Row = tuple[str, str, "str | None"]  # name, text (empty if unknown) and URL


class Fact(NamedTuple):
    """One fact; ``href`` is its link, or empty."""

    name: str
    text: str
    href: str


def facts(event: ChangeEvent) -> list[Fact]:
    """Return the known facts."""
    return [Fact(name, one_line(text, _LENGTH), href(url)) for name, text, url in _all(event) if text]


def href(url: str | None) -> str:
    """Return a URL for a link; empty for schemes other than http and https."""
    try:
        good = bool(url) and len(url or "") <= _URL and urlsplit(url or "").scheme in {"http", "https"}
    except ValueError:
        return ""
    return page(url or "") if good else ""


def _all(event: ChangeEvent) -> Iterator[_Row]:
    if event.actor:
        yield from _of_actor(event.actor)
    yield "environment", event.environment or "", None
    yield "service", _joined(" ", event.service, event.version), None
    if event.tool:
        yield from _of_tool(event.tool)
    yield from (("cloud", cloud_words(cloud), None) for cloud in event.clouds)
    if event.playbook:
        yield "playbook", event.playbook.file or "", None
    if event.state:
        yield "state", version_words(event.state), None
    if event.backfilled:
        yield "backfilled from", history.words(event.backfilled), None
    if event.vcs:
        yield from _of_vcs(event.vcs)
    yield "tags", ", ".join(f"{name}={value}" for name, value in event.tags.items()), None
    yield from (("link", link.title or link.url, link.url) for link in event.links[:_LINKS])
    yield "event", event.id, None


def _of_actor(actor: Actor) -> Iterator[_Row]:
    yield "who", _joined(" on ", actor.user, actor.host), None
    if ci := actor.ci:
        yield "job", _joined(", ", ci.system, ci.job, ci.actor and f"for {ci.actor}"), ci.run_url
        yield "review", ci.pull_request or "", ci.pull_request_url


def _of_tool(tool: Tool) -> Iterator[_Row]:
    yield "command", tool.command or "", None
    yield "tool", _joined(" ", tool.name, tool.version), None
    yield "exit code", "" if tool.exit_code is None else str(tool.exit_code), None
    yield "workspace", tool.workspace or "", None
    yield "folder", tool.directory or "", None


def _of_vcs(vcs: Vcs) -> Iterator[_Row]:
    yield "repository", vcs.repository or "", vcs.url
    dirty = ", with uncommitted changes" if vcs.dirty else ""
    branch = f" on {vcs.branch}" if vcs.branch else ""
    yield "commit", f"{vcs.commit[:12]}{branch}{dirty}" if vcs.commit else "", vcs.commit_url
    yield "", _joined(" ", vcs.subject, vcs.author and f"by {vcs.author}"), None


def _joined(between: str, *parts: str | None) -> str:
    return between.join(part for part in parts if part)
