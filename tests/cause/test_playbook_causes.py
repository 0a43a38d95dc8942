"""Why a task changed something: histories of a playbook with a role."""

from __future__ import annotations

import pytest

from change_events.model import ChangeOutcome, Playbook, Vcs
from tests.cause.playbook_history import BASE, PATH, TASKS, applied, edit, shop, task
from tests.support import git_history
from tests.support.git_history import Commit

MODE = edit("mode", PATH, '"0644"', '"0600"')
SAME = "nothing that can be followed from the task differs from the last run"


def test_an_edited_task_has_the_commit_that_edited_it_and_no_other(tmp_path):
    text = TASKS.replace("name: shop\n", "name: shop2\n")
    later = Commit("install (#7)", {PATH: text.replace('"0644"', '"0600"')})
    small = shop(tmp_path, MODE, later)
    assert small.rows(task("Configure")) == [("edited_line", "shop : Configure", f"{PATH}:4", ["mode"])]
    assert small.rows(task("Install")) == [("edited_line", "shop : Install", f"{PATH}:1", ["install (#7)"])]
    assert small.rows(task("Limits")) == [("unknown", SAME, None, [])]
    assert small.causes(task("Install"))[0].commits[0].pull_request == "#7"


def test_a_task_edited_more_than_once_has_the_commits_since_the_last_run(tmp_path):
    small = shop(tmp_path, MODE, edit("again", PATH, '"0644"', '"0640"'))
    assert small.rows(task("Configure"))[0][3] == ["again", "mode"]
    assert small.rows(task("Configure"), runs=[small.run("mode")])[0][3] == ["again"]
    by_run = [small.run("again", whole=False), small.run("mode", whole=False, applied=frozenset({"shop : Configure"}))]
    assert small.rows(task("Configure"), runs=[*by_run, small.run()])[0][3] == ["again"]


def test_an_edit_that_was_undone_before_is_none_of_its_commits(tmp_path):
    small = shop(tmp_path, MODE, Commit("undone", {PATH: TASKS}), edit("again", PATH, '"0644"', '"0600"'))
    assert small.rows(task("Configure"))[0][3] == ["again"]


def test_comments_layout_order_of_keys_a_rename_and_a_move_are_no_edits(tmp_path):
    text = "# a comment\n\n" + TASKS.replace('    mode: "0644"\n', "").replace("    src:", "    mode: '0644'\n    src:")
    text = text.replace("- name: Configure", "- name: Write the file")
    configure = TASKS[TASKS.index("- name: Configure") : TASKS.index("- name: Limits")]
    moved = {PATH: TASKS.replace(configure, ""), "roles/shop/tasks/more.yml": configure}
    small = shop(tmp_path / "layout", Commit("layout", {PATH: text}))
    assert small.rows(task("Configure", 6)) == [("unknown", SAME, None, [])]
    small = shop(tmp_path / "move", Commit("move", moved))
    assert small.rows(task("Configure", 1, "roles/shop/tasks/more.yml")) == [("unknown", SAME, None, [])]


def test_an_edit_of_a_file_that_was_renamed_as_well(tmp_path):
    new = "roles/shop/tasks/all.yml"
    rename = Commit("rename", {}, renames={PATH: new})
    small = shop(tmp_path, MODE, rename)
    rows = small.rows(task("Configure", 4, new))
    assert [row[:3] for row in rows] == [("edited_line", "shop : Configure", f"{new}:4")]
    assert rows[0][3] in ([], ["mode"])  # never the commit that renamed it


def test_an_edited_block_is_an_edit_of_its_tasks(tmp_path):
    block = "- when: {}\n  block:\n    - name: Configure\n      ansible.builtin.command: 'true'\n"
    texts = [Commit("first", {PATH: block.format("true")}), Commit("when", {PATH: block.format("port")})]
    small = shop(tmp_path, *texts)
    assert small.rows(task("Configure", 3), runs=[small.run("first")])[0][1:] == (
        "shop : Configure", f"{PATH}:3", ["when"],
    )  # fmt: skip


def test_a_template_and_the_variables_that_it_mentions(tmp_path):
    template = "roles/shop/templates/shop.conf.j2"
    small = shop(tmp_path / "t", edit("template", template, "listen", "bind"))
    assert small.rows(task("Configure")) == [("edited_line", "", f"{template}:None", ["template"])]
    variables = edit("port", "group_vars/web.yml", "80", "8080")
    small = shop(tmp_path / "v", edit("other", "group_vars/web.yml", "other: 1", "other: 2"), variables)
    assert small.rows(task("Configure")) == [("edited_line", "port", "group_vars/web.yml:1", ["port"])]
    assert small.rows(task("Install")) == [("unknown", SAME, None, [])]


def test_a_variable_that_is_not_in_effect_there_is_no_cause(tmp_path):
    commits = [
        edit("default", "roles/shop/defaults/main.yml", "port: 1", "port: 2"),
        edit("db", "group_vars/db.yml", "81", "82"),
    ]
    small = shop(tmp_path, *commits)
    assert small.rows(task("Configure")) == [("unknown", SAME, None, [])]


def test_a_variable_of_the_play_and_one_behind_another(tmp_path):
    small = shop(tmp_path, edit("files", "site.yml", "open_files: 10", "open_files: 20"))
    assert small.rows(task("Limits")) == [("edited_line", "open_files", "site.yml:4", ["files"])]
    behind = {"group_vars/all.yml": "factor: 3\n", "site.yml": BASE["site.yml"].replace("10", '"{{ factor }}"')}
    small = shop(tmp_path / "b", Commit("behind", behind), Commit("factor", {"group_vars/all.yml": "factor: 4\n"}))
    rows = small.rows(task("Limits"), runs=[small.run("behind")])
    assert rows == [("edited_line", "factor", "group_vars/all.yml:1", ["factor"])]


def test_an_extra_variable_overrides_and_is_a_cause_where_it_is_new(tmp_path):
    small = shop(tmp_path, edit("files", "site.yml", "open_files: 10", "open_files: 20"))
    playbook = Playbook(file="site.yml", inventory=("hosts.ini",), variables=("open_files",))
    assert small.rows(task("Limits"), playbook=playbook) == [("variable_given", "open_files", None, [])]
    runs = [small.run(variables=frozenset({"open_files"}))]
    assert small.rows(task("Limits"), playbook=playbook, runs=runs) == [("unknown", SAME, None, [])]


def test_edits_that_are_not_committed(tmp_path):
    small = shop(tmp_path)
    small.write(PATH, '"0644"', '"0600"')
    small.write("group_vars/web.yml", "80", "8080")
    assert small.rows(task("Configure")) == [
        ("uncommitted_edit", "shop : Configure", f"{PATH}:4", []),
        ("uncommitted_edit", "port", "group_vars/web.yml:1", []),
    ]
    assert small.found(task("Configure")).inputs.uncommitted == ("group_vars/web.yml", PATH)


def test_a_run_with_uncommitted_edits_proves_nothing_of_those_files(tmp_path):
    small = shop(tmp_path, MODE, edit("port", "group_vars/web.yml", "80", "8080"))
    runs = [small.run(uncommitted=frozenset({PATH}))]
    assert small.rows(task("Configure"), runs=runs) == [("edited_line", "port", "group_vars/web.yml:1", ["port"])]
    reason = "the last run was made with edits that no commit holds"
    runs = [small.run(uncommitted=None)]
    assert small.rows(task("Configure"), runs=runs) == [("unknown", reason, None, [])]


def test_a_shallow_clone_and_an_unknown_commit_name_none(tmp_path):
    small = shop(tmp_path / "whole", MODE)
    git_history.git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/whole", "cut")
    cut = type(small)(tmp_path / "cut", small.ids)
    assert "shallow" in cut.causes(task("Configure"))[0].text
    assert "not in this clone" in small.causes(task("Configure"), runs=[small.run("0" * 40)])[0].text
    assert "no earlier run" in small.causes(task("Configure"), runs=[])[0].text


def test_a_branch_is_compared_with_the_default_branch_where_there_is_no_run(tmp_path):
    commit = edit("mode", PATH, '"0644"', '"0600"', branch="topic", start="base")
    small = shop(tmp_path, commit, branch="topic")
    assert small.rows(task("Configure"), runs=[])[0][3] == ["mode"]


@pytest.mark.parametrize("kind", ["role", "collection"])
def test_another_version_of_the_role_or_the_collection(tmp_path, kind):
    small = shop(tmp_path)
    change = task("Configure", type="acme.web.page")
    names = {"role": ("roles", "shop", "module_version"), "collection": ("collections", "acme.web", "provider_version")}
    field, name, expected = names[kind]
    playbook = Playbook(file="site.yml", inventory=("hosts.ini",), **{field: {name: "1.1.0"}})
    rows = small.rows(change, playbook=playbook, runs=[small.run(versions={name: "1.0.0"})])
    assert rows == [(expected, f"{kind} {name} 1.0.0 → 1.1.0", None, [])]


def test_a_handler_has_the_causes_of_the_task_that_notified_it(tmp_path):
    small = shop(tmp_path, MODE)
    handler = task("Restart", 1, "roles/shop/handlers/main.yml", handler=True)
    assert small.rows(applied(handler), task("Configure"))[0][:3] == ("edited_line", "shop : Configure", f"{PATH}:4")
    assert small.rows(handler, task("Install"))[0][:2] == ("unknown", SAME)


def test_what_is_written_or_checked_out_during_the_run_is_not_compared(tmp_path):
    small = shop(tmp_path, MODE)
    event = small.event()
    assert "written after" in small.causes(task("Configure"), started_at=event.started_at.replace(year=2020))[0].text
    vcs = Vcs(commit=small.ids["base"], dirty=False)
    assert "during the run" in small.causes(task("Configure"), vcs=vcs)[0].text


def test_encrypted_variables_and_the_inventory_are_not_guessed_at(tmp_path):
    vault = "group_vars/all.yml"
    small = shop(tmp_path / "v", Commit("vault", {vault: "$ANSIBLE_VAULT;1.1;AES256\n6162\n"}))
    assert small.causes(task("Configure"))[0].text.startswith(f"{vault} was edited and cannot be read")
    small = shop(tmp_path / "w", Commit("vault", {"group_vars/web.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n"}))
    assert small.causes(task("Configure"))[0].text.startswith("group_vars/web.yml was edited and cannot be read")
    small = shop(tmp_path / "i", edit("hosts", "hosts.ini", "w1", "w1\nw2"))
    assert small.causes(task("Configure"))[0].text.startswith("the inventory was edited")


def test_a_failed_task_has_causes_and_a_handled_one_none(tmp_path):
    small = shop(tmp_path, MODE)
    assert small.rows(task("Configure", outcome=ChangeOutcome.FAILED))[0][3] == ["mode"]
    assert small.causes(task("Configure", outcome=ChangeOutcome.UNKNOWN)) == ()


def test_a_search_that_has_no_time_names_nothing(tmp_path):
    small = shop(tmp_path, MODE)
    causes = small.causes(task("Configure"), seconds=0)
    assert [one.kind.value for one in causes] == ["unknown"]
