"""``tfevent events suspects`` on a terminal, in a pipe and as JSON; how it ranks is tested in tests/history."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from change_events.cli.app import events
from tests.cli.sample import NOON, partial

AT = NOON.strftime("%Y-%m-%dT%H:%M:00Z").replace("12:00", "12:30")


def test_the_ranking_is_printed_with_its_reasons(filled):
    text = filled.events("suspects", "--at", AT, "--service", "shop")
    lines = text.splitlines()
    assert lines[0] == "3 change events in the 6 h before 2026-11-23 12:30:00 +0000"
    assert lines[2].startswith(" 1. prod/network: 1 replaced, 1 updated, 1 destroyed, 1 failed  partial  score ")
    assert f"by ann, commit 1a2b3c4d5e  {partial().id}" in text
    assert " +18.0  partially failed" in text
    assert " +20.0  service shop" in text


def test_json(filled):
    ranking = json.loads(filled.events("suspects", "--at", AT, "--window", "45m", "--json", "--limit", "1"))
    assert ranking["candidates"] == 2
    (suspect,) = ranking["suspects"]
    assert suspect["event"] == partial().id
    assert suspect["score"] == pytest.approx(sum(reason["points"] for reason in suspect["reasons"]))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--service", "shpo"], 1, "no event of service 'shpo' is recorded; known: shop"),
        (["--environment", "production"], 1, "no event of environment 'production' is recorded; known: prod"),
        (["--host", "AWS_DB_INSTANCE"], 1, "'AWS_DB_INSTANCE' is recorded; known: aws_db_instance.main"),
        (["--host", "qqqqqqqq"], 1, "is recorded; expected a host of a playbook, or a resource's ID, name or network"),
        (["--at", "2099-01-01"], 1, "is in the future: expected an age such as 20m, or a time before now"),
        (["--at", "noon"], 2, "'noon' is not a time"),
        (["--at", "1h", "--window", "1000000d"], 0, ""),
        (["--window", "six"], 2, "'six' is not a duration; expected a number and a unit (90m, 2h, 3d, 1w)"),
        (["--at", "2020-01-01"], 0, "no change between 2019-12-31 18:00:00 +0000 and 2020-01-01 00:00:00 +0000"),
    ],
)
def test_bad_input_says_what_is_expected(filled, words, code, said):
    done = filled.run("suspects", *words)
    assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr.decode()


ALL = " from 0 to 1000000 (0 for all)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["diff", "-2", "-1", "--limit", "-3"], f"Invalid value for '--limit': '-3' is not a number{ALL}"),
        (["diff", "-2", "-1", "--limit=x"], f"'x' is not a number{ALL}"),
        (["why", "x", "--limit", "0"], "'0' is not a number from 1 to 1000000"),
        (["why", "x", "--limit", "1.5"], "'1.5' is not a number from 1 to 1000000"),
        (["suspects", "--limit", "1000001"], f"'1000001' is not a number{ALL}"),
        (["list", "--limit", "9" * 30], f"is not a number{ALL}"),
        (["list", "--host", ""], "Invalid value for '--host': the value is empty"),
        (["list", "--text", " "], "Invalid value for '--text': the value is empty"),
        (["suspects", "--service", ""], "Invalid value for '--service': the value is empty"),
        (["why", ""], "Invalid value for 'ADDRESS[.ATTRIBUTE]|HOST': the value is empty"),
    ],
)
def test_numbers_and_names_that_mean_nothing(words, said):
    result = CliRunner().invoke(events, words)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.split())
