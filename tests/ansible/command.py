"""Real runs of ansible-playbook with the callback on: what they print, how they end, which events they leave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from change_events.journal import Journal, Query, RecordState
from tests.support.speed import HANG, PATIENCE, PATIENT
from tests.support.trusted import TRUST

ROOT = Path(__file__).parents[2]
COLLECTIONS = ROOT / "tests" / "collections"
PLAYBOOKS = Path(__file__).parent / "playbooks"
CALLBACK = "tfevent.infra.change_events"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Installation:
    """One ansible-core: the folder of its commands, and whether it can import tfevent."""

    bin: Path = Path(sys.executable).parent

    def argv(self, *words: str) -> list[str]:
        return [str(self.bin / words[0]), *words[1:]]


@dataclass(frozen=True)
class Ran:
    """One run that has ended."""

    code: int
    out: str
    err: str
    events: list[dict] = field(default_factory=list)

    @property
    def event(self) -> dict:
        assert len(self.events) == 1, [event["title"] for event in self.events] + [self.err]
        return self.events[0]

    def task(self, name: str) -> dict:
        found = [change for change in self.event["changes"] if change["name"] == name]
        assert len(found) == 1, [change["address"] for change in self.event["changes"]]
        return found[0]

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The figures that Ansible prints of each host."""
        lines = [line for line in self.out.partition("PLAY RECAP")[2].splitlines()[1:] if " : ok=" in line]
        found = {}
        for line in lines:
            host, _, figures = line.partition(" : ")
            found[host.strip()] = {name: int(number) for name, number in (pair.split("=") for pair in figures.split())}
        return found

    @property
    def said(self) -> list[str]:
        """Our own lines."""
        return [line for line in self.err.splitlines() if "tfevent: " in line]


class Machine:
    """A controller with a journal of its own.

    Attributes:
        may_reconcile: events may say that Ansible's recap counted otherwise; in all other tests that is a failure.
    """

    may_reconcile = False

    def __init__(self, folder: Path, installation: Installation | None = None) -> None:
        self.folder = folder
        self.playbooks = folder / "play"
        shutil.copytree(PLAYBOOKS, self.playbooks)
        (folder / "ansible.cfg").touch()
        self.state = folder / "state"
        self.installation = installation or Installation()
        self.environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CALLBACKS_ENABLED": CALLBACK,
            "ANSIBLE_HOME": str(folder / "ansible-home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible-tmp"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "ansible-tmp"),
            "ANSIBLE_ASYNC_DIR": str(folder / "jobs"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_FORKS": "5",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_SSH_ARGS": "-o ConnectTimeout=3 -o ConnectionAttempts=1",
            "HOME": str(folder),
            "TFEVENT_STATE_DIR": str(self.state),
            **TRUST,
            "USER": "ann",
            "TFEVENT_BUDGET": PATIENCE,
            "COLUMNS": "4000",
            "LC_ALL": "C.UTF-8",
        }

    def without_callback(self) -> dict[str, None]:
        return {"ANSIBLE_CALLBACKS_ENABLED": None}

    def popen(self, *words: str, **environ: str | None) -> subprocess.Popen:
        return subprocess.Popen(
            self.installation.argv(*words),
            cwd=self.folder,
            env={name: value for name, value in (self.environ | environ).items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def recorder(self, process: subprocess.Popen) -> int:
        """The number of the process that a run reports to."""
        for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                if b"\0record\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        raise AssertionError("no process records the run")

    def run(self, *words: str, **environ: str) -> Ran:
        before = {event["id"] for event in self.events()}
        process = self.popen(*words, **environ)
        out, err = process.communicate(timeout=HANG)
        events = [event for event in self.events() if event["id"] not in before]
        return Ran(process.returncode, out, err, events)

    def play(self, name: str, *words: str, **environ: str) -> Ran:
        """Run one of the playbooks beside these tests, on the inventory beside them."""
        return self.run(*self.words(name, *words), **environ)

    def words(self, name: str, *words: str) -> list[str]:
        book = str(self.playbooks / f"{name}.yml")
        inventory = str(self.playbooks / "inventory.yml")
        return ["ansible-playbook", "-i", inventory, "-e", f"out={self.folder}", book, *words]

    def events(self, *, started: bool = False) -> list[dict]:
        """Settled events, oldest first."""
        path = self.state / "journal.db"
        if not path.exists():
            return []
        with Journal.open(path) as journal:
            records = [r for r in journal.list(Query(limit=None)) if started or r.state is RecordState.SETTLED]
            found = [json.loads(record.body) for record in reversed(records)]
        differing = [event["data"]["reconciled"] for event in found if event.get("data", {}).get("reconciled")]
        assert self.may_reconcile or not differing, f"the recap counts otherwise: {differing}"
        return found

    def tfevent(self, *words: str, **environ: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "tf_wrapper", "events", *words],
            cwd=self.folder,
            env=self.environ | PATIENT | environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG,
        )
