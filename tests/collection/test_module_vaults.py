"""The module change_event records no value of a file that is vaulted as a whole: such values are plain texts."""

from __future__ import annotations

import json

import pytest

from change_events.summary.explicit_message import own_part
from tests.collection.controller import Controller
from tests.support.receiver import Receiver
from tests.support.secrets import assert_nowhere

PLANTED = ("planted-of-vars-files-8CqQ", "planted-of-the-group-8CqQ", "planted-deep-8CqQ", "planted-of-db1-8CqQ")
EVENTS = """
- name: texts
  tfevent.infra.change_event:
    title: "released {{ innocuous }}"
    message: "for {{ of_the_group }} and {{ deep.list[0] }}"
    service: "{{ of_the_group }}"
- name: structures
  tfevent.infra.change_event:
    title: quotes another host
    tags: {x: "{{ innocuous }}"}
    data: {note: "{{ deep }}", other: "{{ hostvars.db1.of_db1 }}"}
- name: begins
  tfevent.infra.change_event: {state: started, title: "begins {{ innocuous }}"}
  register: begun
- name: ends
  tfevent.infra.change_event: {state: finished, id: "{{ begun.id }}", message: "ends {{ innocuous }}"}
"""
FILES = {
    "secret.yml": f"innocuous: {PLANTED[0]}\n",
    "group_vars/all/vault.yml": f"of_the_group: {PLANTED[1]}\ndeep: {{list: [{PLANTED[2]}]}}\n",
    "host_vars/db1.yml": f"of_db1: {PLANTED[3]}\n",
}


@pytest.fixture
def controller(tmp_path):
    controller = Controller(tmp_path, hosts=["web1", "db1"])
    (tmp_path / "key").write_text("open sesame\n")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = controller.run("ansible-vault", "encrypt", "--vault-password-file", "key", *FILES)
    assert done.code == 0, done.out
    return controller


def play(controller, *words, env=None):
    with Receiver() as receiver:
        controller.configure(hook=receiver.url)
        words = ("--vault-password-file", "key", "--limit", "web1", "--diff", "-vvv", *words)
        done = controller.play(EVENTS, *words, env=env, vars_files=["secret.yml"])
        assert done.code == 0, done.out
        assert_nowhere(PLANTED, *(request.body for request in receiver.received), done.out, json.dumps(done.results))
        return done, len(receiver.accepted)


def check_recorded(controller, *, env=None):
    done, delivered = play(controller, env=env)
    assert delivered == 3, "what has only begun is not sent"
    assert done.one("texts")["title"] == "released (sensitive)"
    assert done.one("texts")["event"]["service"] == "(sensitive)"
    assert_nowhere(PLANTED, *controller.journal_path.parent.glob("journal.db*"))
    assert [event.title for event in controller.events()][:2] == ["released (sensitive)", "quotes another host"]


def test_values_of_vaulted_files_are_nowhere(controller):
    check_recorded(controller)


@pytest.mark.slow
def test_nor_where_the_command_records(controller, tmp_path):
    broken = tmp_path / "broken" / "change_events"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError\n")
    command = tmp_path / "bin" / "tfevent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {controller.bin}/tfevent "$@"\n')
    command.chmod(0o755)
    check_recorded(controller, env={"PYTHONPATH": str(broken.parent), "PATH": f"{command.parent}:/usr/bin:/bin"})


@pytest.mark.slow
def test_nor_in_what_a_check_shows(controller):
    done, delivered = play(controller, "--check")
    assert delivered == 0
    assert "released (sensitive)" in done.one("texts")["diff"]["after"]
    assert not controller.events()


INCLUDES = """
- ansible.builtin.include_vars: secret.yml
- name: records
  tfevent.infra.change_event: {title: "released {{ innocuous }}", message: "at {{ of_the_inventory }}"}
"""


@pytest.mark.slow
def test_files_that_nobody_keeps_are_known_by_what_comes_from_them(controller, tmp_path):
    """Those of include_vars and of the inventory."""
    inventory = tmp_path / "inventory.yml"
    group = "more: {hosts: {web1: {}}, vars: {of_the_inventory: planted-place-8CqQ}}\n"
    inventory.write_text(inventory.read_text() + group)
    done = controller.run("ansible-vault", "encrypt", "--vault-password-file", "key", "inventory.yml")
    assert done.code == 0, done.out
    done = controller.play(INCLUDES, "--vault-password-file", "key", "--limit", "web1")
    assert done.code == 0, done.out
    (event,) = controller.events()
    assert (event.title, own_part(event)) == ("released (sensitive)", "at (sensitive)")
    assert_nowhere([*PLANTED, "planted-place-8CqQ"], *controller.journal_path.parent.glob("journal.db*"))
