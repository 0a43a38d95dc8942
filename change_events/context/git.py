"""The commit of a run, from the ``git`` binary: small parallel queries, two seconds in total."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from change_events.context.git_command import FILTERS, ask, without_filters
from change_events.context.repository import repository_of
from change_events.model import Vcs
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 2.0
# what a run writes beside its code (states, their locks and backups) says nothing of where the code came from
_NOT_CODE = (":(exclude,glob)**/*.tfstate*", ":(exclude,glob)**/.*.tfstate*", ":(exclude,glob)**/.terraform/**")
_STATUS = (
    "status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty", "--", ":(top)", *_NOT_CODE,
)  # fmt: skip
_QUESTIONS = {
    "branch": ("symbolic-ref", "--quiet", "--short", "HEAD"),
    "log": ("log", "-1", "--no-show-signature", "--format=%H%x00%an%x00%s"),
    "prefix": ("rev-parse", "--show-prefix", "--is-shallow-repository"),
    "remote_branches": ("for-each-ref", "--count=1", "--format=%(refname)", "refs/remotes"),
    "remotes": ("remote", "-v"),  # with insteadOf applied
    "filters": FILTERS,
}
_PUBLISHED = ("for-each-ref", "--count=1", "--contains=HEAD", "--format=%(refname)", "refs/remotes")
_FETCHED = lazy_pattern(r"^([^\t\n]+)\t(.*) \(fetch\)(?: \[.*\])?$", re.MULTILINE)
_SCP_USER = lazy_pattern(r"^(\[?)[^@/\s\[]+@(?=[^/:\s]+:)")  # also [user@host:port]:path


def detect(cwd: Path, environ: Mapping[str, str], servers: Mapping[str, str] | None = None) -> Vcs | None:
    """Return git's information on ``cwd``; None without git, outside of a repository, or if git refuses it.

    ``servers`` are those of :func:`change_events.context.repository.repository_of`. ``dirty`` includes untracked files
    that are not ignored; it is None if git was too slow.
    """
    end = time.monotonic() + SECONDS
    answers = ask(_QUESTIONS, cwd, environ, end)
    if answers["prefix"] is None:
        return None
    prefix, _, shallow = answers["prefix"].rstrip("\n").rpartition("\n")
    more = {"status": _STATUS} | ({"published": _PUBLISHED} if answers["remote_branches"] else {})
    asked = ask(more, cwd, without_filters(environ, answers["filters"] or ""), end)
    status = asked["status"]
    commit, author, subject = [*(answers["log"] or "").rstrip("\n").split("\0", 2), "", ""][:3]
    remote = without_credentials(_remote(answers["remotes"] or ""))
    named = repository_of(remote, servers)
    return Vcs(
        repository=named.path,
        remote=remote or None,
        url=named.url,
        commit_url=named.commit_page(commit),
        branch=(answers["branch"] or "").strip() or None,
        commit=commit or None,
        dirty=None if status is None else bool(status),
        subject=subject or None,
        author=author or None,
        path=prefix.rstrip("/") or None,
        published=_published(asked.get("published"), shallow),
    )


def _published(branch: str | None, shallow: str) -> bool | None:
    """Return whether a remote branch has HEAD; None in a clone without the whole history if none has it.

    Also None without any remote branch, or if git was too slow.
    """
    if branch is None:
        return None
    return True if branch else False if shallow == "false" else None


def without_credentials(url: str) -> str:
    """Return a repository's address without user, password, query and fragment; ssh forms keep host and path."""
    if "://" not in url:
        return _SCP_USER.sub(r"\1", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _remote(listing: str) -> str:
    """The address of origin, else of the first remote; a partial clone has its filter behind it."""
    urls = dict(_FETCHED.findall(listing))
    return urls.get("origin") or next(iter(urls.values()), "")
