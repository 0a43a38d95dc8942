"""Tasks that changed something because a variable of an inventory, or of an included file, was edited."""

from __future__ import annotations

import pytest

from change_events.cause.inventory_files import variables_of
from change_events.model import Playbook
from tests.cause.playbook_history import BASE, PATH, TASKS, edit, shop, task
from tests.support.git_history import Commit

INI = "[web]\nw1 workers=2 # two\n[db]\nd1 workers=7\n\n[web:vars]\nport = 80\n[all:vars]\nother=1\n"
YAML = """\
all:
  vars: {other: 1}
  children:
    web:
      vars:
        port: 80
      hosts:
        w1: {workers: 2}
    db:
      hosts:
        d1: {workers: 7}
"""
PORT = {"group_vars/web.yml": "other: 1\n", "hosts.ini": INI, "hosts.yml": YAML}
IN_YAML = Playbook(file="site.yml", inventory=("hosts.yml",))
SAME = "nothing that can be followed from the task differs from the last run"


def inventory(folder, *commits):
    """A shop whose inventories set the variables; runs are compared with that."""
    return shop(folder, Commit("first", PORT), *commits)


def rows_of(small, number="Configure", **fields):
    return small.rows(task(number), runs=[small.run("first")], **fields)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("port = 80", "port = 8080", ("edited_line", "port", "hosts.ini:7", ["edit"])),
        ("workers=2", "workers=3", ("edited_line", "workers", "hosts.ini:2", ["edit"])),
    ],
)
def test_a_variable_of_a_group_or_host_in_an_ini_inventory(tmp_path, old, new, expected):
    assert rows_of(inventory(tmp_path, edit("edit", "hosts.ini", old, new, PORT))) == [expected]


@pytest.mark.parametrize("old", ["workers=7", "# two", "other=1"])
def test_what_the_task_does_not_use_of_an_inventory_is_no_cause(tmp_path, old):
    found = rows_of(inventory(tmp_path, edit("edit", "hosts.ini", old, "x=1", PORT)))
    assert [row[0] for row in found] == ["unknown"]
    assert found[0][1].startswith("the inventory was edited")


def test_a_variable_of_a_yaml_inventory_and_of_one_in_a_folder(tmp_path):
    small = inventory(tmp_path / "file", edit("edit", "hosts.yml", "port: 80", "port: 8080", PORT))
    assert rows_of(small, playbook=IN_YAML) == [("edited_line", "port", "hosts.yml:6", ["edit"])]
    files = {"group_vars/web.yml": "other: 1\n", "prod/main.yml": YAML, "prod/old.yml.bak": YAML}
    after = edit("edit", "prod/main.yml", "{workers: 2}", "{workers: 4}", files)
    small = shop(tmp_path / "folder", Commit("first", files), after)
    playbook = Playbook(file="site.yml", inventory=("prod",))
    assert rows_of(small, playbook=playbook) == [("edited_line", "workers", "prod/main.yml:8", ["edit"])]


def test_group_vars_and_host_vars_override_the_inventory(tmp_path):
    over = Commit("over", {"group_vars/web.yml": "port: 1\n", "host_vars/w1.yml": "workers: 1\n"})
    text = INI.replace("port = 80", "port = 8080").replace("workers=2", "workers=3")
    small = shop(tmp_path, Commit("first", PORT), over, Commit("edit", {"hosts.ini": text}))
    found = small.rows(task("Configure"), runs=[small.run("over")])
    assert [row[0] for row in found] == ["unknown"]


def test_an_inventory_that_cannot_be_read_is_said_to_be_one(tmp_path):
    ranged = INI.replace("w1 workers=2", "w[1:9] workers=3")
    for name, text in (("range", ranged), ("script", "#!/bin/sh\n"), ("vault", "$ANSIBLE_VAULT;1\n")):
        small = inventory(tmp_path / name, Commit("edit", {"hosts.ini": text}))
        found = rows_of(small)
        assert [row[0] for row in found] == ["unknown"]
        assert "hosts.ini was edited and cannot be read" in found[0][1]


def test_an_inventory_that_was_a_script_when_the_last_run_was_made_is_not_compared(tmp_path):
    small = shop(tmp_path, Commit("first", {"hosts.ini": "#!/bin/sh\n"}), Commit("edit", {"hosts.ini": INI}))
    assert [row[0] for row in rows_of(small)] == ["unknown"]


def test_a_plugin_s_settings_are_no_inventory():
    with pytest.raises(ValueError, match="inventory"):
        variables_of("aws_ec2.yml", b"plugin: amazon.aws.aws_ec2\n", ("group", "all"))


@pytest.mark.parametrize("where", ["vars/limits.yml", "limits.yml"])
def test_a_file_that_an_earlier_task_includes(tmp_path, where):
    tasks = f"- ansible.builtin.include_vars: {where}\n" + TASKS
    files = {PATH: tasks, "roles/shop/vars/limits.yml": "open_files: 5\n"}
    after = Commit("edit", {"roles/shop/vars/limits.yml": "open_files: 6\n"})
    small = shop(tmp_path, Commit("first", files), after)
    found = small.rows(task("Limits", 11), runs=[small.run("first")])
    assert found == [("edited_line", "open_files", "roles/shop/vars/limits.yml:1", ["edit"])]


@pytest.mark.parametrize(
    "include", ["{file: vars/a.yml, name: limits}", "'vars/{{ os }}.yml'", "vars/a.yml\n  when: x"]
)
def test_a_file_that_is_included_in_some_cases_only_is_no_cause(tmp_path, include):
    files = {PATH: f"- include_vars: {include}\n" + TASKS, "roles/shop/vars/a.yml": "open_files: 5\n"}
    small = shop(tmp_path, Commit("first", files), Commit("edit", {"roles/shop/vars/a.yml": "open_files: 6\n"}))
    line = 10 + files[PATH].count("\n") - TASKS.count("\n")
    assert [row[0] for row in small.rows(task("Limits", line), runs=[small.run("first")])] == ["unknown"]


def test_a_task_that_uses_facts_says_so(tmp_path):
    text = TASKS.replace("{{ open_files }}", "{{ ansible_facts['os'] }} {{ ansible_host }}")
    small = shop(tmp_path, Commit("first", {PATH: text}))
    found = rows_of(small, "Limits")
    assert found == [
        ("unknown", "the task uses facts of the host, and their values in the last run are not known: ansible_facts",
         None, []),
    ]  # fmt: skip
    assert BASE[PATH] == TASKS
    assert rows_of(small, "Install") == [("unknown", SAME, None, [])]
