"""``once: true`` in files that are included: their tasks are made anew for each batch and host, the event is one."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.ansible.cores import CORES, with_tfevent
from tests.collection.controller import Controller
from tests.support.selection import slow

PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: "{{ strategy }}"
  serial: "{{ serial }}"
  tasks:
    - name: included
      ansible.builtin.include_tasks: record.yml
      vars: {what: included}
    - name: included again
      ansible.builtin.include_tasks: record.yml
      vars: {what: included again}
    - name: in a loop
      ansible.builtin.include_tasks: record.yml
      vars: {what: "of {{ app }}"}
      loop: [shop, blog]
      loop_control: {loop_var: app}
    - name: below another
      ansible.builtin.include_tasks: outer.yml
    - name: in a role
      ansible.builtin.include_role: {name: teller}
    - name: imported
      ansible.builtin.import_tasks: record.yml
      vars: {what: imported}
"""
RECORD = """
- name: record
  tfevent.infra.change_event: {title: "{{ what }}", once: true}
"""
FILES = {
    "record.yml": RECORD,
    "outer.yml": """
- ansible.builtin.include_tasks: record.yml
  vars: {what: inner}
- ansible.builtin.import_tasks: record.yml
  vars: {what: imported in an included one}
""",
    "roles/teller/tasks/main.yml": """
- name: record items
  tfevent.infra.change_event: {title: "item {{ item }}", once: true}
  loop: [a, b]
""",
}
EXPECTED = (
    "included", "included again", "of shop", "of blog", "inner", "imported in an included one", "item a", "item b",
    "imported",
)  # fmt: skip
WAYS = [slow("linear", 0), slow("linear", 2), ("free", 0), slow("host_pinned", 1)]


def play_and_count(controller, strategy, serial):
    for name, text in FILES.items():
        path = controller.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = controller.playbook(PLAYBOOK, "-e", f"strategy={strategy} serial={serial}")
    assert done.code == 0, done.out
    assert len(done.of("record")) == 3 * 7, done.out
    return Counter(event.title for event in controller.events())


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "serial"), WAYS)
def test_each_task_of_an_included_file_sends_one(controller, strategy, serial):
    assert play_and_count(controller, strategy, serial) == Counter(EXPECTED)


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("core", CORES, ids=str)
@pytest.mark.parametrize(("strategy", "serial"), [("linear", 2), ("free", 0)])
def test_on_every_version(tmp_path, core, strategy, serial):
    python = with_tfevent(core).bin / "python"
    assert play_and_count(Controller(tmp_path, python=str(python)), strategy, serial) == Counter(EXPECTED)


def test_all_hosts_are_reported_of_the_one_event(controller):
    tasks = """
- name: record
  tfevent.infra.change_event: {title: "recorded by {{ inventory_hostname }}", state: "{{ state }}", once: true}
"""
    for state in ("event", "started"):
        done = controller.play(tasks, "-e", f"state={state}")
        event = controller.events()[-1]
        assert {(r["id"], r["title"]) for r in done.of("record")} == {(event.id, event.title)}
        assert sorted((r["repeated"], "event" in r) for r in done.of("record")) == [(False, True), *2 * [(True, False)]]
