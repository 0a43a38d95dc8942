"""The commit a run is made from, asked of the ``git`` binary: four small questions at once, two seconds in all."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from change_events.model import Vcs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS = 2.0
# A repository's own settings must not make these questions run programs or take locks.
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false")
_QUESTIONS = {
    "status": ("status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=dirty"),
    "log": ("log", "-1", "--no-show-signature", "--format=%an%x00%s"),
    "prefix": ("rev-parse", "--show-prefix"),
    "remote": ("config", "--get", "remote.origin.url"),
}
_SCP_USER = re.compile(r"^[^@/\s]+@(?=[^/:\s]+:)")


def detect(cwd: Path, environ: Mapping[str, str]) -> Vcs | None:
    """What git says of ``cwd``; None without git, outside of a repository, or in one that git refuses."""
    answers = _ask(cwd, environ)
    if answers["status"] is None and answers["remote"] is None:
        return None
    heads, dirty = _status(answers["status"])
    author, _, subject = (answers["log"] or "").rstrip("\n").partition("\0")
    commit, branch = heads.get("branch.oid"), heads.get("branch.head")
    prefix = (answers["prefix"] or "").strip().rstrip("/")
    return Vcs(
        repository=without_credentials((answers["remote"] or "").strip()) or None,
        branch=None if branch == "(detached)" else branch,
        commit=None if commit == "(initial)" else commit,
        dirty=dirty,
        subject=subject or None,
        author=author or None,
        path=prefix or None,
    )


def without_credentials(url: str) -> str:
    """A repository's address without user, password, query and fragment; ssh forms keep host and path."""
    if "://" not in url:
        return _SCP_USER.sub("", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _status(text: str | None) -> tuple[dict[str, str], bool | None]:
    if text is None:
        return {}, None
    lines = text.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    return heads, any(not line.startswith("# ") for line in lines)


def _ask(cwd: Path, environ: Mapping[str, str]) -> dict[str, str | None]:
    """The answers by question; None where git failed, was too slow or is missing."""
    quiet = {**environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    running: dict[str, subprocess.Popen[str]] = {}
    with suppress(OSError):
        for name, words in _QUESTIONS.items():
            running[name] = _start(words, cwd, quiet)
    end = time.monotonic() + _SECONDS
    return {name: _answer(running.get(name), end) for name in _QUESTIONS}


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
            process.kill()
            return None
    return out if process.returncode == 0 else None
