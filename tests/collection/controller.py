"""A controller of its own: real ansible-playbook over local hosts, with a journal and settings in one folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from change_events.journal import Journal, Query
from tests.support.speed import HANG, PATIENCE
from tests.support.trusted import TRUST

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_INVENTORY = """\
all:
  vars: {{ansible_connection: local, ansible_python_interpreter: "{python}"}}
  hosts: {{{hosts}}}
"""


class Done(NamedTuple):
    """One run of ansible-playbook: ``results`` as the callbacks got them, in order."""

    code: int
    out: str
    results: list[dict]

    def of(self, task, host=None):
        """The results of the tasks of this name."""
        return [r["result"] for r in self.results if r["task"] == task and host in (None, r["host"])]

    def one(self, task, host=None):
        (result,) = self.of(task, host)
        return result

    @property
    def failed(self):
        """Names of the tasks that failed, ignored or not."""
        return [r["task"] for r in self.results if r["status"] == "failed"]


class Controller:
    """Where playbooks are run.

    Args:
        path: an empty folder.
        python: the Python whose ansible-playbook is run.
        hosts: names of the hosts of the inventory.
    """

    def __init__(self, path: Path, *, python: str = sys.executable, hosts=("web1", "web2", "db1")) -> None:
        self.path = path
        self.python = python
        self.bin = Path(python).parent
        self.journal_path = path / "state" / "journal.db"
        self._runs = 0
        inventory = _INVENTORY.format(python=python, hosts=", ".join(f"{host}: {{}}" for host in hosts))
        (path / "inventory.yml").write_text(inventory)
        (path / "ansible.cfg").write_text("[defaults]\n")
        self.environ = {
            "HOME": str(path),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "USER": "someone",
            "TFEVENT_BUDGET": PATIENCE,
            "TFEVENT_STATE_DIR": str(path / "state"),
            **TRUST,
            "TFEVENT_JOURNAL": str(self.journal_path),
            "ANSIBLE_CONFIG": str(path / "ansible.cfg"),
            "ANSIBLE_LOCAL_TEMP": str(path / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tests" / "collections"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "0",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
        }

    def play(self, tasks, *words, env=None, **keywords):
        """Run one play of these tasks (YAML, a list) over all hosts, without facts."""
        play = {"hosts": "all", "gather_facts": False, **keywords}
        head = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in play.items()]
        body = [f"    {line}" for line in tasks.strip("\n").splitlines()]
        return self.playbook("\n".join(["-", *head, "  tasks:", *body, ""]), *words, env=env)

    def playbook(self, text, *words, env=None):
        """Run a playbook."""
        self._runs += 1
        playbook = self.path / f"playbook{self._runs}.yml"
        playbook.write_text(text)
        return self.run("ansible-playbook", "-i", "inventory.yml", playbook.name, *words, env=env)

    def run(self, command, *words, env=None):
        """Run one of Ansible's commands."""
        results = self.path / f"results{self._runs}"
        done = subprocess.run(
            [str(self.bin / command), *words],
            cwd=self.path,
            env={**self.environ, "RESULTS_FILE": str(results), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=HANG,
            check=False,
        )
        lines = results.read_text().splitlines() if results.exists() else []
        return Done(done.returncode, done.stdout.decode(), [json.loads(line) for line in lines])

    def configure(self, **hooks):
        """Settings with a webhook of each name."""
        lines = [f"  {name}: {{kind: webhook, url: '{url}'}}" for name, url in hooks.items()]
        (self.path / "tfevent.yaml").write_text("\n".join(["destinations:", *lines, ""]))

    def records(self, path=None):
        """The events of the journal, oldest first, decoded."""
        path = path or self.journal_path
        if not path.exists():
            return []
        with Journal.open(path) as journal:
            records = list(journal.list(Query(limit=None)))
            for record in records:
                assert record.event  # decoded while the journal is open
        return records[::-1]

    def events(self, path=None):
        return [record.event for record in self.records(path)]
