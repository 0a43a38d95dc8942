"""A stack of real Terraform code, tfevent run in it as a person runs it, and the event it records."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.pty import PIPES, Session, Stdio
from tests.support.speed import HANG, PATIENT
from tests.support.terraform import binaries, clean_env, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
TFEVENT = (sys.executable, "-m", "tf_wrapper")
APPLY = "apply -auto-approve"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def own(self) -> list[str]:
        """The lines that tfevent wrote itself."""
        return [line for line in self.err.splitlines() if line.startswith("tfevent: ")]


class Stack:
    """One directory of code, and a home and a journal that nothing else uses.

    Attributes:
        code: the directory.
        home: HOME; the state folder lies below it.
        env: what every command gets; change it to the test's needs.
    """

    def __init__(self, folder: Path, code: str = "", env: Mapping[str, str] | None = None) -> None:
        self.code = folder / "code"
        self.home = folder / "home"
        self.env = clean_env(
            self.home,
            {"TFEVENT_TF_BINARY": str(binaries()[0].path), **PATIENT, **(env or {})},
        )
        self.write(code)

    @property
    def state(self) -> Path:
        """tfevent's own folder."""
        return self.home / ".local/state/tfevent"

    @property
    def runs(self) -> list[Path]:
        """The folders of runs that are going on or were killed."""
        return [path for path in (self.state / "runs").glob("*") if not path.name.startswith(".")]

    def write(self, code: str, name: str = "main.tf") -> None:
        """Write a file of the stack."""
        write_files(self.code, {name: code})

    def terraform(self, line: str, **env: str) -> Done:
        """Run the bare terraform."""
        return self._call([str(binaries()[0].path), *shlex.split(line)], env=env)

    def run(self, line: str, *, stdin: str = "", **env: str) -> Done:
        """Run tfevent on pipes; ``stdin`` is what somebody has typed before, then the end."""
        return self._call([*TFEVENT, *shlex.split(line)], stdin=stdin, env=env)

    def apply(self, code: str | None = None, line: str = APPLY, **env: str) -> Done:
        """Write ``code``, and apply it without being asked."""
        if code is not None:
            self.write(code)
        return self.run(line, **env)

    def start(self, line: str, stdio: Stdio = PIPES, **env: str) -> Session:
        """Start tfevent, to be acted upon; use as a context manager."""
        return Session([*TFEVENT, *shlex.split(line)], cwd=self.code, env={**self.env, **env}, stdio=stdio)

    def _call(self, argv: list[str], *, stdin: str = "", env: Mapping[str, str]) -> Done:
        done = subprocess.run(
            argv,
            cwd=self.code,
            env={**self.env, **env},
            input=stdin.encode(),
            capture_output=True,
            timeout=HANG,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def events(self, line: str, **env: str) -> Done:
        """Run `tfevent events …`."""
        return self.run(f"events {line}", **env)

    def recorded(self) -> list[dict]:
        """Every event of the journal, in full, the first one first."""
        listed = self.events("list --json --limit 0")
        assert listed.code == 0, listed.err
        return sorted((json.loads(line) for line in listed.out.splitlines()), key=lambda event: event["id"])

    def event(self) -> dict:
        """The newest event, as `events show` gives it."""
        newest = self.recorded()[-1]
        shown = self.events(f"show --json {newest['id']}")
        assert shown.code == 0, shown.err
        return json.loads(shown.out)


def changes(event: dict) -> dict[str, dict]:
    """The changes of an event by address (and deposed key)."""
    return {change["address"] + change.get("deposed", ""): change for change in event.get("changes", [])}


def outcomes(event: dict) -> dict[str, str]:
    """Address → what became of it."""
    return {address: change.get("outcome", "planned") for address, change in changes(event).items()}


def counts(event: dict) -> dict[str, int]:
    """What was planned, without zeros."""
    return {name: figure for name, figure in event["summary"].get("counts", {}).items() if figure}


def figures(event: dict) -> dict[str, int]:
    """What became of it, without zeros."""
    return {name: figure for name, figure in event["summary"].get("outcomes", {}).items() if figure}


def applied(event: dict) -> dict[str, int]:
    """What was really done, without zeros."""
    return {name: figure for name, figure in (event["summary"].get("applied") or {}).items() if figure}


def attributes(change: dict) -> dict[str, tuple[str, str]]:
    """Path → text before and after, or the kind of value where there is no text."""
    return {
        item["path"]: tuple(side.get("text", side["kind"]) for side in (item["before"], item["after"]))
        for item in change.get("attributes", [])
    }


def checkpoint(journal: Path) -> None:
    """Bring what stands in the journal's write-ahead log into its file as well."""
    if journal.exists():
        with closing(sqlite3.connect(journal)) as database:
            database.execute("PRAGMA wal_checkpoint(FULL)")
