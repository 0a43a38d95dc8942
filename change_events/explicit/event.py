"""Creates an explicit event from its input, redacted and with its context."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from change_events.context import commit_page, detect
from change_events.context.commits import Between, between
from change_events.context.stamp import stamp
from change_events.explicit import titles
from change_events.model import ChangeEvent, Commit, Link, Phase, Severity, Signal, Tool, Vcs
from change_events.summary.explicit_message import message
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from change_events.explicit.explicit_input import ExplicitInput
    from change_events.redact import Redactor
    from change_events.settings import Settings

_SHOWN = 12  # characters of a commit's id
_ID = lazy_pattern(r"[0-9a-f]{7,64}", re.IGNORECASE)


class Surroundings(msgspec.Struct, frozen=True):
    """The context of an explicit event.

    Attributes:
        cwd: directory for git, and for ``{directory}`` in the settings.
        environ: the environment.
        settings: the valid part of the settings.
        redactor: has seen the secrets among the variables.
        outside_of_git: skip the commit: the event is about a machine.
    """

    cwd: Path
    environ: Mapping[str, str]
    settings: Settings
    redactor: Redactor
    outside_of_git: bool = False


class Draft(msgspec.Struct, frozen=True):
    """An event, and the texts needed to word it again at its end.

    Attributes:
        event: with the sender's title, message and severity, or none.
        own_title: the sender's title, redacted; empty if it is to be generated.
        own_message: the sender's message likewise.
        own_severity: the sender's severity likewise.
        note: what could not be determined, one sentence for the user.
    """

    event: ChangeEvent
    own_title: str = ""
    own_message: str = ""
    own_severity: Severity | None = None
    note: str | None = None

    def worded(self, limit: int, *, detail: str = "", title: str = "") -> ChangeEvent:
        """Return the event with title, message and severity.

        Args:
            limit: maximum size of the message in bytes.
            detail: details of the outcome, for titles of failures.
            title: overrides the generated title.
        """
        event = self.event
        event = msgspec.structs.replace(
            event,
            title=title or self.own_title or titles.default(event, detail),
            severity=self.own_severity or titles.severity(event.outcome),
        )
        return msgspec.structs.replace(event, message=message(event, self.own_message, limit))


def draft(
    given: ExplicitInput,
    around: Surroundings,
    *,
    event_id: str,
    trace: Mapping[str, Any],
    tool: Tool | None = None,
    begun: datetime | None = None,
) -> Draft:
    """Return the event of the input, with the sender's outcome and end, by default now if there is a start.

    Every text is redacted here, before anything is cut.

    Args:
        given: the input.
        around: the context.
        event_id: ID of the event.
        trace: trace of the event, from :func:`change_events.trace.begin`.
        tool: the command, redacted.
        begun: start time of an event in progress.
    """
    redactor = around.redactor
    redactor.harvest({"data": given.data, "tags": given.tags})
    context = detect(around.cwd, around.environ, redactor=redactor, git=not around.outside_of_git)
    vcs, signals, note = _commits(given, context.vcs, around)
    ended = given.ended_at or (datetime.now(UTC) if given.started_at else None)
    started = begun or given.started_at or given.ended_at or datetime.now(UTC)
    event = ChangeEvent(
        id=event_id,
        kind=given.kind,
        phase=Phase.APPLIED,
        started_at=started,
        ended_at=None if begun else max(started, ended or started),
        title="",
        outcome=given.outcome,
        environment=_text(given.environment, redactor),
        service=_text(given.service, redactor),
        version=_text(given.version, redactor),
        tags=given.tags,
        dedup_key=given.dedup_key,
        tool=tool,
        vcs=vcs,
        links=tuple(_link(link, redactor) for link in given.links),
        signals=signals,
        data=given.data,
        explicit=True,
    )
    event = stamp(event, around.settings, redactor, context, trace=trace, directory=around.cwd.name)
    title, own = (redactor.text(text) for text in (given.title or "", given.message))
    return Draft(event, own_title=title, own_message=own, own_severity=given.severity, note=note)


def _text(text: str | None, redactor: Redactor) -> str | None:
    return redactor.text(text) if text else None


def _link(link: Link, redactor: Redactor) -> Link:
    return Link(title=redactor.text(link.title), url=redactor.text(link.url))


def _commits(
    given: ExplicitInput, here: Vcs | None, around: Surroundings
) -> tuple[Vcs | None, tuple[Signal, ...], str | None]:
    """What is deployed: the given commit instead of the one that is checked out, and what it brings."""
    if given.commit is None:
        return here, (), None
    found = between(around.cwd, around.environ, commit=given.commit, previous=given.previous, paths=given.paths)
    vcs = _with_commit(here or Vcs(), found, given, around)
    return vcs, tuple(_signals(found, vcs)), found.problem


def _with_commit(here: Vcs, found: Between, given: ExplicitInput, around: Surroundings) -> Vcs:
    redactor = around.redactor
    commit = _clean(found.commit or _unchecked(given.commit or ""), redactor)
    own = commit.id == here.commit
    return msgspec.structs.replace(
        here,
        branch=here.branch if own else None,
        dirty=here.dirty if own else None,
        commit=commit.id or None,
        commit_url=_text(commit_page(here, around.environ, commit.id), redactor),
        subject=commit.subject,
        author=commit.author,
        previous=_text(found.previous or given.previous, redactor),
        commits=tuple(_clean(one, redactor) for one in found.commits),
        commits_omitted=found.omitted,
        commits_unknown=found.problem if given.previous else None,
    )


def _unchecked(revision: str) -> Commit:
    """What git does not know here: an id names its commit anywhere, a tag, a branch or HEAD does not."""
    return Commit(id=revision if _ID.fullmatch(revision) else "")


def _clean(commit: Commit, redactor: Redactor) -> Commit:
    """Whole ids of commits are random by nature and pass; a subject or an author may hold anything."""
    return Commit(
        id=redactor.text(commit.id), author=_text(commit.author, redactor), subject=_text(commit.subject, redactor)
    )


def _signals(found: Between, vcs: Vcs) -> list[Signal]:
    if not found.gone:
        return []
    count = number_of(found.gone, "commit")
    previous, commit = ((name or "")[:_SHOWN] for name in (vcs.previous, vcs.commit))
    if found.commits:
        return [Signal(name="diverged", reason=f"{count} of {previous} are not in {commit}: another line of history")]
    return [Signal(name="rollback", reason=f"goes back {count}, from {previous} to {commit}")]
