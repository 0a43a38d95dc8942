"""`tfevent events run --stacks`: units report as children of one event, by a loop or a stand-in for Terragrunt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess

import pytest

from tests.stacks.fleet import SUPPORT, ready, states, unit, whole
from tests.support.receiver import Receiver
from tests.support.terraform import binaries

ALL = ("run", "--stacks", "--environment", "prod", "--", "terragrunt", "run", "--all", "apply")
FAILED = "b: failed, 1 unknown"  # the stand-in for terraform writes no state that would say more
LOOP = 'for unit in */; do (cd "$unit" && tfevent apply -auto-approve); done'


def run(scene, *words, code=0, **environ):
    done = scene.events(*(words or ALL), **environ)
    assert done.returncode == code, done.stderr.decode()
    return done


def parents(scene):
    return whole(scene.recorded())


def test_terragrunts_units_become_one_event(scene):
    unit(scene, "vpc")
    unit(scene, "net/db", "fail", after=["../vpc"])
    unit(scene, "app", after=["net/db"])
    unit(scene, "dns", "same")
    unit(scene, "old", terragrunt="exclude {\n  if = true\n}\n")
    unit(scene, "sub/copy", terragrunt='terraform {\n  source = "."\n}\n')
    done = run(scene, code=1)
    assert b"Plan: 1 to add" in done.stdout
    event = parents(scene)
    assert event["title"] == "prod: 5 stacks, 2 changed, 1 failed, 1 not reached"
    assert (event["outcome"], event["kind"], event["severity"]) == ("partial", "infrastructure", "error")
    assert states(event) == {
        "net/db": "failed", "app": "not_reached", "sub/copy": "changed", "vpc": "changed", "dns": "unchanged",
        "old": "excluded",
    }  # fmt: skip
    assert event["summary"]["applied"] == {"create": 2}
    assert event["tool"]["exit_code"] == 1
    recorded = {one["id"]: one for one in scene.recorded()}
    ids = {one["event"] for one in event["stacks"]["units"] if "event" in one}
    assert ids == set(recorded) - {event["id"]}
    assert all(recorded[one]["trace"]["parent_run_id"] == event["id"] and recorded[one]["trace"]["unit"] for one in ids)
    assert recorded[next(one["event"] for one in event["stacks"]["units"] if one["name"] == "sub/copy")]["title"] == (
        "copy: 1 created"
    )
    assert not list((scene.state / "runs").iterdir())


def test_any_loop_does_and_a_unit_that_changed_nothing_counts(scene):
    for name, *marks in (("a",), ("b", "same"), ("c", "fail")):
        unit(scene, name, *marks)
    done = run(scene, "run", "--stacks", "--title", "Nightly", "--", "sh", "-c", f"{LOOP}; true")
    assert b"Nightly: 3 stacks, 1 changed, 1 failed" in done.stderr
    event = parents(scene)
    assert (event["title"], event["outcome"]) == ("Nightly: 3 stacks, 1 changed, 1 failed", "partial")
    assert states(event) == {"c": "failed", "a": "changed", "b": "unchanged"}


@pytest.mark.parametrize("environ", [{}, {"TG_REPORT_FILE": "theirs.json"}])
def test_a_script_that_starts_terragrunt_has_the_units_that_were_never_reached(scene, environ):
    unit(scene, "a")
    unit(scene, "b", "fail", after=["a"])
    unit(scene, "c", after=["b"])
    scene.script(scene.work / "deploy.sh", "exec terragrunt run --all apply")
    run(scene, "run", "--stacks", "--", "./deploy.sh", code=1, **environ)
    event = parents(scene)
    assert states(event) == {"b": "failed", "c": "not_reached", "a": "changed"}
    assert "note" not in event["stacks"]


def test_a_report_of_an_earlier_run_is_none_of_a_script_that_writes_none(scene):
    unit(scene, "a")
    (scene.work / "theirs.json").write_text('[{"Name": "old", "Result": "failed"}]')
    run(scene, "run", "--stacks", "--", "sh", "-c", LOOP, TG_REPORT_FILE="theirs.json")
    event = parents(scene)
    assert states(event) == {"a": "changed"}
    assert "note" not in event["stacks"]


def test_a_command_without_units_leaves_no_event_unless_it_failed(scene):
    done = run(scene, "run", "--stacks", "--", "true")
    assert done.stderr == b"tfevent: no unit ran through tfevent; nothing is recorded\n"
    assert scene.recorded() == []
    run(scene, "run", "--stacks", "--", "false", code=1)
    event = parents(scene)
    assert (event["title"], event["outcome"]) == ("work: no stacks, failed, exit code 1", "failed")


def test_a_unit_whose_name_has_a_line_break_is_named_in_full(scene):
    unit(scene, "c")
    unit(scene, "c\nnl")
    run(scene, "run", "--stacks", "--", "sh", "-c", LOOP)
    assert states(parents(scene)) == {"c": "changed", "c nl": "changed"}


def test_figures_of_a_unit_in_a_directory_with_a_sensitive_name_are_shown_wherever_its_title_is(scene):
    unit(scene, "db-password")
    with Receiver() as hook:
        (scene.work / "tfevent.yaml").write_text(
            f"destinations:\n  hook: {{kind: webhook, url: {hook.url}, stacks: both}}\n"
        )
        done = run(scene, "run", "--stacks", "--title", "nightly", "--", "sh", "-c", LOOP)
        sent = b"".join(request.body for request in hook.accepted)
    title = b"db-password: 1 created"
    shown = scene.events("show", "last", "--tree").stdout, scene.events("list").stdout
    assert [title in text for text in (done.stderr, sent, *shown)] == [True] * 4
    assert b"(sensitive)" not in done.stderr + sent + b"".join(shown)


def test_suspects_are_the_units_and_not_also_the_whole(scene):
    unit(scene, "a")
    unit(scene, "b", "fail")
    run(scene, "run", "--stacks", "--", "sh", "-c", f"{LOOP}; true")
    found = json.loads(scene.events("suspects", "--json").stdout)
    titles = [one["title"] for one in found["suspects"]]
    assert sorted(titles) == ["a: 1 created", FAILED]
    assert found["candidates"] == 2


def test_a_run_that_changed_nothing_leaves_no_event(scene):
    unit(scene, "a", "same")
    run(scene)
    assert scene.recorded() == []
    assert not list((scene.state / "runs").iterdir())


@pytest.mark.parametrize(
    ("words", "environ", "file"),
    [(["--report-file", "mine.json"], {}, "mine.json"), ([], {"TG_REPORT_FILE": "theirs.json"}, "theirs.json")],
)
def test_the_users_own_report_is_written_where_it_was_asked_for_and_read_there(scene, words, environ, file):
    unit(scene, "a")
    unit(scene, "b", "fail", after=["a"])
    run(scene, *ALL[:-2], "--all", *words, "apply", code=1, **environ)
    assert len(json.loads((scene.work / file).read_text())) == 2
    assert states(parents(scene)) == {"b": "failed", "a": "changed"}


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("true", "Terragrunt's run report: none was written"),
        ('echo "[" > "$TG_REPORT_FILE"', "Terragrunt's run report: not a run report of Terragrunt in JSON or CSV"),
        ('mkfifo "$TG_REPORT_FILE"', "Terragrunt's run report: is not a file of tfevent"),
        ('rm -rf "${TG_REPORT_FILE%/*}"', "Terragrunt's run report: none was written"),
    ],
)
def test_a_report_that_cannot_be_read_is_said_in_the_event_and_the_command_does_not_notice(scene, script, note):
    unit(scene, "a")
    tools = scene.environ["PATH"].partition(":")[0]
    scene.script(scene.work / "wrapped", f"{LOOP}\n{script}\nexit 0")
    shutil.copy(scene.work / "wrapped", f"{tools}/terragrunt")
    done = run(scene)
    assert b"Traceback" not in done.stderr
    event = parents(scene)
    assert event["outcome"] == "succeeded"
    assert event["stacks"]["note"] == note.replace("is not a file of tfevent", "not a regular file")


def test_units_that_run_without_tfevent_are_said_to(scene):
    unit(scene, "a")
    run(scene, TG_TF_PATH=scene.environ["TFEVENT_TF_BINARY"])
    event = parents(scene)
    assert event["title"] == "prod: 1 stack, 1 not observed"
    assert "set TG_TF_PATH=tfevent" in event["stacks"]["note"]


def test_a_command_that_is_not_there_is_127_as_ever(scene):
    done = run(scene, "run", "--stacks", "--", "no-such-command", code=127)
    assert parents(scene)["title"] == "work: no stacks, failed, command not found"
    assert b"cannot run no-such-command" in done.stderr


def test_a_commands_own_answers_are_passed_on(scene):
    """What Terragrunt asks of the binary that TG_TF_PATH names: the version, outputs, exit codes."""
    folder = unit(scene, "a", "fail")
    for words in (["-version"], ["--version"], ["version", "-json"], ["output", "-json"], ["apply", "-auto-approve"]):
        both = [
            subprocess.run([tool, *words], cwd=folder, env=scene.environ, capture_output=True, check=False)
            for tool in (scene.environ["TFEVENT_TF_BINARY"], f"{scene.environ['PATH'].partition(':')[0]}/tfevent")
        ]
        assert both[0].returncode == both[1].returncode
        if words[0] != "apply":
            assert both[0].stdout == both[1].stdout


def test_a_destination_gets_the_whole_and_what_failed_and_can_ask_otherwise(scene):
    unit(scene, "a")
    unit(scene, "b", "fail")
    with Receiver() as plain, Receiver() as alone, Receiver() as units, Receiver() as every:
        kinds = {"plain": plain, "parent": alone, "children": units, "both": every}
        lines = [
            f"  {name}: {{kind: webhook, url: {one.url}{'' if name == 'plain' else f', stacks: {name}'}}}"
            for name, one in kinds.items()
        ]
        (scene.work / "tfevent.yaml").write_text("\n".join(["destinations:", *lines, ""]))
        run(scene, code=1)
        got = {
            name: sorted(json.loads(request.body)["title"] for request in one.accepted) for name, one in kinds.items()
        }
    title = "prod: 2 stacks, 1 changed, 1 failed"
    assert got == {
        "plain": [FAILED, title], "parent": [title], "children": ["a: 1 created", FAILED],
        "both": ["a: 1 created", FAILED, title],
    }  # fmt: skip
    text = scene.events(
        "preview", next(one["id"] for one in scene.recorded() if one["title"][0] == "a"), "--to", "plain"
    )
    assert b"units of a run of many stacks that did not fail are not delivered to it (`stacks: failed`)" in text.stderr


def test_the_tree_has_failures_first_and_units_without_an_event(scene):
    unit(scene, "a")
    unit(scene, "b", "fail", after=["a"])
    unit(scene, "c", after=["b"])
    unit(scene, "d", "same")
    run(scene, code=1)
    shown = scene.events("show", "last", "--tree").stdout.decode().splitlines()
    assert shown[0].startswith("prod: 4 stacks, 1 changed, 1 failed, 1 not reached  partial")
    assert [line[3:].partition("  ")[0] for line in shown[1:]] == [FAILED, "a: 1 created", "c", "d"]
    assert shown[3:] == ["├─ c  not reached  b failed", "└─ d  unchanged"]
    cut = scene.events("show", "last", "--tree", "--limit", "1").stdout.decode().splitlines()
    assert cut[1].startswith(f"├─ {FAILED}")
    assert cut[2:] == ["└─ … and 3 more"]
    story = scene.events("show", parents(scene)["id"]).stdout.decode()
    assert "units      4 in all, 1 changed, 1 failed, 1 not reached, 1 unchanged\n" in story
    assert "  not reached   c  b failed\n" in story


def test_a_locked_journal_leaves_the_whole_to_the_next_command(scene):
    unit(scene, "a")
    unit(scene, "b", "same")
    scene.events("list")  # makes the journal
    holder = (
        "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1],isolation_level=None);"
        "c.execute('begin exclusive'); open(sys.argv[2],'w').close(); time.sleep(float(sys.argv[3]))"
    )
    script = (
        f'{LOOP}; python3 -c "{holder}" {scene.state}/journal.db {scene.work}/held 60 > /dev/null 2>&1 &'
        f" echo $! > {scene.work}/pid; while [ ! -e {scene.work}/held ]; do sleep 0.05; done"
    )
    scene.script(scene.work / "loop", script.replace(f"{LOOP}; ", f"{LOOP}\n"))
    done = run(scene, "run", "--stacks", "--", "./loop")
    os.kill(int((scene.work / "pid").read_text()), signal.SIGKILL)
    assert b"the next tfevent command" in done.stderr
    assert states(parents(scene)) == {"a": "changed", "b": "unchanged"}


@pytest.mark.slow
@pytest.mark.skipif(not binaries(), reason="needs terraform")
def test_real_terraform_under_the_stand_in_for_terragrunt(scene):
    ready(scene, binaries()[0].path)
    real = {"main.tf": 'variable "size" {}\nresource "terraform_data" "x" {\n  input = var.size\n}\n'}
    broken = {
        "main.tf": 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n'
    }
    shared = {**real, "../common.auto.tfvars": ""}
    unit(scene, "vpc", **{**shared, "terraform.tfvars": "size = 1\n"})
    unit(scene, "db", after=["vpc"], **broken)
    unit(scene, "app", after=["db"], **real)
    run(scene, code=1)
    event = parents(scene)
    assert event["title"] == "prod: 3 stacks, 1 changed, 1 failed, 1 not reached"
    assert event["failures"][0]["address"] == "db: terraform_data.x"
    assert event["failures"][0]["summary"] == "local-exec provisioner error"


def test_the_stand_in_for_terragrunt_stays_small():
    assert len((SUPPORT / "terragrunt.py").read_text().splitlines()) <= 60
