"""Commits of a log in the form of an event, each with its pull request."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.model import CauseCommit
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.cause.repository import LogEntry, Repository

MOST = 5  # commits per place
_PULL_REQUEST = lazy_pattern(r"\(([#!]\d+)\)\s*$|^Merge pull request (#\d+) |^Merged in .*\(pull request (#\d+)\)")


class CommitNames:
    """The commits between a base and HEAD, in the form of an event.

    Args:
        repository: the repository of the commits.
        base: the base commit.
    """

    def __init__(self, repository: Repository, base: str) -> None:
        self._repository = repository
        self._base = base

    def of(self, one: LogEntry) -> CauseCommit:
        """Return a commit with its pull request: the number in its subject, otherwise in that of the merge."""
        commit = commit_of(one)
        return commit if commit.pull_request else replace(commit, pull_request=self._merged.get(one.id))

    @cached_property
    def _merged(self) -> dict[str, str]:
        """The commits of merged branches: commit → number in the subject of the merge."""
        graph = self._repository.graph(self._base)
        parents = {name: above for name, above, _ in graph}
        found: dict[str, str] = {}
        for _, above, subject in graph:
            number = _pull_request(subject)
            if number and len(above) > 1:
                trunk = _reached(above[0], parents)
                for name in _reached(above[1], parents) - trunk:
                    found[name] = number  # of an inner branch, the innermost merge comes last
        return found


def commit_of(one: LogEntry) -> CauseCommit:
    """Return a commit of a log, with the number in its subject."""
    return CauseCommit(
        id=one.id,
        subject=one.subject or None,
        author=one.author or None,
        authored_at=_moment(one.authored_at),
        pull_request=_pull_request(one.subject),
    )


def _pull_request(subject: str) -> str | None:
    match = _PULL_REQUEST.search(subject)
    return next((part for part in match.groups() if part), None) if match else None


def _reached(start: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return a commit and its known ancestors."""
    found: set[str] = set()
    stack = [start]
    while stack:
        name = stack.pop()
        if name in parents and name not in found:
            found.add(name)
            stack += parents[name]
    return found


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
