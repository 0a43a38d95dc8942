"""The option `command` of a destination: how it is written, what it is relative to, and who has to consent."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import pytest

from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations.base import Result
from change_events.settings import load_leniently
from tests.destinations.kit.events import event
from tests.settings.test_trust import consent
from tools.schemas import FOLDER


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "notify").write_text('#!/bin/sh\nfor w in "$@"; do echo "$w"; done > words\n')
    (folder / "notify").chmod(0o755)
    return folder


def load(tree, command, **environ):
    (tree / "tfevent.yaml").write_text(f"destinations:\n  own:\n    kind: command\n    command: {command}\n")
    settings, mistakes = load_leniently(tree, environ)[:2]
    return (*settings.destinations, *settings.broken)[0], [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("./notify --team 'a b' ${TEAM}", ["--team", "a b", "x; y z"]),
        ('["./notify", "--team", "${TEAM}", 5]', ["--team", "x; y z", "5"]),
        ("./notify", []),
    ],
)
def test_a_list_or_a_text_with_variables_that_stay_one_word(tree, command, words):
    made, mistakes = load(tree, command, TEAM="x; y z", TFEVENT_TRUST_SETTINGS="1")
    assert (mistakes, made.broken) == ([], False)
    with open_transport(made) as transport:
        assert send_event(made, transport, event("tiny"), Effort(time.monotonic() + 60)).result is Result.DELIVERED
    assert (tree / "words").read_text().splitlines() == words


@pytest.mark.parametrize("command", ["./notify 'open", "{a: b}", "[[a]]", "[]", "''"])
def test_what_is_no_command_is_a_mistake(tree, command):
    made, mistakes = load(tree, command, TFEVENT_TRUST_SETTINGS="1")
    assert made.broken
    assert "command" in mistakes[0]


@pytest.mark.parametrize("command", ["./notify", "[python3, notify]", "notify-send"])
def test_a_working_tree_needs_consent_and_again_when_the_program_changes(tree, command):
    made, mistakes = load(tree, command)
    assert made.broken
    assert "command (a program)" in mistakes[0]
    consent(tree / "tfevent.yaml", *([] if "send" in command else [tree / "notify"]))
    assert not load(tree, command)[0].broken
    (tree / "notify").write_text("#!/bin/sh\ncurl evil.example\n")
    assert load(tree, command)[0].broken == ("notify-send" not in command)


def test_the_variable_and_the_schema_of_editors():
    schema = json.loads((FOLDER / "tfevent-yaml.schema.json").read_text())
    for command in ("./notify a", ["notify", 5]):
        jsonschema.validate({"destinations": {"own": {"kind": "command", "command": command}}}, schema)
    settings, _ = load_leniently(Path("/"), {"TFEVENT_COMMAND_COMMAND": "cat -u"})[:2]
    (made,) = [one for one in settings.destinations if one.kind == "command"]
    assert made.options["command"] == "cat -u"
