"""``tfevent events diff`` on a terminal, in a pipe and as JSON; what differs is tested in tests/history."""

from __future__ import annotations

import json

from tests.cli.sample import partial, succeeded


def test_two_events(filled):
    text = filled.events("diff", "-2", "-3")
    lines = text.splitlines()
    assert lines[0].startswith("A  2026-11-23 12:00:00 +0000  prod/network: 1 replaced")
    assert lines[1].startswith("B  2026-11-23 11:00:00 +0000  staging/app: 2 created  succeeded")
    assert "  outcome: A partial, B succeeded" in lines
    only_a = lines[lines.index("Only in A") + 1 : lines.index("Only in B")]
    assert "  replace  aws_db_instance.main  failed" in only_a
    assert "  create   terraform_data.app[0]" in lines
    assert lines[-1] == "0 changes in both, the same"


def test_json(filled):
    found = json.loads(filled.events("diff", partial().id, succeeded().id[:13], "--json"))
    assert (found["a"]["event"], found["b"]["event"]) == (partial().id, succeeded().id)
    assert [one["address"] for one in found["only_b"]] == ["terraform_data.app[0]", "terraform_data.app[1]"]


def test_an_event_that_is_not_there_is_an_error(filled):
    done = filled.run("diff", "last", "ffff")
    assert done.returncode == 1
    assert b"'ffff'" in done.stderr


def test_a_limit_is_reported(filled):
    assert "… and 3 more: --limit 0 shows all" in filled.events("diff", "-2", "-3", "--limit", "1")


def test_an_event_and_itself(filled):
    assert filled.events("diff", "-2", "-2").splitlines()[-1] == "no difference, 4 changes in both, the same"
