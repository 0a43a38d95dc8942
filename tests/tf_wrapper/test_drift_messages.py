"""What terraform's messages say of a check: how many drifted, what is pending, and why nothing is known."""

from __future__ import annotations

import json

import pytest

from change_events.redact import Redactor
from tf_wrapper.drift.messages import Messages
from tf_wrapper.drift.variables import variable_words


def messages(*lines):
    found = Messages()
    for line in lines:
        found.take(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    return found


def error(summary, detail="", **more):
    return {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": detail, **more}}


def test_figures_are_those_of_the_messages():
    found = messages(
        {"type": "version", "terraform": "1.15.5"},
        {"type": "refresh_start", "hook": {"resource": {"addr": 'x["\\"resource_drift\\""]'}}},
        {"type": "resource_drift", "change": {"action": "update"}},
        {"type": "planned_change", "change": {"action": "create"}},
        {"type": "planned_change", "change": {"action": "create"}},
        {"type": "planned_change", "change": {"action": "read"}},
        {"type": "planned_change", "change": {"action": "noop"}},
        {"type": "planned_change", "change": {"action": "a word to come"}},
        {"type": "outputs", "outputs": {"a": {"action": "update"}, "b": {"action": "noop"}, "c": {"value": 1}}},
        {"type": "change_summary", "changes": {}},
        b"{broken\n",
        b"not a message\n",
    )
    assert (found.version, found.drifts, found.planned) == ("1.15.5", 1, True)
    assert {word: n for word, n in found.counts.items() if n} == {"create": 2, "a word to come": 1, "outputs": 1}


LOCK = (
    "ConditionalCheckFailed\n\nLock Info:\n  ID: 1\n  Path: s\n  Who:       alice@laptop\n  Created:   2026-11-30 10:00"
)
PLACE = {"range": {"filename": "main.tf", "start": {"line": 3}}}


@pytest.mark.parametrize(
    ("summary", "detail", "more", "kind", "text"),
    [
        ("Error acquiring the state lock", LOCK, {}, "locked", "locked by alice@laptop since 2026-11-30 10:00"),
        ("Error acquiring the state lock", "", {}, "locked", "locked"),
        ('Backend initialization required, please run "terraform init"', "", {}, "not_initialised", "Backend init"),
        ("Module not installed", "Run terraform init.", PLACE, "not_initialised", "Module not installed"),
        ("Inconsistent dependency lock file", "… run:\n terraform init", {}, "not_initialised", "dependency lock"),
        ("Required plugins are not installed", "run tofu init", {}, "not_initialised", "plugins"),
        ("No valid credential sources found", "", PLACE, "credentials", "No valid credential"),
        ("reading EC2 Instance: 403", "AccessDenied: not allowed", {}, "credentials", "reading EC2"),
        ("Invalid character", "x", PLACE, "configuration", "main.tf: Invalid character"),
        ("Provider crashed", "", {}, "failed", "Provider crashed"),
    ],
)
def test_a_reason_has_a_kind_and_the_tools_own_words(summary, detail, more, kind, text):
    reason = messages(error(summary, detail, **more), error("Second error")).reason(Redactor())
    assert reason.kind == kind
    assert text in reason.text


def test_an_error_outside_of_the_messages_is_the_reason_too():
    lines = (b"\n", "│ Error: Invalid CLI configuration\n".encode(), b"more error text\n")
    assert messages(*lines).reason(Redactor()).text == "Invalid CLI configuration"
    assert messages(b"nothing of use\n").reason(Redactor()) == ("failed", "terraform failed without a message")


def test_a_reason_quotes_no_secret():
    redactor = Redactor()
    redactor.remember("hunter2-hunter2")
    text = messages(error("token hunter2-hunter2 refused")).reason(redactor).text
    assert "hunter2" not in text


def test_variables_of_the_environment_hold_and_nothing_else_of_it():
    environ = {
        "TF_CLI_ARGS": "-var a=1 -lock=true -state=old.tfstate",
        "TF_CLI_ARGS_plan": "-out=plan -var-file=prod.tfvars --var 'b=2 3' -refresh=false -target x.y -destroy",
        "TF_CLI_ARGS_apply": "-var c=3",
    }
    assert variable_words(environ, ["last.tfvars"]) == [
        "-var-file=prod.tfvars", "-var=b=2 3", "-var=a=1", "-state=old.tfstate", "-var-file=last.tfvars",
    ]  # fmt: skip
    assert variable_words({}, []) == []
    assert variable_words({"TF_CLI_ARGS": "-var a=`id`"}, []) is None
