"""The commits of a change: those of the new revision that the previous one does not have."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec

from change_events.context import git, git_command
from change_events.model import Commit
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 50  # commits that are listed; the others are counted
_REVISION = lazy_pattern(r"[^\s\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]{0,250}")
_LINE = "--format=%H%x00%an%x00%s"
_PLAIN = ("log", "--no-show-signature", "--no-notes", "--no-color", _LINE)


class Between(msgspec.Struct, frozen=True):
    """The comparison of two revisions; not redacted yet.

    Attributes:
        commit: the new one; None if git does not know it here.
        previous: full ID of the previous one; None if git does not know it here.
        commits: commits of the new one, newest first, at most :data:`MOST`.
        omitted: number of the others.
        gone: number of commits of the previous one that the new one lacks: a rollback, or another branch.
        problem: why nothing is known, one sentence without the revisions.
    """

    commit: Commit | None = None
    previous: str | None = None
    commits: tuple[Commit, ...] = ()
    omitted: int = 0
    gone: int = 0
    problem: str | None = None


def is_revision(text: str) -> bool:
    """Return whether the text may be passed to git as a revision: one word that is not an option."""
    return _REVISION.fullmatch(text) is not None


def resolve(cwd: str | os.PathLike[str], environ: Mapping[str, str], revision: str) -> str | None:
    """Return the full ID of a revision's commit, within two seconds; None if git cannot resolve it."""
    end = time.monotonic() + git.SECONDS
    if not is_revision(revision):
        return None
    commit = git_command.ask({"id": _verify(revision)}, cwd, environ, end)["id"]
    return (commit or "").strip() or None


def between(
    cwd: str | os.PathLike[str],
    environ: Mapping[str, str],
    *,
    commit: str,
    previous: str | None = None,
    paths: Sequence[str] = (),
) -> Between:
    """Return the commits from ``previous`` (excluded) to ``commit`` in the repository of ``cwd``, within two seconds.

    Args:
        cwd: a directory of the repository.
        environ: environment for git.
        commit: a revision that :func:`is_revision` accepts: an ID, a tag, a branch, ``HEAD``.
        previous: another one; None for only the commit itself.
        paths: only commits that touch one of these files or folders, relative to ``cwd``; empty for all.
    """
    end = time.monotonic() + git.SECONDS
    wanted = {"new": commit} | ({"old": previous} if previous else {})
    ids = git_command.ask({name: _verify(revision) for name, revision in wanted.items()}, cwd, environ, end)
    new, old = ((ids.get(name) or "").strip() or None for name in ("new", "old"))
    questions: dict[str, tuple[str, ...]] = {"self": (*_PLAIN, "-1", new)} if new else {}
    if new and old:
        questions |= {
            "list": (*_PLAIN, f"--max-count={MOST}", f"{old}..{new}", "--", *paths),
            "count": ("rev-list", "--count", "--left-right", f"{old}...{new}", "--", *paths),
        }
    answers = git_command.ask(questions, cwd, environ, end)
    commits = Between(commit=next(iter(_commits(answers.get("self"))), None), previous=old)
    if new and old:
        return _listed(commits, answers, paths)
    if new and previous is None:
        return commits
    what = "the commits between cannot be listed" if previous else "the commit cannot be looked up"
    missing = "the previous commit" if new else "the commit"
    return msgspec.structs.replace(commits, problem=f"{what}: {_reason(cwd, environ, end, missing)}")


def _verify(revision: str) -> tuple[str, ...]:
    # no --end-of-options, which rev-parse understands since 2.30 only: a revision never begins with a dash here
    return ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


def _listed(found: Between, answers: Mapping[str, str | None], paths: Sequence[str]) -> Between:
    commits = tuple(_commits(answers["list"]))
    counts = (answers["count"] or "").split()
    if answers["list"] is None or len(counts) != 2:  # noqa: PLR2004 - left and right
        why = "git was too slow" + (", or a path is outside of the repository" if paths else "")
        return msgspec.structs.replace(found, problem=f"the commits between cannot be listed: {why}")
    gone, brought = map(int, counts)
    return msgspec.structs.replace(found, commits=commits, omitted=max(0, brought - len(commits)), gone=gone)


def _reason(cwd: str | os.PathLike[str], environ: Mapping[str, str], end: float, missing: str) -> str:
    """Return why git does not know a commit here, with the remedy."""
    if not git_command.is_installed(environ):
        return "git is not installed"
    shallow = git_command.ask({"shallow": ("rev-parse", "--is-shallow-repository")}, cwd, environ, end)["shallow"]
    if time.monotonic() >= end:
        return "git was too slow"
    if shallow is None:
        if (top := _repository_above(cwd)) is None:
            return "there is no git repository here"
        return f"git refuses the repository {top}: see `git status` there (it may need safe.directory)"
    if shallow.strip() == "true":
        return f"{missing} is not in this shallow clone: fetch all of it (git fetch --unshallow, fetch-depth: 0)"
    return f"{missing} is not in this clone: it was never fetched, or was amended, squashed or force-pushed away"


def _repository_above(cwd: str | os.PathLike[str]) -> str | None:
    folder = os.path.abspath(cwd)  # noqa: PTH100 - resolving links would leave the way that git takes
    while not os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118 - likewise
        folder, before = os.path.dirname(folder), folder  # noqa: PTH120 - likewise
        if folder == before:
            return None
    return folder


def _commits(listing: str | None) -> list[Commit]:
    rows = [line.split("\0", 2) for line in (listing or "").split("\n") if line.count("\0") >= 2]  # noqa: PLR2004 - three fields
    return [Commit(id=name, author=author or None, subject=subject or None) for name, author, subject in rows]
