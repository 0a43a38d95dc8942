"""A person's machine with tfevent on it, for explicit events: a home, a repository if wanted, and what was recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.pty import PIPES, Session
from tests.support.speed import HANG, PATIENT
from tests.support.trusted import TRUST

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = (sys.executable, "-m", "tf_wrapper", "events")
GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "a@example.com",
}  # fmt: skip


class Scene:
    """A working directory ``work`` and a state folder that nothing else uses.

    Attributes:
        environ: what every command gets; change it to the test's needs. ``tfevent`` is on its PATH.
    """

    def __init__(self, folder: Path, **environ: str) -> None:
        self.work = folder / "work"
        self.home = folder / "home"
        self.state = folder / "state"
        tools = folder / "bin"
        for path in (self.work, self.home, tools):
            path.mkdir(parents=True, exist_ok=True)
        self.script(tools / "tfevent", f'exec {sys.executable} -m tf_wrapper "$@"')
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "TFEVENT_STATE_DIR": str(self.state),
            **TRUST,
            "TMPDIR": str(folder),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "USER": "ann",
            **GIT,
            **PATIENT,
            **environ,
        }

    def script(self, path: Path, text: str) -> Path:
        """Write a shell script."""
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def events(self, *words: str, stdin: bytes | None = None, **environ: str) -> subprocess.CompletedProcess:
        """Run ``tfevent events WORDS`` on pipes."""
        return subprocess.run(
            [*EVENTS, *words],
            cwd=self.work,
            env={**self.environ, **environ},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=HANG,
            check=False,
        )

    def shell(self, command: str, **environ: str) -> subprocess.CompletedProcess:
        """Run a line of shell, in which ``tfevent`` is on PATH."""
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.work,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def start(self, *words: str, stdio=PIPES, **environ: str) -> Session:
        """Start ``tfevent events WORDS``, to be acted upon; use as a context manager."""
        return Session([*EVENTS, *words], cwd=self.work, env={**self.environ, **environ}, stdio=stdio)

    def recorded(self, *words: str) -> list[dict]:
        """The journal, oldest first, as the next command shows it."""
        done = self.events("list", "--json", "--limit", "0", *words)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()][::-1]

    def only(self) -> dict:
        """The only event there is."""
        (event,) = self.recorded()
        return event

    def git(self, *words: str, author: str = "Ann", cwd: Path | None = None) -> str:
        """Run git in the working directory."""
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.work,
            env={**self.environ, "GIT_AUTHOR_NAME": author},
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, subject: str, author: str = "Ann") -> str:
        """An empty commit; gives its id. The repository is made if there is none."""
        if not (self.work / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("commit", "-q", "--allow-empty", "-m", subject, author=author)
        return self.git("rev-parse", "HEAD")
