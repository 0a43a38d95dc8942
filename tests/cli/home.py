"""The real command in a real process, on a home of its own with a real journal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from change_events.journal import Journal
from change_events.redact import Redactor, unseal
from tests.support.speed import HANG, PATIENT
from tests.support.trusted import TRUST

ROOT = Path(__file__).parents[2]


class Home:
    """A user's machine: a journal, no settings, no terminal unless asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state"
        self.journal_path = self.state / "journal.db"
        self.environ = {
            "HOME": str(path),
            "PATH": os.environ["PATH"],
            **PATIENT,
            "TFEVENT_STATE_DIR": str(self.state),
            **TRUST,
            "TFEVENT_JOURNAL": str(self.journal_path),
            "TZ": "UTC",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }

    def run(self, *words, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=None, python=()):
        return subprocess.run(
            [sys.executable, *python, "-m", "tf_wrapper", "events", *words],
            input=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=self.path,
            env={**self.environ, **(env or {})},
            timeout=HANG,
            check=False,
        )

    def events(self, *words, **options):
        """Run, expect success, give standard output as text."""
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def on_terminal(self, *words, columns=80, env=None):
        """Run with standard output and standard error on a pseudo-terminal."""
        command = [sys.executable, "-m", "tf_wrapper", "events", *words]
        return self.type(command, env={"COLUMNS": str(columns), **(env or {})})

    def type(self, command, env):
        """Run any command on a pseudo-terminal; give its exit code and what it showed."""
        master, slave = pty.openpty()
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
            cwd=self.path,
            env={**self.environ, **env},
        ) as process:
            os.close(slave)
            text = _read_all(master)
        return Shown(process.returncode, text.replace("\r\n", "\n"))

    def fill(self, *events, destinations=()):
        """Put events into the journal as a run does: redacted, sealed, settled (a running one is only started)."""
        redactor = Redactor()
        with Journal.open(self.journal_path) as journal:
            for event in events:
                sealed = redactor.seal(event)
                if event.outcome is None:
                    journal.start(sealed)
                else:
                    journal.settle(sealed, destinations)

    def store_raw(self, event):
        """Put an event into the journal without redacting it, as a faulty version would."""
        with self.journal() as journal:
            journal.settle(unseal(msgspec.json.encode(event)), [])

    def journal(self):
        return Journal.open(self.journal_path)


class Shown(NamedTuple):
    code: int
    text: str


def _read_all(master):
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65_536)
        except OSError:  # Linux says EIO when the last writer has gone
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    return b"".join(chunks).decode()
