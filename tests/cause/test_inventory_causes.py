"""Tasks that changed something because a variable of an inventory, or of an included file, was edited."""

from __future__ import annotations

import pytest

from change_events.cause.host_ranges import covers
from change_events.cause.inventory_files import MadeElsewhereError, variables_of
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


def inventory_of(folder, files, *commits):
    """The same with other files."""
    return shop(folder, Commit("first", files), *commits)


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
    ranged = INI.replace("w1 workers=2", "w1 workers=2\nw[1:9] workers=3")
    for name, text in (("range", ranged), ("vault", "$ANSIBLE_VAULT;1\n")):
        small = inventory(tmp_path / name, Commit("edit", {"hosts.ini": text}))
        found = rows_of(small)
        assert [row[0] for row in found] == ["unknown"]
        assert "hosts.ini was edited and cannot be read" in found[0][1]


def test_an_inventory_that_was_a_script_when_the_last_run_was_made_is_not_compared(tmp_path):
    small = shop(tmp_path, Commit("first", {"hosts.ini": "#!/bin/sh\n"}), Commit("edit", {"hosts.ini": INI}))
    assert [row[0] for row in rows_of(small)] == ["unknown"]


@pytest.mark.parametrize("pattern", ["w[1:9]", "w[0:3]:2222", "[v:x]1"])
def test_a_range_of_hosts_that_the_host_is_in(tmp_path, pattern):
    files = {**PORT, "hosts.ini": INI.replace("w1 workers", f"{pattern} workers")}
    small = inventory_of(tmp_path, files, edit("edit", "hosts.ini", "workers=2", "workers=3", files))
    assert rows_of(small) == [("edited_line", "workers", "hosts.ini:2", ["edit"])]


def test_a_range_in_yaml(tmp_path):
    files = {**PORT, "hosts.yml": YAML.replace("w1:", '"w[01:20]":').replace("d1:", '"w[1:5]":')}
    after = edit("edit", "hosts.yml", "{workers: 7}", "{workers: 8}", files)
    found = rows_of(inventory_of(tmp_path, files, after), playbook=IN_YAML)
    assert found == [("edited_line", "workers", "hosts.yml:11", ["edit"])]


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        (
            "web[01:20].example.com",
            ["web01.example.com", "web20.example.com"],
            ["web1.example.com", "web21.example.com"],
        ),
        ("w[1:20]", ["w1", "w10", "w20"], ["w01", "w0", "w21", "w", "w1.example.com"]),
        ("w[0:8:2]", ["w0", "w8"], ["w1", "w7", "w9"]),
        ("w[:3]", ["w0", "w3"], ["w4"]),
        ("r[1:2]-[a:c]", ["r1-a", "r2-c"], ["r3-a", "r1-d", "r1-"]),
        ("w[1:9]:2222", ["w1"], ["w1:2222"]),
        ("w1", ["w1"], ["w11"]),
    ],
)
def test_which_hosts_a_range_stands_for(pattern, names, others):
    assert [name for name in (*names, *others) if covers(pattern, name)] == names


@pytest.mark.parametrize("pattern", ["w[1:", "w[1]", "w[1:2:3:4]", "w[1:]", "w[x:9]"])
def test_a_range_that_ansible_would_not_read(pattern):
    with pytest.raises(ValueError, match=r"range|unpack|int"):
        covers(pattern, "w1")


@pytest.mark.parametrize("pattern", ["w[2:9]", "w[1:9].example.com"])
def test_a_range_of_other_hosts_is_no_cause(tmp_path, pattern):
    files = {**PORT, "hosts.ini": INI.replace("w1 workers", f"w1\n{pattern} workers")}
    small = inventory_of(tmp_path, files, edit("edit", "hosts.ini", "workers=2", "workers=3", files))
    assert [row[0] for row in rows_of(small)] == ["unknown"]


CONSTRUCTED = "plugin: ansible.builtin.constructed\ncompose:\n  port: 80 + 1\n"


def test_what_a_plugin_sets_is_no_edit_of_group_vars(tmp_path):
    files = {"prod/hosts": INI.replace("port = 80\n", ""), "prod/made.yml": CONSTRUCTED}
    after = Commit("edit", {"group_vars/web.yml": "port: 8080\nother: 1\n"})
    playbook = Playbook(file="site.yml", inventory=("prod",))
    ((kind, text, _, _),) = rows_of(shop(tmp_path / "a", Commit("first", files), after), playbook=playbook)
    assert (kind, text) == ("unknown", "port is set by the plugin ansible.builtin.constructed (prod/made.yml)")
    others = {**files, "prod/made.yml": CONSTRUCTED.replace("port", "color")}
    found = rows_of(shop(tmp_path / "b", Commit("first", others), after), playbook=playbook)
    assert found == [("edited_line", "port", "group_vars/web.yml:1", ["edit"])]


@pytest.mark.parametrize(
    ("text", "maker"),
    [("plugin: amazon.aws.aws_ec2\n", "the plugin amazon.aws.aws_ec2"), ("#!/bin/sh\necho {}\n", "a script")],
)
def test_an_inventory_that_a_program_makes_is_said_to_be_one(tmp_path, text, maker):
    playbook = Playbook(file="site.yml", inventory=("made.yml",))
    after = Commit("other", {"README": "x\n"})
    small = shop(tmp_path / "same", Commit("first", {"made.yml": text}), after)
    ((kind, reason, _, _),) = rows_of(small, playbook=playbook)
    assert kind == "unknown"
    assert reason == f"the inventory is made by {maker} (made.yml), and what it gave in the last run is not known"
    small = shop(tmp_path / "edited", Commit("first", {"made.yml": text}), Commit("edit", {"made.yml": f"{text}#\n"}))
    ((kind, reason, _, _),) = rows_of(small, playbook=playbook)
    assert (kind, reason) == ("unknown", f"made.yml was edited, and what {maker} makes of it is not known")


def test_a_plugin_s_settings_are_no_inventory():
    with pytest.raises(MadeElsewhereError, match=r"amazon\.aws\.aws_ec2"):
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
