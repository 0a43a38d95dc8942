"""The commits that a change brings: those that the new commit has and the one in place before has not."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import msgspec

from change_events.context import git, git_command
from change_events.model import Commit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST = 50  # commits that are listed; the others are counted
_REVISION = re.compile(r"[^\s\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]{0,250}")
_LINE = "--format=%H%x00%an%x00%s"
_PLAIN = ("log", "--no-show-signature", "--no-notes", "--no-color", _LINE)


class Between(msgspec.Struct, frozen=True):
    """What git says of two revisions; not redacted yet.

    Attributes:
        commit: the new one, None where git does not know it here.
        previous: full id of the one before, None likewise.
        commits: what the new one brings, newest first, at most :data:`MOST`.
        omitted: how many more there are.
        gone: how many commits of the previous one the new one has not: it goes back, or to another branch.
        problem: why nothing can be told, one sentence without the revisions.
    """

    commit: Commit | None = None
    previous: str | None = None
    commits: tuple[Commit, ...] = ()
    omitted: int = 0
    gone: int = 0
    problem: str | None = None


def is_revision(text: str) -> bool:
    """Whether the text may be given to git as a revision: one word that is no option."""
    return _REVISION.fullmatch(text) is not None


def between(cwd: Path, environ: Mapping[str, str], *, commit: str, previous: str | None = None) -> Between:
    """The commits from ``previous`` (left out) to ``commit``, asked of the repository of ``cwd``, two seconds in all.

    Args:
        cwd: a directory of the repository.
        environ: the variables that git gets.
        commit: a revision that :func:`is_revision` takes: an id, a tag, a branch, ``HEAD``.
        previous: likewise; None where only the commit itself is asked for.
    """
    end = time.monotonic() + git.SECONDS
    wanted = {"new": commit} | ({"old": previous} if previous else {})
    ids = git_command.ask({name: _verify(revision) for name, revision in wanted.items()}, cwd, environ, end)
    new, old = ((ids.get(name) or "").strip() or None for name in ("new", "old"))
    questions: dict[str, tuple[str, ...]] = {"self": (*_PLAIN, "-1", new)} if new else {}
    if new and old:
        questions |= {
            "list": (*_PLAIN, f"--max-count={MOST}", f"{old}..{new}"),
            "count": ("rev-list", "--count", "--left-right", f"{old}...{new}"),
        }
    answers = git_command.ask(questions, cwd, environ, end)
    found = Between(commit=next(iter(_commits(answers.get("self"))), None), previous=old)
    if previous is None:
        return found
    return _listed(found, answers) if new and old else _unknown(found, commit_known=bool(new))


def _verify(revision: str) -> tuple[str, ...]:
    # no --end-of-options, which rev-parse understands since 2.30 only: a revision never begins with a dash here
    return ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


def _listed(found: Between, answers: Mapping[str, str | None]) -> Between:
    commits = tuple(_commits(answers["list"]))
    counts = (answers["count"] or "").split()
    if answers["list"] is None or len(counts) != 2:  # noqa: PLR2004 - left and right
        return msgspec.structs.replace(found, problem="git was too slow to list the commits between")
    gone, brought = map(int, counts)
    return msgspec.structs.replace(found, commits=commits, omitted=max(0, brought - len(commits)), gone=gone)


def _unknown(found: Between, *, commit_known: bool) -> Between:
    which = "the previous commit" if commit_known else "the commit"
    problem = f"{which} is not in this clone, so the commits between are not listed: fetch the whole history"
    return msgspec.structs.replace(found, problem=problem)


def _commits(listing: str | None) -> list[Commit]:
    rows = [line.split("\0", 2) for line in (listing or "").split("\n") if line.count("\0") >= 2]  # noqa: PLR2004 - three fields
    return [Commit(id=name, author=author or None, subject=subject or None) for name, author, subject in rows]
