"""Causes as text, and the causes shared by several changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Cause, CauseKind, Confidence, SharedCause
from change_events.summary.change_text import file_place
from change_events.text.markdown import code, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from change_events.model import CauseCommit, Change

MOST = 20  # per event; each change keeps its own
_ADDRESSES = 5
_COMMITS = 3
_ID = 7
KINDS = {
    CauseKind.UNCOMMITTED_EDIT: "an uncommitted edit",
    CauseKind.VARIABLE_GIVEN: "given from outside",
    CauseKind.MODULE_VERSION: "module version",
    CauseKind.PROVIDER_VERSION: "provider version",
    CauseKind.UPSTREAM_CHANGE: "changed by this plan",
    CauseKind.DRIFT: "changed outside of the tool",
    CauseKind.DATA_SOURCE: "read again",
    CauseKind.PROVIDER_COMPUTED: "computed by the provider",
}


def shared(changes: Iterable[Change]) -> tuple[SharedCause, ...]:
    """Return the distinct causes of these changes, the most frequent first and unknown ones last."""
    found: dict[tuple[object, ...], list[tuple[str, Cause]]] = {}
    for change in changes:
        for cause in change.causes:
            found.setdefault((cause.kind, cause.text, cause.file, cause.line), []).append((change.address, cause))
    groups = sorted(map(_group, found.values()), key=lambda one: (one.kind is CauseKind.UNKNOWN, -one.changes))
    return tuple(groups[:MOST])


def _group(members: Sequence[tuple[str, Cause]]) -> SharedCause:
    first = members[0][1]
    addresses = tuple(dict.fromkeys(address for address, _ in members))
    sure = all(cause.confidence is first.confidence for _, cause in members)
    return SharedCause(
        kind=first.kind,
        text=first.text,
        file=first.file,
        line=first.line,
        attributes=tuple(dict.fromkeys(path for _, cause in members for path in cause.attributes))[:_ADDRESSES],
        commits=tuple(dict.fromkeys(commit for _, cause in members for commit in cause.commits))[:_COMMITS],
        confidence=first.confidence if sure else Confidence.LIKELY,
        changes=len(addresses),
        addresses=addresses[:_ADDRESSES],
    )


def shared_words(cause: SharedCause, *, markdown: bool = True) -> str:
    """Return a cause as ``3 changes because var.size in prod.tfvars:4, c0ffee1 "Smaller nodes" by Ada, #41``.

    A cause without changes states why none are known.
    """
    if not cause.changes:
        return cause_words(cause, markdown=markdown)
    number = number_of(cause.changes, "change")
    words = cause_words(cause, markdown=markdown)
    return f"{number}: {words}" if cause.kind is CauseKind.UNKNOWN else f"{number} because {words}"


def cause_words(cause: Cause, *, markdown: bool = True) -> str:
    """Return a cause without "because": its text, place, kind and newest commits."""
    name: Callable[[str], str] = code if markdown else str
    text: Callable[[str], str] = plain if markdown else str
    if cause.kind is CauseKind.UNKNOWN:
        return f"cause unknown ({text(cause.text)})"
    named = [name(part) for part in (cause.text, file_place(cause.file, cause.line)) if part]
    parts = [" in ".join(named)]
    if kind := KINDS.get(cause.kind):
        parts.append(kind)
    parts += [_commit(commit, name, text) for commit in cause.commits[:1]]
    if (more := len(cause.commits) - 1) > 0:
        parts.append(f"and {number_of(more, 'more commit')}")
    return ", ".join(part for part in parts if part)


def _commit(commit: CauseCommit, name: Callable[[str], str], text: Callable[[str], str]) -> str:
    words = [name(commit.id[:_ID])]
    if commit.subject:
        words.append(f'"{text(commit.subject)}"')
    if commit.author:
        words.append(f"by {text(commit.author)}")
    return " ".join(words) + (f", {text(commit.pull_request)}" if commit.pull_request else "")


def known(causes: Iterable[SharedCause]) -> Iterator[SharedCause]:
    """Yield the known causes; unknown ones are shown only on request."""
    return (cause for cause in causes if cause.kind is not CauseKind.UNKNOWN)
