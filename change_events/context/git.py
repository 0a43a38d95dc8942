"""The commit a run is made from, asked of the ``git`` binary: small questions at once, two seconds in all."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from change_events.model import Vcs
from change_events.repository import repository_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 2.0
# A repository's own settings must not make these questions run programs or take locks.
_SAFE = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false")
# A hook's GIT_DIR and the like would answer for the hook's repository instead of the one around the working directory.
_ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_EXTERNAL_DIFF",
)
# what a run writes beside its code (states, their locks and backups) says nothing of where the code came from
_NOT_CODE = (":(exclude,glob)**/*.tfstate*", ":(exclude,glob)**/.*.tfstate*", ":(exclude,glob)**/.terraform/**")
_STATUS = (
    "status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty", "--", ":(top)", *_NOT_CODE,
)  # fmt: skip
_QUESTIONS = {
    "branch": ("symbolic-ref", "--quiet", "--short", "HEAD"),
    "log": ("log", "-1", "--no-show-signature", "--format=%H%x00%an%x00%s"),
    "prefix": ("rev-parse", "--show-prefix"),
    "remotes": ("remote", "-v"),  # with insteadOf applied
    "filters": ("config", "--show-scope", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$"),
}
_NO_FILTER = (("clean", ""), ("process", ""), ("required", "false"))
_FETCHED = re.compile(r"^([^\t\n]+)\t(.*) \(fetch\)(?: \[.*\])?$", re.MULTILINE)
_SCP_USER = re.compile(r"^(\[?)[^@/\s\[]+@(?=[^/:\s]+:)")  # also [user@host:port]:path


def detect(cwd: Path, environ: Mapping[str, str], servers: Mapping[str, str] | None = None) -> Vcs | None:
    """What git says of ``cwd``; None without git, outside of a repository, or in one that git refuses.

    ``servers`` are those of :func:`change_events.repository.repository_of`.
    ``dirty`` counts untracked files that are not ignored; it is None where git was too slow to tell.
    """
    end = time.monotonic() + SECONDS
    calm = quiet(environ)
    answers = ask(_QUESTIONS, cwd, calm, end)
    prefix = answers["prefix"]
    if prefix is None:
        return None
    status = ask({"status": _STATUS}, cwd, _without_filters(calm, answers["filters"] or ""), end)["status"]
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
        path=prefix.rstrip("\n").rstrip("/") or None,
    )


def without_credentials(url: str) -> str:
    """A repository's address without user, password, query and fragment; ssh forms keep host and path."""
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


def quiet(environ: Mapping[str, str]) -> dict[str, str]:
    """No locks, no questions, no fetching of what a partial clone lacks."""
    kept = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C"}


def _without_filters(environ: dict[str, str], listing: str) -> dict[str, str]:
    """``status`` runs clean filters on files it must read; those that a repository brings along are switched off.

    The user's own (git-lfs in the global settings) stay: without them, their files would look changed.
    """
    rows = (line.partition("\t") for line in listing.splitlines())
    names = sorted({key.rpartition(".")[0] for scope, _, key in rows if scope in {"local", "worktree"}})
    off = [(f"{name}.{key}", value) for name in names for key, value in _NO_FILTER]
    given = environ.get("GIT_CONFIG_COUNT", "")
    start = int(given) if given.isdecimal() else 0
    pairs = {f"GIT_CONFIG_KEY_{start + at}": key for at, (key, _) in enumerate(off)}
    pairs |= {f"GIT_CONFIG_VALUE_{start + at}": value for at, (_, value) in enumerate(off)}
    return {**environ, **pairs, "GIT_CONFIG_COUNT": str(start + len(off))} if off else environ


def ask(
    questions: Mapping[str, tuple[str, ...]], cwd: Path, environ: Mapping[str, str], end: float
) -> dict[str, str | None]:
    """The answers of git by question, asked side by side; None where it failed, was too slow or is missing.

    Args:
        questions: the words after ``git``, by a name of the caller's.
        cwd: where to ask.
        environ: from :func:`quiet`.
        end: when to stop waiting (``time.monotonic``).
    """
    running: dict[str, subprocess.Popen[str]] = {}
    with suppress(OSError):
        for name, words in questions.items():
            running[name] = _start(words, cwd, environ)
    return {name: _answer(running.get(name), end) for name in questions}


def _start(words: tuple[str, ...], cwd: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["git", *_SAFE, *words],  # noqa: S607 - the user's own git, from PATH
        cwd=os.fspath(cwd),
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for terraform
        encoding="utf-8",
        errors="replace",
    )


def _answer(process: subprocess.Popen[str] | None, end: float) -> str | None:
    if process is None:
        return None
    with process:
        try:
            out, _ = process.communicate(timeout=max(end - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # its helpers too
            return None
    return out if process.returncode == 0 else None
