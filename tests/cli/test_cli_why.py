"""``tfevent events why`` on a terminal, in a pipe and as JSON; what it finds is tested in tests/history."""

from __future__ import annotations

import json

from tests.cli.sample import partial
from tests.history.past import change, run


def test_the_changes_of_a_resource_are_printed(filled):
    text = filled.events("why", "aws_security_group.web")
    assert "aws_security_group.web" in text.splitlines()[0]
    assert "sg-0a1" in text.splitlines()[0]
    assert f"by ann  {partial().id}" in text
    assert 'description: "by hand" → "web"' in text
    assert '1a2b3c4d5e "Rotate the database password" by Ann Lee' in text
    assert "known since 2026-11-23" in text


def test_json(filled):
    answer = json.loads(filled.events("why", "aws_db_instance.main.password", "--json"))
    (entry,) = answer["entries"]
    (change,) = entry["changes"]
    assert (entry["event"], change["outcome"]) == (partial().id, "failed")
    assert change["attributes"] == [
        {
            "path": "password",
            "before": {"kind": "sensitive", "fingerprint": "aaaaaaaaaaaa"},
            "after": {"kind": "sensitive", "fingerprint": "bbbbbbbbbbbb"},
        }
    ]


def test_an_unknown_address_is_an_error_with_near_matches(filled):
    done = filled.run("why", "aws_db_instance.mian")
    assert done.returncode == 1
    assert b"did you mean aws_db_instance.main" in done.stderr
    assert done.stdout == b""


def test_nothing_in_the_time_asked_for_is_said(filled):
    done = filled.run("why", "aws_db_instance.main", "--since", "2030-01-01")
    assert done.returncode == 0
    assert b"no change of aws_db_instance.main since 2030-01-01" in done.stderr


def test_what_was_done_to_an_entry_of_the_state_is_printed(home):
    api = "terraform_data.api"
    home.fill(
        run(50, change(api, "edit", raw_actions=("add",))),
        run(40, change(api, "edit", raw_actions=("taint",))),
        run(30, change(api, "edit", raw_actions=("provider",), note="provider a → b")),
        run(20, change(api, "move", previous_address="terraform_data.old")),
        run(10, change(api, "move", previous_address=api, note="to another state")),
    )
    lines = [line.strip() for line in home.events("why", api).splitlines()]
    assert lines[0].startswith(api)
    assert lines[0].endswith(", also terraform_data.old)")
    assert [line for line in lines if line.startswith(("moved", "edited"))] == [
        f"moved {api} to another state",
        f"moved {api}, moved from terraform_data.old",
        f"edited {api}: managed by another provider, provider a → b",
        f"edited {api}: marked as tainted: the next apply replaces it",
        f"edited {api}: added",
    ]
