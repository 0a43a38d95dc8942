"""The truth: what an event says of a real run is what that run really did."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from tests.support.live import APPLY, TFEVENT, Stack, applied, attributes, changes, counts, figures, outcomes
from tests.support.pty import PIPES, TERMINAL
from tests.support.selection import slow
from tests.support.terraform import binaries

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CTRL_C = "\x03"
ONE = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
TWO = ONE.replace("one", "two")
NONE = "# nothing\n"
# fails after `a` and `b` are done and before `never` is begun; `slow` is in the middle of its work then
HALF_WAY = """\
resource "terraform_data" "ok" {
  count = 2
}
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "until test -e failed; do sleep 0.02; done"
  }
}
resource "terraform_data" "bad" {
  input = terraform_data.ok[0].id
  provisioner "local-exec" {
    command = "touch failed; exit 7"
  }
}
resource "terraform_data" "never" {
  input = terraform_data.bad.output
}
"""
# takes an interrupt while `slow` is at work: terraform finishes nothing of it and does not begin `next`
INTERRUPTED = """\
resource "terraform_data" "first" {
}
resource "terraform_data" "slow" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    command = "trap '' INT TERM HUP; touch ready; exec sleep 60"
  }
}
resource "terraform_data" "next" {
  input = terraform_data.slow.id
}
"""


@pytest.fixture
def stack(tmp_path):
    return Stack(tmp_path)


def prepared(stack, code):
    """Bring the stack to where the test begins, with bare terraform."""
    stack.write(code)
    done = stack.terraform(APPLY)
    assert done.code == 0, done.err
    return stack


# -- one action each ------------------------------------------------------------------------------------------------


def test_create(stack):
    assert stack.apply(ONE + 'output "o" {\n  value = "shown"\n}\n').code == 0
    event = stack.event()
    assert UUID7.fullmatch(event["id"])
    assert (event["kind"], event["phase"], event["outcome"]) == ("infrastructure", "applied", "succeeded")
    assert event["started_at"] < event["ended_at"]
    assert counts(event) == {"create": 1, "outputs": 1}
    assert applied(event) == {"create": 1}
    assert event["summary"]["by_type"] == {"terraform_data": 1}
    change = changes(event)["terraform_data.a"]
    assert (change["action"], change["outcome"]) == ("create", "applied")
    state = json.loads((stack.code / "terraform.tfstate").read_bytes())
    assert change["id"] == state["resources"][0]["instances"][0]["attributes"]["id"]
    assert change["source"] == {"file": "main.tf", "line": 1}
    assert attributes(change)["input"] == ("absent", '"one"')
    [output] = event["outputs"]
    assert (output["name"], output["action"], output["after"]["text"]) == ("o", "create", '"shown"')
    assert "failures" not in event
    assert not stack.runs


def test_update_reports_each_attribute_before_and_after(stack):
    prepared(stack, ONE)
    assert stack.apply(TWO).code == 0
    event = stack.event()
    assert counts(event) == applied(event) == {"update": 1}
    change = changes(event)["terraform_data.a"]
    assert change["outcome"] == "applied"
    assert attributes(change) == {"input": ('"one"', '"two"'), "output": ('"one"', "unknown")}


@pytest.mark.parametrize("create_first", [slow(False), True])
def test_a_replacement_counts_once_and_has_its_reason(stack, create_first):
    code = ONE.replace(
        "}\n", f"  triggers_replace = 1\n  lifecycle {{\n    create_before_destroy = {create_first}\n  }}\n}}\n"
    )
    code = code.replace("True", "true").replace("False", "false")
    prepared(stack, code)
    assert stack.apply(code.replace("triggers_replace = 1", "triggers_replace = 2")).code == 0
    event = stack.event()
    assert counts(event) == applied(event) == {"replace": 1}
    assert figures(event) == {"applied": 1}
    [change] = event["changes"]
    assert change.get("create_before_destroy", False) is create_first
    assert change["reason"] == "replace_because_cannot_update"
    assert change["replace_paths"] == ["triggers_replace"]
    forcing = [item["path"] for item in change["attributes"] if item.get("forces_replacement")]
    assert forcing == ["triggers_replace"]


@pytest.mark.parametrize(
    ("line", "code"), [("destroy -auto-approve", ONE), slow(f"{APPLY} -destroy", ONE), slow(APPLY, NONE)]
)
def test_destroy(stack, line, code):
    prepared(stack, ONE)
    assert stack.apply(code, line).code == 0
    event = stack.event()
    assert counts(event) == applied(event) == {"destroy": 1}
    assert changes(event)["terraform_data.a"]["outcome"] == "applied"
    assert attributes(changes(event)["terraform_data.a"])["input"] == ('"one"', "absent")


@pytest.mark.e2e
def test_moved(stack):
    prepared(stack, ONE)
    code = ONE.replace('"a"', '"z"') + "moved {\n  from = terraform_data.a\n  to   = terraform_data.z\n}\n"
    assert stack.apply(code).code == 0
    event = stack.event()
    assert event["outcome"] == "succeeded"
    assert counts(event)["move"] == applied(event)["move"] == 1
    change = changes(event)["terraform_data.z"]
    assert (change["previous_address"], change["outcome"]) == ("terraform_data.a", "applied")


@pytest.mark.e2e
def test_import(stack):
    assert (
        stack.apply('resource "terraform_data" "a" {\n}\nimport {\n  to = terraform_data.a\n  id = "given"\n}\n').code
        == 0
    )
    event = stack.event()
    assert counts(event)["import"] == applied(event)["import"] == 1
    change = changes(event)["terraform_data.a"]
    assert (change["importing"], change["import_id"], change["outcome"]) == (True, "given", "applied")


@pytest.mark.e2e
def test_forget(stack):
    prepared(stack, ONE)
    assert stack.apply("removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}\n").code == 0
    event = stack.event()
    assert counts(event) == applied(event) == {"forget": 1}
    assert changes(event)["terraform_data.a"]["action"] == "forget"


@pytest.mark.e2e
def test_outputs_only(stack):
    prepared(stack, 'output "o" {\n  value = 1\n}\n')
    assert stack.apply('output "o" {\n  value = 2\n}\n').code == 0
    event = stack.event()
    assert (event["outcome"], counts(event)) == ("succeeded", {"outputs": 1})
    [output] = event["outputs"]
    assert (output["action"], output["before"]["text"], output["after"]["text"]) == ("update", "1", "2")
    assert "changes" not in event


@pytest.mark.e2e
def test_target_changes_what_it_names_and_nothing_else(stack):
    assert stack.apply(ONE + ONE.replace('"a"', '"b"'), f"{APPLY} -target=terraform_data.b").code == 0
    event = stack.event()
    assert outcomes(event) == {"terraform_data.b": "applied"}
    assert event["tool"]["command"] == f"terraform {APPLY} -target=terraform_data.b"


@pytest.mark.e2e
def test_replace_on_request(stack):
    prepared(stack, ONE)
    assert stack.apply(ONE, f"{APPLY} -replace=terraform_data.a").code == 0
    [change] = stack.event()["changes"]
    assert (change["action"], change["reason"]) == ("replace", "replace_by_request")


@pytest.mark.e2e
def test_refresh_only_is_recorded_when_it_writes_something(stack):
    prepared(stack, 'variable "v" {\n  default = 1\n}\noutput "o" {\n  value = var.v\n}\n')
    assert stack.run(f"{APPLY} -refresh-only -var v=2").code == 0
    event = stack.event()
    assert event["outcome"] == "succeeded"
    assert counts(event) == {"outputs": 1}


def test_no_change_is_no_record_unless_it_is_asked_for(stack):
    prepared(stack, ONE)
    done = stack.apply()
    assert (done.code, done.own) == (0, [])
    assert stack.recorded() == []
    assert stack.apply(TFEVENT_REPORT="always").code == 0
    assert stack.event()["outcome"] == "no_change"
    assert not stack.runs


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_half_way_distinguishes_applied_failed_and_not_attempted(stack):
    assert stack.apply(HALF_WAY).code == 1
    event = stack.event()
    assert (event["outcome"], event["severity"], event["tool"]["exit_code"]) == ("partial", "error", 1)
    assert outcomes(event) == {
        "terraform_data.ok[0]": "applied",
        "terraform_data.ok[1]": "applied",
        "terraform_data.slow": "applied",
        "terraform_data.bad": "failed",
        "terraform_data.never": "not_attempted",
    }
    assert figures(event) == {"applied": 3, "failed": 1, "not_attempted": 1}
    assert counts(event) == {"create": 5}
    assert applied(event) == {"create": 3}
    [failure] = event["failures"]
    assert (failure["address"], failure["file"], failure["line"]) == ("terraform_data.bad", "main.tf", 11)
    assert "exit status 7" in failure["detail"]
    assert failure["summary"] == "local-exec provisioner error"
    bad = changes(event)["terraform_data.bad"]
    assert bad["note"] == "created, but a provisioner failed: it is tainted"
    assert bad["error"].splitlines()[0] == failure["summary"]
    assert "1 failed" in event["title"]


def test_a_replacement_that_fails_half_way_says_that_it_is_gone(stack):
    code = 'resource "terraform_data" "a" {\n  triggers_replace = 1\n  provisioner "local-exec" {\n'
    code += '    command = "true"\n  }\n}\n'
    prepared(stack, code)
    assert stack.apply(code.replace("= 1", "= 2").replace("true", "false")).code == 1
    event = stack.event()
    [change] = event["changes"]
    assert (change["action"], change["outcome"]) == ("replace", "failed")
    assert change["note"].startswith("the old one is destroyed, the new one created, but a provisioner failed")
    assert counts(event) == {"replace": 1}
    assert applied(event) == {}


@pytest.mark.e2e
def test_the_first_resource_fails(stack):
    code = 'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "false"\n  }\n}\n'
    assert stack.apply(code + 'resource "terraform_data" "b" {\n  input = terraform_data.a.id\n}\n').code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert outcomes(event) == {"terraform_data.a": "failed", "terraform_data.b": "not_attempted"}


@pytest.mark.e2e
def test_a_precondition_that_fails_at_apply(stack):
    code = """\
resource "terraform_data" "first" {
  input = "bad"
}
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = terraform_data.first.output == "good"
      error_message = "The first is not good."
    }
  }
}
"""
    assert stack.apply(code).code == 1
    event = stack.event()
    assert event["outcome"] == "partial"
    assert outcomes(event) == {"terraform_data.first": "applied", "terraform_data.a": "failed"}
    [failure] = event["failures"]
    assert "The first is not good." in failure["detail"]


def test_a_plan_that_fails_applies_nothing(stack):
    assert stack.apply(ONE + 'resource "terraform_data" "b" {\n  input = nonsense.x.y\n}\n').code == 1
    event = stack.event()
    assert (event["phase"], event["outcome"]) == ("applied", "failed")
    [failure] = event["failures"]
    assert failure["summary"] == "Reference to undeclared resource"
    assert (failure["file"], failure["line"]) == ("main.tf", 5)
    assert figures(event) == {}


@pytest.mark.e2e
def test_a_syntax_error(stack):
    assert stack.apply('resource "terraform_data" {\n').code == 1
    assert stack.event()["outcome"] == "failed"
    assert stack.event()["failures"]


@pytest.mark.e2e
def test_an_uninitialised_directory(stack):
    code = 'terraform {\n  required_providers {\n    nope = {\n      source = "example.invalid/x/nope"\n    }\n  }\n}\n'
    assert stack.apply(code + 'resource "nope_thing" "a" {\n}\n').code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert any("init" in json.dumps(failure) for failure in event["failures"])


# -- what people and signals do -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "code", "outcome"), [("no\n", 1, "declined"), ("yes\n", 0, "succeeded")])
def test_the_answer(stack, typed, code, outcome):
    stack.write(ONE)
    assert stack.run("apply", stdin=typed).code == code
    event = stack.event()
    assert event["outcome"] == outcome
    assert outcomes(event) == {"terraform_data.a": "applied" if code == 0 else "not_attempted"}


@pytest.mark.parametrize("line", ["apply -input=false", slow("destroy")])
def test_a_pipeline_without_auto_approve_fails(stack, line):
    prepared(stack, ONE) if line == "destroy" else stack.write(ONE)
    assert stack.run(line).code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert [failure["summary"] for failure in event["failures"]] == ["error asking for approval: EOF"]


@pytest.mark.e2e
def test_end_of_input_at_the_question(stack):
    stack.write(ONE)
    assert stack.run("apply").code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert [failure["summary"] for failure in event["failures"]] == ["error asking for approval: EOF"]
    assert figures(event) == {"not_attempted": 1}


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("line", "environ", "typed", "code", "outcome"),
    [
        ("apply", {}, "\x04", 1, "failed"),  # Ctrl-D
        ("apply -input=false", {}, "yes\n", 0, "succeeded"),
        ("apply", {"TF_INPUT": "0"}, "yes\n", 0, "succeeded"),
        ("apply", {"TF_INPUT": "0"}, "no\n", 1, "declined"),
        ("apply", {}, "\n", 1, "declined"),
    ],
)
def test_answers_on_a_terminal(stack, line, environ, typed, code, outcome):  # noqa: PLR0917 - a row of the table
    stack.write(ONE)
    stack.env |= environ
    with stack.start(line, TERMINAL) as session:
        session.expect("Enter a value:")
        session.type(typed)
        assert session.finish().code == code
    assert stack.event()["outcome"] == outcome


@pytest.mark.e2e
def test_yes_without_a_line_break_is_no_answer(stack):
    stack.write(ONE)
    assert stack.run("apply", stdin="yes").code == 1
    assert stack.event()["outcome"] == "failed"


@pytest.mark.e2e
def test_ctrl_c_at_the_question(stack):
    stack.write(ONE)
    with stack.start("apply", TERMINAL) as session:
        session.expect("Enter a value:")
        session.type(CTRL_C)
        assert session.finish().code == 1
    event = stack.event()
    assert event["outcome"] == "cancelled"
    assert figures(event) == {"not_attempted": 1}


@pytest.mark.e2e
@pytest.mark.parametrize("how", ["keys", signal.SIGINT, signal.SIGTERM], ids=str)
def test_an_interrupted_apply_reports_what_was_done_by_then(stack, how):
    stack.write(INTERRUPTED)
    with stack.start(APPLY, TERMINAL if how == "keys" else PIPES) as session:
        session.expect_file(stack.code / "ready")
        session.type(CTRL_C) if how == "keys" else session.signal(how)
        assert session.finish().code == 1
    event = stack.event()
    assert event["outcome"] == "cancelled"
    found = outcomes(event)
    assert found["terraform_data.first"] == "applied"
    assert found["terraform_data.slow"] == "failed"
    assert found["terraform_data.next"] == "not_attempted"
    assert applied(event) == {"create": 1}


# -- plans ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["plan", slow("plan -out=p")])
def test_a_plan_is_marked_as_one_and_stays_in_the_journal(stack, line):
    stack.write(ONE)
    assert stack.run(line, TFEVENT_WEBHOOK_URL="http://127.0.0.1:9/").code == 0
    event = stack.event()
    assert (event["phase"], event["outcome"], event["tool"]["exit_code"]) == ("planned", "succeeded", 0)
    assert outcomes(event) == {"terraform_data.a": "planned"}
    assert counts(event) == {"create": 1}
    assert applied(event) == figures(event) == {}
    assert stack.recorded()[0]["deliveries"] == []
    assert ("plan" in event["tool"]) is (line != "plan"), "a plan file of our own is applied by nobody"


@pytest.mark.e2e
def test_a_plan_that_fails_is_failed(stack):
    stack.write("nonsense {\n}\n")
    assert stack.run("plan").code == 1
    event = stack.event()
    assert (event["phase"], event["outcome"]) == ("planned", "failed")


@pytest.mark.e2e
def test_plans_can_be_left_out(stack):
    stack.write(ONE)
    assert stack.run("plan", TFEVENT_PLANS="off").code == 0
    assert stack.recorded() == []


def test_a_saved_plan_is_applied_and_reported(stack):
    stack.write(ONE)
    assert stack.run("plan -out=p").code == 0
    assert stack.run("apply p").code == 0
    planned, done = stack.recorded()
    assert (planned["phase"], done["phase"]) == ("planned", "applied")
    digest = hashlib.sha256((stack.code / "p").read_bytes()).hexdigest()
    assert planned["tool"]["plan"] == done["tool"]["plan"] == digest
    assert [signal["events"] for signal in done["signals"] if signal["name"] == "planned_there"] == [[planned["id"]]]
    assert outcomes(done) == {"terraform_data.a": "applied"}
    assert counts(done) == applied(done) == {"create": 1}


@pytest.mark.e2e
def test_a_stale_plan_is_a_failure_that_did_nothing(stack):
    stack.write(ONE)
    stack.terraform("plan -out=p")
    stack.terraform(APPLY)
    assert stack.run("apply p").code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert figures(event) == {"not_attempted": 1}
    assert [failure["summary"] for failure in event["failures"]] == ["Saved plan is stale"]


@pytest.mark.e2e
@pytest.mark.parametrize("code", [ONE, HALF_WAY], ids=["well", "half-way"])
def test_json_passes_and_is_recorded(stack, code):
    stack.write(code)
    done = stack.run(f"{APPLY} -json")
    messages = [json.loads(line) for line in done.out.splitlines()]
    assert messages[0]["type"] == "version"
    event = stack.event()
    assert event["outcome"] == ("succeeded" if done.code == 0 else "partial")
    assert figures(event)["applied"] == len([m for m in messages if m["type"] == "apply_complete"])


# -- where it happens -----------------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_chdir(stack):
    stack.write(ONE, "live/prod/main.tf")
    assert stack.run(f"-chdir=live/prod {APPLY}").code == 0
    event = stack.event()
    assert event["tool"]["directory"] == str(stack.code / "live/prod")
    assert event["tool"]["command"] == f"terraform -chdir=live/prod {APPLY}"
    assert changes(event)["terraform_data.a"]["source"] == {"file": "main.tf", "line": 1}


@pytest.mark.e2e
@pytest.mark.parametrize("selected", ["by command", "by variable"])
def test_workspaces(stack, selected):
    stack.write(ONE)
    stack.terraform("workspace new prod")
    if selected == "by variable":
        stack.terraform("workspace select default")
        stack.env["TF_WORKSPACE"] = "prod"
    assert stack.apply().code == 0
    assert stack.event()["tool"]["workspace"] == "prod"


def git(stack, *words):
    done = subprocess.run(["git", *words], cwd=stack.code, env=stack.env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_it_was_made_from(stack):
    stack.write(ONE, "live/main.tf")
    stack.write("*.tfstate*\n.terraform*\n", ".gitignore")  # or else terraform's own files make it dirty
    git(stack, "init", "-q", "-b", "trunk")
    git(stack, "remote", "add", "origin", "https://robot:hunter2secret@git.example.com/team/infra.git")
    git(stack, "add", ".")
    git(stack, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", "Make the thing")
    commit = git(stack, "rev-parse", "HEAD")
    assert stack.run(f"-chdir=live {APPLY}").code == 0
    event = stack.event()
    assert event["vcs"] == {
        "repository": "team/infra",
        "remote": "https://git.example.com/team/infra.git",
        "url": "https://git.example.com/team/infra",
        "branch": "trunk",
        "commit": commit,
        "dirty": False,
        "subject": "Make the thing",
        "author": "Ann",
        "path": "live",
    }
    assert changes(event)["terraform_data.a"]["source"] == {"file": "main.tf", "line": 1, "commit": commit}
    stack.write(TWO, "live/main.tf")
    assert stack.run(f"-chdir=live {APPLY}").code == 0
    assert stack.event()["vcs"]["dirty"] is True


@pytest.mark.e2e
def test_the_line_of_a_resource_in_a_module(stack):
    stack.write("# a module\n\n" + ONE, "parts/net/main.tf")
    stack.write('module "net" {\n  source = "./parts/net"\n}\n')
    stack.terraform("init")
    assert stack.apply().code == 0
    event = stack.event()
    change = changes(event)["module.net.terraform_data.a"]
    assert change["module"] == "module.net"
    assert change["source"] == {"file": "parts/net/main.tf", "line": 3}
    assert event["summary"]["by_module"] == {"module.net": 1}


def test_the_trace_goes_in_and_out(stack):
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    code = 'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n'
    code += '    command = "printenv TRACEPARENT > trace"\n  }\n}\n'
    assert stack.apply(code, TRACEPARENT=given).code == 0
    trace = stack.event()["trace"]
    _version, trace_id, span_id, _flags = (stack.code / "trace").read_text().strip().split("-")
    assert trace["trace_id"] == trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert trace["parent_span_id"] == "b7ad6b7169203331"
    assert trace["span_id"] == span_id != trace["parent_span_id"]
    assert trace["run_id"] == stack.event()["id"]
    assert "parent_run_id" not in trace


@pytest.mark.e2e
def test_a_run_within_a_run_is_its_child(stack):
    nested = shlex.join([*TFEVENT, *shlex.split(APPLY)])
    stack.write(ONE, "inner/main.tf")
    code = f"""\
resource "terraform_data" "outer" {{
  provisioner "local-exec" {{
    command     = "{nested}"
    working_dir = "inner"
  }}
}}
"""
    done = stack.apply(code)
    assert done.code == 0, done.err
    outer, inner = stack.recorded()
    assert outcomes(inner) == {"terraform_data.a": "applied"}
    assert inner["trace"]["parent_run_id"] == outer["id"]
    assert inner["trace"]["trace_id"] == outer["trace"]["trace_id"]
    assert inner["trace"]["parent_span_id"] == outer["trace"]["span_id"]
    assert outcomes(outer) == {"terraform_data.outer": "applied"}


# -- where there is no plan of ours: the event comes from the states ------------------------------------------------


def fake(stack, script):
    """Put a script in front of the real terraform, whose path is in $REAL."""
    path = stack.home / "bin/terraform"
    path.parent.mkdir()
    path.write_text(script)
    path.chmod(0o755)
    stack.env |= {"TFEVENT_TF_BINARY": str(path), "REAL": str(binaries()[0].path)}


FUTURE = """\
#!/bin/sh
for word do
  shift
  [ "$word" = -future=yes ] || set -- "$@" "$word"
done
exec "$REAL" "$@"
"""
# terraform keeps its data elsewhere, so that what lies in .terraform is for our eyes only
ELSEWHERE = '#!/bin/sh\nTF_DATA_DIR=elsewhere exec "$REAL" "$@"\n'
REMOTE = '{"version": 3, "backend": {"type": "remote", "config": {}}}'


@pytest.mark.parametrize("why", ["unknown flag", "remote backend"])
def test_a_native_run_is_distinguished_from_its_states(stack, why):
    prepared(stack, ONE + ONE.replace('"a"', '"gone"') + ONE.replace('"a"', '"same"'))
    line = APPLY
    if why == "unknown flag":
        fake(stack, FUTURE)
        line += " -future=yes"
    else:
        fake(stack, ELSEWHERE)
        stack.write(REMOTE, ".terraform/terraform.tfstate")
    done = stack.apply(TWO + ONE.replace('"a"', '"new"') + ONE.replace('"a"', '"same"'), line)
    assert done.code == 0, done.err
    event = stack.event()
    assert (event["phase"], event["outcome"]) == ("applied", "succeeded")
    assert applied(event) == {"create": 1, "update": 1, "destroy": 1}
    assert counts(event) == applied(event) | {"no_op": 1}
    assert outcomes(event) == dict.fromkeys(
        ("terraform_data.a", "terraform_data.gone", "terraform_data.new"), "applied"
    )
    assert attributes(changes(event)["terraform_data.a"])["input"] == ('"one"', '"two"')


@pytest.mark.e2e
def test_a_native_run_that_fails_half_way_reports_what_it_did(stack):
    fake(stack, FUTURE)
    assert stack.apply(HALF_WAY, f"{APPLY} -future=yes").code == 1
    event = stack.event()
    assert event["outcome"] == "partial"
    done = outcomes(event)
    assert done["terraform_data.ok[0]"] == done["terraform_data.ok[1]"] == "applied"
    assert "terraform_data.never" not in done


@pytest.mark.e2e
def test_a_native_run_that_changes_nothing_is_no_record(stack):
    prepared(stack, ONE)
    fake(stack, FUTURE)
    assert stack.apply(ONE, f"{APPLY} -future=yes").code == 0
    assert stack.recorded() == []


# a provider that finds one resource changed and another gone: what it reads is written into the state as refresh does
DRIFT = """\
#!{python}
import json, os, pathlib, subprocess, sys
words = [word for word in sys.argv[1:] if word != "-future=yes"]
code = subprocess.call([os.environ["REAL"], *words])
if "-refresh-only" in words and os.environ.get("DRIFTS"):
    file = pathlib.Path("terraform.tfstate")
    state = json.loads(file.read_text())
    state["serial"] += 1
    state["resources"] = [one for one in state["resources"] if one["name"] != "gone"]
    for one in state["resources"]:
        one["instances"][0]["attributes"]["input"]["value"] = "by hand"
    file.write_text(json.dumps(state))
sys.exit(code)
"""


def test_a_native_refresh_finds_drift_and_changes_no_resource(stack):
    prepared(stack, ONE + ONE.replace('"a"', '"gone"'))
    fake(stack, DRIFT.format(python=sys.executable))
    line = f"{APPLY} -refresh-only -future=yes"
    assert stack.run(line).code == 0
    assert stack.recorded() == []
    assert stack.run(line, DRIFTS="1").code == 0
    event = stack.event()
    assert (event["phase"], event["outcome"]) == ("applied", "succeeded")
    assert event["title"] == "code: state refreshed: 1 changed outside of Terraform, 1 no longer exists"
    assert "changes" not in event
    assert counts(event) == {"drift": 2}
    assert {one["address"]: one["action"] for one in event["drift"]} == {
        "terraform_data.a": "update",
        "terraform_data.gone": "destroy",
    }
    assert event["state"]["command"] == "apply -refresh-only"
    assert event["state"]["serial"] > event["state"]["previous_serial"]


@pytest.mark.e2e
def test_a_native_refresh_that_fails_is_recorded_as_failed(stack):
    prepared(stack, ONE)
    fake(stack, FUTURE)
    stack.write('resource "terraform_data" "a" {\n  input = var.none\n}\n')
    assert stack.run(f"{APPLY} -refresh-only -future=yes").code == 1
    event = stack.event()
    assert event["outcome"] == "failed"
    assert counts(event).keys() <= {"no_op"}


# plays a terraform 0.15: its plans say so, and its apply knows no -json
OLD = """\
#!{python} -S
import os, sys, zipfile
words = sys.argv[1:]
def stamped(path, old, new, copy):
    with zipfile.ZipFile(path) as archive:
        parts = {{name: archive.read(name) for name in archive.namelist()}}
    parts["tfplan"] = parts["tfplan"].replace(old, new)
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return copy
if words[0] == "apply" and "-json" in words:
    sys.exit("flag provided but not defined: -json")
if words[0] in ("apply", "show"):
    words[-1] = stamped(words[-1], b"0.15.5", b"1.11.4", os.environ["HOME"] + "/plan-for-" + words[0])
code = os.spawnv(os.P_WAIT, os.environ["REAL"], ["terraform", *words])
if words[0] == "plan":
    plan = next(word[5:] for word in words if word.startswith("-out="))
    stamped(plan, b"1.11.4", b"0.15.5", plan)
sys.exit(code)
"""


@pytest.mark.e2e
@pytest.mark.skipif(binaries()[0].version != (1, 11, 4), reason="the stand-in stamps plans of 1.11.4")
@pytest.mark.parametrize("fails", [False, True])
def test_before_terraform_1_0_the_plan_and_the_state_show_it(stack, fails):
    fake(stack, OLD.format(python=sys.executable))
    done = stack.apply(HALF_WAY if fails else ONE)
    assert done.code == int(fails), done.err
    event = stack.event()
    found = outcomes(event)
    if fails:
        assert event["outcome"] == "partial"
        assert found["terraform_data.ok[0]"] == "applied"
        assert found["terraform_data.never"] != "applied"
    else:
        assert (event["outcome"], found) == ("succeeded", {"terraform_data.a": "applied"})
