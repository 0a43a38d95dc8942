"""Starts git: the only place that does so, such that no repository makes it run other programs.

A repository's settings and attributes may name programs: filters, text conversions, external diffs, hooks, pagers, file
monitors, ssh commands, credential helpers, signature checkers. All are disabled in every call, and missing objects of a
partial clone are not fetched. Only ``status`` reads the working tree through filters: see :func:`without_filters`.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from change_events.process.deadline import Deadline

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

_Name = TypeVar("_Name")
_OFF = {
    "core.alternateRefsCommand": "",
    "core.askPass": "",
    "core.fsmonitor": "false",
    "core.gitProxy": "",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.quotePath": "false",
    "core.sshCommand": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "gpg.program": "false",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
_SAFE = ("--no-pager", *(word for name, value in _OFF.items() for word in ("-c", f"{name}={value}")))
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
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
)
_QUIET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
# what a repository may name for `status` to run: (settings to ask for, what makes each of them harmless)
FILTERS = ("config", "--show-scope", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$")
_NO_FILTER = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))


_POLL = 0.02  # seconds between two looks at a deadline that may come nearer
_HUNG_AFTER = 1.5  # seconds without an answer to `rev-parse`, which reads a few small files
_LEFT_ALONE = 60.0  # seconds that a git that hangs is not asked again: a run has several parts that would wait for it


class _Hung:
    until = float("-inf")


def is_installed(environ: Mapping[str, str]) -> bool:
    """Return whether git is on PATH."""
    import shutil

    return shutil.which("git", path=environ.get("PATH")) is not None


def quiet(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without locks, prompts, or fetching for a partial clone."""
    environment = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    return {**environment, **_QUIET}


def without_filters(environ: Mapping[str, str], listing: str) -> dict[str, str]:
    """``status`` runs clean filters on files it must read; those that a repository brings along are switched off.

    The user's own (git-lfs in the global settings) stay: without them, their files would look changed.
    """
    rows = (line.partition("\t") for line in listing.splitlines())
    names = sorted({key.rpartition(".")[0] for scope, _, key in rows if scope in {"local", "worktree"}})
    off = [(f"{name}.{key}", value) for name in names for key, value in _NO_FILTER]
    count = environ.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isdecimal() else 0
    pairs = {f"GIT_CONFIG_KEY_{start + at}": key for at, (key, _) in enumerate(off)}
    pairs |= {f"GIT_CONFIG_VALUE_{start + at}": value for at, (_, value) in enumerate(off)}
    return {**environ, **pairs, "GIT_CONFIG_COUNT": str(start + len(off))} if off else dict(environ)


def ask(
    questions: Mapping[_Name, tuple[str, ...]],
    cwd: str | os.PathLike[str],
    environ: Mapping[str, str],
    end: float | Deadline,
) -> dict[_Name, str | None]:
    """Return git's answers by name, queried in parallel; None for a failure, a timeout or a missing git.

    Args:
        questions: the arguments of ``git``, by name.
        cwd: where to run it.
        environ: environment for git, without variables that would make it prompt, lock or fetch.
        end: deadline (``time.monotonic``, or a deadline object).
    """
    outputs = ask_bytes({name: (words, b"") for name, words in questions.items()}, cwd, environ, end)
    return {name: None if out is None else _text(out) for name, out in outputs.items()}


def ask_bytes(
    questions: Mapping[_Name, tuple[tuple[str, ...], bytes]],
    cwd: str | os.PathLike[str],
    environ: Mapping[str, str],
    end: float | Deadline,
) -> dict[_Name, bytes | None]:
    """As :func:`ask`, for binary answers, and queries with standard input.

    Args:
        questions: the arguments of ``git`` and its input, by name.
        cwd: where to run it.
        environ: as in :func:`ask`.
        end: as in :func:`ask`.
    """
    begun = time.monotonic()
    if begun < _Hung.until or not _may_be_repository(cwd):
        return dict.fromkeys(questions)
    running: dict[_Name, subprocess.Popen[bytes]] = {}
    with suppress(OSError):
        for name, (words, given) in questions.items():
            running[name] = _start(words, cwd, environ, reads=bool(given))
    answers: dict[_Name, bytes | None] = {}
    for name, (words, given) in questions.items():
        answers[name], is_late = _answer(running.get(name), given, end)
        if is_late and words[0] == "rev-parse" and time.monotonic() - begun > _HUNG_AFTER:
            _Hung.until = time.monotonic() + _LEFT_ALONE
    return answers


def _text(out: bytes) -> str:
    """As Python reads text from a pipe: every line end is a line feed."""
    return out.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _may_be_repository(cwd: str | os.PathLike[str]) -> bool:
    """Whether git can find a repository from here: ``.git`` in this folder or one above, or one of them is bare.

    Never false where git would find one, and six processes cheaper where it would not.
    """
    start = Path(os.path.realpath(cwd))
    return any(
        _exists(folder / ".git") or (_exists(folder / "HEAD") and _exists(folder / "objects"))
        for folder in (start, *start.parents)
    )


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a folder that we may not search: git decides
        return True
    return True


def _start(
    words: tuple[str, ...], cwd: str | os.PathLike[str], environ: Mapping[str, str], *, reads: bool
) -> subprocess.Popen[bytes]:
    import subprocess  # with what it brings a twentieth of what a run outside of a repository imports

    return subprocess.Popen(
        ["git", *_SAFE, *words],  # noqa: S607 - the user's own git, from PATH
        cwd=os.fspath(cwd),
        env=quiet(environ),
        stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for terraform
    )


def _answer(process: subprocess.Popen[bytes] | None, given: bytes, end: float | Deadline) -> tuple[bytes | None, bool]:
    """The answer, if it is one, and whether no one waits for it any more."""
    if process is None:
        return None, False
    import subprocess

    with process:
        try:
            out = _output(process, given, end)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # its helpers too
            return None, True
    return (out if process.returncode == 0 else None), False


def _output(process: subprocess.Popen[bytes], given: bytes, end: float | Deadline) -> bytes:
    """Everything that it prints. Raises TimeoutExpired when no one waits any more."""
    import subprocess

    if not isinstance(end, Deadline):
        return process.communicate(given or None, timeout=max(end - time.monotonic(), 0.01))[0]
    left: bytes | None = given or None
    while True:
        try:
            return process.communicate(left, timeout=_POLL)[0]
        except subprocess.TimeoutExpired:
            if end.is_over:
                raise
            left = None  # communicate keeps what it has not written yet
