"""Planted secrets in a real run: wherever terraform puts them, nothing of ours has them afterwards."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import secrets
from tests.support.live import APPLY, Stack, checkpoint
from tests.support.receiver import Receiver
from tests.support.secrets import AWKWARD, MULTI_LINE, PASSWORD, PEM, TOKENS, assert_nowhere
from tests.support.terraform import binaries

SEMATEXT_TOKEN = "0b1ec7ed-" + "4a5e-4c0f-8f3e-planted0token"
HOOK_KEY = "hook-" + "pl4nted-Key-9qZ"
KEY = "pl4nted-" + "for-each-Key-8Zq"
BY_FILE = "pl4nted-" + "tfvars-Value-7Yw"
IN_ENVIRONMENT = "pl4nted-" + "environment-Value-6Xv"
IN_REMOTE = "pl4nted-" + "remote-Value-5Wu"
BY_NAME = "pl4nted-" + "by-its-name-4Vt"
HARD_CODED = TOKENS["github"]
IN_JSON = TOKENS["slack"]
PLANTED = (
    *(SEMATEXT_TOKEN, HOOK_KEY, KEY, BY_FILE, IN_ENVIRONMENT, IN_REMOTE, BY_NAME, HARD_CODED, IN_JSON),
    *(PASSWORD, AWKWARD, MULTI_LINE, PEM),
)
MAIN = """\
variable "flag" {
  sensitive = true
}
variable "awkward" {
  sensitive = true
}
variable "lines" {
  sensitive = true
}
variable "file" {
  sensitive = true
}
variable "key" {
  sensitive = true
}
# terraform_data copies its input to an output that is not marked
resource "terraform_data" "whole" {
  input = var.flag
}
resource "terraform_data" "copy" {
  input = "copied: ${terraform_data.whole.output}"
}
resource "terraform_data" "many" {
  for_each = toset([nonsensitive(var.key)])
  input    = [nonsensitive(var.awkward), { x = nonsensitive(var.lines) }, var.file]
}
resource "terraform_data" "plain" {
  input = {
    db_password = "BY_NAME"
    token       = "HARD_CODED"
    document    = jsonencode({ outer = { slack = "IN_JSON", api_key = nonsensitive(var.file) } })
    text        = "a line with HARD_CODED in it"
    script      = <<-EOT
      export PGPASSWORD=BY_NAME
      curl -u admin:${nonsensitive(var.file)} https://admin:BY_NAME@db.example.com/
    EOT
  }
}
resource "terraform_data" "key" {
  input = <<-EOT
PEM
  EOT
}
output "marked" {
  value     = { password = var.flag, lines = var.lines }
  sensitive = true
}
output "unmarked" {
  value = terraform_data.whole.output
}
"""
PROVISIONER = """\
resource "terraform_data" "work" {
  depends_on = [terraform_data.plain]
  provisioner "local-exec" {
    command = "touch ready; BEFORE echo '${nonsensitive(var.file)}' HARD_CODED; echo \\"$LEAKED_PASSWORD\\" >&2; AFTER"
  }
  provisioner "local-exec" {
    command = "printf '%s' \\"$X\\""
    environment = {
      X = nonsensitive(var.lines)
    }
  }
}
"""
PRECONDITION = """\
locals {
  others = "${nonsensitive(var.lines)}, ${nonsensitive(var.file)}"
}
resource "terraform_data" "checked" {
  lifecycle {
    precondition {
      condition     = terraform_data.copy.output == "good"
      error_message = "Not ${terraform_data.copy.output}, ${nonsensitive(var.awkward)}, ${local.others}."
    }
  }
}
"""


def code(*parts, before="", after="true"):
    text = MAIN + "".join(parts).replace("BEFORE", before).replace("AFTER", after)
    for name in ("BY_NAME", "HARD_CODED", "IN_JSON", "PEM"):
        text = text.replace(name, globals()[name])
    return text


class Watched:
    """A stack with secrets in every place that can hold one, two receivers, and all that tfevent ever printed."""

    def __init__(self, folder: Path, sematext: Receiver, webhook: Receiver) -> None:
        self.receivers = (sematext, webhook)
        self.stack = Stack(
            folder,
            env={
                "TF_VAR_awkward": AWKWARD,
                "TF_VAR_lines": MULTI_LINE,
                "LEAKED_PASSWORD": IN_ENVIRONMENT,
                "TFEVENT_SEMATEXT_TOKEN": SEMATEXT_TOKEN,
                "TFEVENT_SEMATEXT_RECEIVER": sematext.url,
                "TFEVENT_WEBHOOK_URL": f"{webhook.url}/{HOOK_KEY}?key={HOOK_KEY}",
            },
        )
        self.stack.write(f"file = {json.dumps(BY_FILE)}\nkey = {json.dumps(KEY)}\n", "terraform.tfvars")
        self.printed: list[str] = []
        if shutil.which("git"):
            for words in ("init -q", f"remote add origin https://robot:{IN_REMOTE}@git.example.com/x.git"):
                subprocess.run(["git", *words.split()], cwd=self.stack.code, env=self.stack.env, check=True)

    def line(self, line):
        """The command line, with a secret in it."""
        return f"{line} {shlex.quote(f'-var=flag={PASSWORD}')}"

    def run(self, line, *, stdin="", **env):
        done = self.stack.run(self.line(line), stdin=stdin, **env)
        self.printed += done.own
        return done

    def look(self):
        """Everything that `tfevent events` can print, its stderr too."""
        newest = self.stack.recorded()[-1]["id"]
        for line in (
            *("list", "list --json", "list --undelivered", "doctor", "flush"),
            *(f"show {newest}", f"show --json {newest}", f"show --markdown {newest}"),
        ):
            done = self.stack.events(line)
            self.printed += [done.out, done.err]

    def assert_clean(self, planted=PLANTED):
        assert not self.stack.runs
        assert self.printed
        assert_nowhere(planted, *self.printed)
        checkpoint(self.stack.state / "journal.db")
        assert (self.stack.state / "journal.db").exists()
        assert_nowhere(planted, self.stack.home)
        for receiver in self.receivers:
            for request in receiver.received:
                assert_nowhere(planted, request.body, json.dumps(request.headers))


@pytest.fixture
def watched(tmp_path):
    with Receiver() as sematext, Receiver() as webhook:
        yield Watched(tmp_path, sematext, webhook)


def test_the_check_itself_finds_each_secret(tmp_path):
    """Or else all the others would hold nothing."""
    for secret in PLANTED:
        for form in (secret, json.dumps({"text": secret}), json.dumps(json.dumps(secret)), secret.encode().hex()):
            path = tmp_path / "file"
            path.write_text(form)
            with pytest.raises(AssertionError):
                assert_nowhere([secret], path)


def test_an_apply(watched):
    watched.stack.write(code(PROVISIONER))
    done = watched.run(APPLY)
    assert done.code == 0, done.err
    assert HARD_CODED in done.out  # terraform itself prints it: there was something to leak
    event = watched.stack.event()
    assert event["outcome"] == "succeeded"
    assert event["summary"]["counts"]["create"] == 6
    assert [len(receiver.accepted) for receiver in watched.receivers] == [1, 1]
    watched.look()
    watched.assert_clean()


def test_an_apply_whose_provisioner_fails(watched):
    watched.stack.write(code(PROVISIONER, after="exit 3"))
    done = watched.run(APPLY)
    assert done.code == 1
    assert BY_FILE in done.err
    assert IN_ENVIRONMENT in done.err
    event = watched.stack.event()
    assert event["outcome"] == "partial"
    assert "exit status 3" in event["failures"][0]["detail"]
    assert [len(receiver.accepted) for receiver in watched.receivers] == [1, 1]
    watched.look()
    watched.assert_clean()


def test_an_apply_whose_precondition_fails(watched):
    watched.stack.write(code(PRECONDITION))
    done = watched.run(APPLY)
    assert done.code == 1
    assert AWKWARD in done.err
    assert "Not" in watched.stack.event()["failures"][0]["detail"]
    watched.look()
    watched.assert_clean()


@pytest.mark.e2e
def test_an_update_that_rotates_them(watched):
    watched.stack.write(code())
    assert watched.run(APPLY).code == 0
    rotated = "rot4ted-" + "Value-3Us"
    watched.stack.write(code().replace(BY_NAME, rotated))
    assert watched.stack.run(f"{APPLY} -var=flag={rotated}").code == 0
    watched.look()
    watched.assert_clean()
    assert_nowhere([rotated], watched.stack.home, *watched.printed)
    changed = {item["path"] for change in watched.stack.event()["changes"] for item in change["attributes"]}
    assert any("db_password" in path for path in changed)


@pytest.mark.e2e
@pytest.mark.parametrize("line", ["plan", "plan -out=p", "apply", f"{APPLY} -json"])
def test_other_ways_to_run(watched, line):
    watched.stack.write(code(PROVISIONER))
    done = watched.run(line, stdin="no\n", TFEVENT_PLANS="send")
    assert done.code == (1 if line == "apply" else 0), done.err
    watched.look()
    watched.assert_clean()


@pytest.mark.e2e
def test_a_destroy(watched):
    watched.stack.write(code())
    assert watched.run(APPLY).code == 0
    assert watched.run("destroy -auto-approve").code == 0
    watched.look()
    watched.assert_clean()


@pytest.mark.e2e
def test_a_plan_that_fails(watched):
    """There is no plan then to say what is secret: one of these only the state knows, the others the variables."""
    watched.stack.write(code())
    assert watched.stack.terraform(watched.line(APPLY)).code == 0
    kept = "  input = var.flag\n  lifecycle {\n    ignore_changes = [input]\n  }\n"
    watched.stack.write(code(PRECONDITION).replace("  input = var.flag\n", kept))
    done = watched.stack.run(f"{APPLY} -var=flag=another")
    watched.printed += done.own
    assert done.code == 1
    for secret in (PASSWORD, AWKWARD, BY_FILE):
        assert secret in done.err
    event = watched.stack.event()
    assert event["outcome"] == "failed"
    assert "Not " in event["failures"][0]["detail"]
    watched.look()
    watched.assert_clean()


@pytest.mark.e2e
def test_a_run_distinguished_from_its_states(watched):
    watched.stack.write('{"version": 3, "backend": {"type": "remote", "config": {}}}', ".terraform/terraform.tfstate")
    script = watched.stack.home / "terraform"
    script.write_text(f'#!/bin/sh\nTF_DATA_DIR=elsewhere exec {binaries()[0].path} "$@"\n')
    script.chmod(0o755)
    watched.stack.write(code(PROVISIONER))
    done = watched.run(APPLY, TFEVENT_TF_BINARY=str(script))
    assert done.code == 0, done.err
    assert watched.stack.event()["summary"]["counts"]["create"] == 6
    watched.look()
    # states keep no variables, and of these two nonsensitive() has taken every mark that states do keep
    watched.assert_clean([secret for secret in PLANTED if secret not in {KEY, AWKWARD}])


@pytest.mark.parametrize("when", [pytest.param("question", marks=pytest.mark.e2e), "apply"])
def test_a_run_that_is_killed(watched, when):
    watched.stack.write(code(PROVISIONER, before="sleep 0.3;", after="exit 3"))
    with watched.stack.start(watched.line("apply" if when == "question" else APPLY)) as session:
        if when == "question":
            session.expect("Enter a value:")
        else:
            session.expect_file(watched.stack.code / "ready")
        session.signal(signal.SIGKILL)
        session.expect_that(lambda: "terraform" not in session.left(), "the end of terraform")
    assert secrets.found_in(PLANTED, b"".join(path.read_bytes() for path in watched.stack.runs[0].iterdir()))
    event = watched.stack.event()
    assert event["outcome"] == ("cancelled" if when == "question" else "partial")
    watched.look()
    watched.assert_clean()


def corpus_plans():
    folder = Path(__file__).parents[3] / "shared/corpus/plans"
    return sorted(folder.rglob("*.json"))[:400] if folder.is_dir() else []


def masked(value, mask):
    """Every text that stands under a mark."""
    if mask is True:
        yield from texts(value)
    elif isinstance(mask, dict) and isinstance(value, dict):
        for name, inner in mask.items():
            yield from masked(value.get(name), inner)
    elif isinstance(mask, list) and isinstance(value, list):
        for item, inner in zip(value, mask, strict=False):
            yield from masked(item, inner)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def sensitive_in(document):
    found = set()
    for item in (*document.get("resource_changes", ()), *document.get("output_changes", {}).values()):
        change = item.get("change", item)
        for side in ("before", "after"):
            found |= set(masked(change.get(side), change.get(f"{side}_sensitive")))
    return {text for text in found if len(text) >= 12 and not text.isdigit()}


@pytest.mark.e2e
@pytest.mark.skipif(not corpus_plans(), reason="the corpus is not here")
def test_a_summary_prints_nothing_that_a_plan_marks(tmp_path):
    stack = Stack(tmp_path)
    looked_at = 0
    for path in corpus_plans():
        with contextlib.suppress(ValueError, UnicodeDecodeError, AttributeError):
            found = sensitive_in(json.loads(path.read_text("utf-8-sig")))
            if not found:
                continue
            looked_at += 1
            for form in ("", "--json", "--markdown"):
                done = stack.events(f"summarize {form} {shlex.quote(str(path))}")
                assert done.code == 0, done.err
                assert_nowhere(found, done.out, done.err)
    assert looked_at
