"""Small repositories of a playbook with a role, and runs of it that a journal could have, without Ansible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.cause.playbook import find_causes
from change_events.cause.playbook_runs import PlaybookRun
from change_events.model import (
    Action,
    Cause,
    Change,
    ChangeEvent,
    ChangeOutcome,
    HostCounts,
    HostRun,
    Kind,
    Outcome,
    Phase,
    Playbook,
    Source,
    Summary,
    TaskRun,
    Tool,
    Vcs,
)
from change_events.process.deadline import Deadline
from tests.support import git_history
from tests.support.git_history import Commit

if TYPE_CHECKING:
    from pathlib import Path

TASKS = """\
- name: Install
  ansible.builtin.package:
    name: shop
- name: Configure
  ansible.builtin.template:
    src: shop.conf.j2
    dest: /etc/shop.conf
    mode: "0644"
  notify: Restart
- name: Limits
  ansible.builtin.copy:
    content: "files {{ open_files }}"
    dest: /etc/limits
"""
SITE = """\
- name: Shop
  hosts: web
  vars:
    open_files: 10
  roles: [shop]
"""
BASE = {
    "site.yml": SITE,
    "hosts.ini": "[web]\nw1\n[db]\nd1\n",
    "group_vars/web.yml": "port: 80\nother: 1\n",
    "group_vars/db.yml": "port: 81\n",
    "roles/shop/tasks/main.yml": TASKS,
    "roles/shop/defaults/main.yml": "port: 1\nworkers: 2\n",
    "roles/shop/templates/shop.conf.j2": "listen {{ port }} # other\nworkers {{ workers }}\n",
    "roles/shop/handlers/main.yml": "- name: Restart\n  ansible.builtin.service: {name: shop, state: restarted}\n",
}
PATH = "roles/shop/tasks/main.yml"
LINES = {"Install": 1, "Configure": 4, "Limits": 10}


def task(name, line=None, path=PATH, *, handler=False, **fields):
    """One task that changed the host w1."""
    run = TaskRun(play="Shop", role="shop", handler=handler, hosts=HostCounts(changed=1), changed_on=("w1",))
    known = {"outcome": ChangeOutcome.APPLIED, "type": "ansible.builtin.template", "module": "shop", "task": run}
    return Change(
        address=f"shop : {name}", action=Action.CHANGE, name=name, source=Source(path, line or LINES[name]),
        **{**known, **fields},
    )  # fmt: skip


@dataclass
class Shop:
    """A repository and what is asked of it."""

    folder: Path
    ids: dict[str, str]

    def run(self, subject="base", **fields):
        """An earlier run, whole and clean by default."""
        known = {
            "uncommitted": frozenset(), "whole": True, "applied": frozenset(), "open": frozenset(),
            "versions": {}, "variables": frozenset(),
        }  # fmt: skip
        return PlaybookRun(self.ids.get(subject, subject), **{**known, **fields})

    def event(self, *changes, **fields):
        """A run from the working tree that has just ended on one host of each group."""
        head = git_history.git(self.folder, "rev-parse", "HEAD")
        status = git_history.git(self.folder, "status", "--porcelain")
        known = {
            "id": "0199", "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "title": "",
            "outcome": Outcome.SUCCEEDED,
            "started_at": datetime.now(UTC) + timedelta(seconds=1), "changes": changes,
            "tool": Tool(name="ansible", directory=str(self.folder)), "vcs": Vcs(commit=head, dirty=bool(status)),
            "playbook": Playbook(file="site.yml", inventory=("hosts.ini",)),
            "hosts": (HostRun("w1", "changed"), HostRun("d1", "ok")),
            "summary": Summary(by_group={"web": HostCounts(changed=1), "db": HostCounts(ok=1)}),
        }  # fmt: skip
        return ChangeEvent(**{**known, **fields})

    def found(self, *changes, runs=None, seconds=60, **fields):
        """What the search finds."""
        event = self.event(*changes, **fields)
        runs = [self.run()] if runs is None else runs
        return find_causes(event, runs, git_history.clean(), Deadline(seconds))

    def causes(self, *changes, **fields) -> tuple[Cause, ...]:
        """The causes of the first change."""
        return self.found(*changes, **fields).causes[0]

    def rows(self, *changes, **fields):
        """Kind, text, place and commits of each cause of the first change."""
        names = {commit: subject for subject, commit in self.ids.items()}
        return [
            (
                one.kind.value,
                one.text,
                f"{one.file}:{one.line}" if one.file else None,
                [names[c.id] for c in one.commits],
            )
            for one in self.causes(*changes, **fields)
        ]

    def write(self, path, old, new):
        """An edit that is not committed."""
        file = self.folder / path
        file.write_text(file.read_text().replace(old, new))


def shop(folder, *commits, **fields):
    """A repository of a first commit ``base`` and these."""
    return Shop(folder, git_history.write(folder, [Commit("base", dict(BASE)), *commits], **fields))


def edit(subject, path, old, new, before=BASE, **fields):
    """A commit that replaces a text of one file, as ``before`` has it."""
    assert old in before[path]
    return Commit(subject, {path: before[path].replace(old, new)}, **fields)


def applied(change, **fields):
    """A change with other fields."""
    return replace(change, **fields)
