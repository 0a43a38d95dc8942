"""Causes of what a real playbook changed: found by the process that records, after the play."""

from __future__ import annotations

import pytest

from tests.support import git_history
from tests.support.git_history import Commit

TASKS = """\
- name: Greet
  ansible.builtin.copy:
    content: "{{ greeting }} %s"
    dest: "{{ playbook_dir }}/../out/greeting"
- name: Page
  ansible.builtin.template: {src: page.j2, dest: "{{ playbook_dir }}/../out/page"}
  notify: Reload
"""
FILES = {
    "site.yml": "- hosts: web\n  gather_facts: false\n  roles: [shop]\n",
    "hosts.ini": "[web]\nw1 ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n",
    "group_vars/web.yml": "greeting: hello\nsize: 1\n",
    "roles/shop/tasks/main.yml": TASKS % "world",
    "roles/shop/templates/page.j2": "size {{ size }}\n",
    "roles/shop/handlers/main.yml": "- name: Reload\n  ansible.builtin.command: 'true'\n",
}


@pytest.fixture
def repository(machine):
    """A playbook that has been run once from its first commit."""
    folder = machine.folder / "repository"
    (machine.folder / "out").mkdir()
    git_history.write(folder, [Commit("base", FILES)])
    return folder


def run(machine, folder, **environ):
    words = ["ansible-playbook", "-i", str(folder / "hosts.ini"), str(folder / "site.yml")]
    ran = machine.run(*words, **environ)
    assert ran.code == 0, ran.out + ran.err
    return ran


def commit(folder, subject, path, text):
    (folder / path).write_text(text)
    git_history.git(folder, "add", "-A")
    git_history.git(folder, "commit", "-q", "-m", subject)


def causes_of(ran, name):
    return [
        (one["kind"], one.get("text"), one.get("file"), one.get("line"), [c["subject"] for c in one.get("commits", ())])
        for one in ran.task(name)["causes"]
    ]


def test_edits_between_two_runs_are_named_with_their_commits(machine, repository):
    first = run(machine, repository)
    assert {one["kind"] for change in first.event["changes"] for one in change["causes"]} == {"unknown"}
    commit(repository, "Greet all (#12)", "roles/shop/tasks/main.yml", TASKS % "all")
    commit(repository, "Larger", "group_vars/web.yml", "greeting: hello\nsize: 2\n")
    second = run(machine, repository)
    size = ("edited_line", "size", "group_vars/web.yml", 2, ["Larger"])
    assert causes_of(second, "Greet") == [
        ("edited_line", "shop : Greet", "roles/shop/tasks/main.yml", 1, ["Greet all (#12)"])
    ]
    assert causes_of(second, "Page") == [size]
    assert causes_of(second, "Reload") == [size]
    assert second.event["inputs"] == {}
    shown = machine.tfevent("show", second.event["id"]).stdout
    assert "because size in group_vars/web.yml:2" in shown
    assert '"Larger"' in shown


@pytest.mark.slow
def test_an_uncommitted_edit_and_the_setting_that_switches_the_search_off(machine, repository):
    run(machine, repository)
    (repository / "roles/shop/tasks/main.yml").write_text(TASKS % "me")
    edited = run(machine, repository)
    assert causes_of(edited, "Greet") == [("uncommitted_edit", "shop : Greet", "roles/shop/tasks/main.yml", 1, [])]
    assert edited.event["inputs"]["uncommitted"] == ["roles/shop/tasks/main.yml"]
    (repository / "roles/shop/tasks/main.yml").write_text(TASKS % "you")
    without = run(machine, repository, TFEVENT_CAUSES="off")
    assert "causes" not in without.task("Greet")


@pytest.mark.slow
def test_an_edit_that_a_run_found_without_effect_is_no_cause_later(machine, repository):
    run(machine, repository)
    name = "group_vars/web.yml"
    commit(repository, "Refactor", name, "greeting: hello\nsize: '{{ pages }}'\npages: 1\n")
    (repository / "hosts.ini").write_text((repository / "hosts.ini").read_text() + "# not committed\n")
    assert not run(machine, repository).events
    commit(repository, "Larger", name, "greeting: hello\nsize: '{{ pages }}'\npages: 2\n")
    larger = run(machine, repository)
    assert causes_of(larger, "Page") == [("edited_line", "pages", name, 3, ["Larger"])]


@pytest.mark.slow
def test_an_edited_inventory_and_a_file_that_a_task_includes(machine, repository):
    include = "- ansible.builtin.include_vars: words.yml\n"
    first = {"inventory.ini": FILES["hosts.ini"] + "[web:vars]\nsize=1\n", "tasks": include + TASKS % "world"}
    commit(repository, "Group variables", "group_vars/web.yml", "{}\n")
    commit(repository, "Inventory", "hosts.ini", first["inventory.ini"])
    (repository / "roles/shop/vars").mkdir()
    commit(repository, "Words", "roles/shop/vars/words.yml", "greeting: hello\n")
    commit(repository, "Include", "roles/shop/tasks/main.yml", first["tasks"])
    run(machine, repository)
    commit(repository, "Larger", "hosts.ini", first["inventory.ini"].replace("size=1", "size=2"))
    commit(repository, "Politer", "roles/shop/vars/words.yml", "greeting: good day\n")
    second = run(machine, repository)
    assert causes_of(second, "Page") == [("edited_line", "size", "hosts.ini", 4, ["Larger"])]
    words = "roles/shop/vars/words.yml"
    assert causes_of(second, "Greet") == [("edited_line", "greeting", words, 1, ["Politer"])]
