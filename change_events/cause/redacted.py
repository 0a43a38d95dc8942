"""Redaction of causes, whose commits and files come from outside of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from change_events.model import Cause, CauseCommit
    from change_events.redact import Redactor


def redacted(cause: Cause, redactor: Redactor) -> Cause:
    """Return a cause with redacted texts."""
    return replace(
        cause,
        text=redactor.text(cause.text),
        file=redactor.text(cause.file) if cause.file else None,
        attributes=tuple(map(redactor.text, cause.attributes)),
        commits=tuple(_redacted_commit(commit, redactor) for commit in cause.commits),
    )


def _redacted_commit(commit: CauseCommit, redactor: Redactor) -> CauseCommit:
    return replace(
        commit,
        subject=redactor.text(commit.subject) if commit.subject else None,
        author=redactor.text(commit.author) if commit.author else None,
    )
