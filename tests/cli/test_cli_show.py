from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.journal import Journal, Retention
from change_events.model import Actor, Change, ChangeEvent, ChangeOutcome, Cloud, Failure, Outcome
from tests.cli.sample import partial, running, succeeded
from tests.support.sealed import sealed


def test_the_full_story_in_reading_order(filled):
    text = filled.events("show", partial().id)
    places = [
        text.index(part)
        for part in (
            "prod/network: 1 replaced, 1 updated, 1 destroyed, 1 failed\n",
            "partial · applied · 2026-11-23 12:00:00 +0000",
            "took 1 min 12 s",
            "ann on bastion-1",
            "terraform apply -auto-approve (terraform 1.11.4, tfevent 0.1.0), exit code 1",
            "environment prod, service shop, workspace default, network",
            'https://github.com/acme/infra network main 1a2b3c4d5e "Rotate the database password" by Ann Lee, with unc',
            "planned    1 to create, 1 to update, 1 to replace, 1 to destroy, outputs changed: 1",
            "result     2 applied, 1 failed, 1 not attempted\n",
            "✗ aws_db_instance.main: creating RDS DB Instance: InstanceQuotaExceeded (main.tf:12)\n",
            "      You have reached the limit of 40 instances.\n      Ask for more, or delete one.\n",
            "aws_db_instance.main: stateful replaced: the data of a database",
            "✗ replace  aws_db_instance.main  failed  1 min 01 s\n",
            "      because it cannot be updated in place\n",
            '      engine_version: "14.9" → "16.2"  forces replacement\n',
            "      password: (sensitive, changed)\n",
            "      user_data: (900 bytes → 1.2 kB, changed)\n",
            "      … and 1 computed attribute\n",
            '· create   aws_route53_record.db  not attempted\n      name: "db"\n',
            '✓ destroy  aws_eip.nat["eu-west-1a"]  1.5 s\n',
            "✓ update   aws_security_group.web  2.2 s\n",
            "Outputs (planned)\n",
            'update   endpoint: "a.example.com" → "b.example.com"',
            "Drift\n",
            "fail check.health\n      The endpoint answered 503.\n",
            "Delivery\n  in the journal only",
        )
    ]
    assert places == sorted(places)


def test_outputs_of_a_run_that_succeeded_are_facts(home):
    home.fill(msgspec.structs.replace(partial(), outcome=Outcome.SUCCEEDED))
    assert "\nOutputs\n" in home.events("show", "last")


def test_a_partial_plan_is_reported(home):
    home.fill(msgspec.structs.replace(partial(), partial=True), succeeded())
    sentence = "\nThe plan is incomplete: resources were excluded by -target, deferral or errors.\n"
    assert sentence in home.events("show", partial().id)
    assert sentence not in home.events("show", succeeded().id)


def test_deliveries_are_reported_per_destination(home):
    home.fill(partial(), destinations=["hook", "sematext"])
    with home.journal() as journal:
        (hook,) = journal.claim(["hook"], limit=1, lease=60)
        journal.retry(hook, 600, "connection refused")
        (sematext,) = journal.claim(["sematext"], limit=1, lease=60)
        journal.delivered(sematext)
    text = home.events("show", "last")
    assert "  hook      waiting, 1 attempt, next in 9 min: connection refused\n" in text
    assert "  sematext  sent\n" in text


def test_what_was_never_tried_says_what_it_waits_for(home):
    """The event before it failed: its destination is left alone, and so is what is behind it."""
    home.fill(succeeded(), destinations=["hook", "main"])
    home.fill(partial(), destinations=["hook", "main"])
    waiting = home.events("show", partial().id)
    assert "  hook  waiting\n  main  waiting\n" in waiting, "nothing has failed yet"
    with home.journal() as journal:
        (hook,) = journal.claim(["hook"], limit=1, lease=60)
        journal.retry(hook, 600, "connection \x1b refused")
    text = home.events("show", partial().id)
    said = re.search(r"  hook  waiting: not tried before (.*), because it has failed once \((.*)\)\n", text)
    assert said, text
    assert "\x1b" not in said[2]
    due = datetime.strptime(said[1], "%Y-%m-%d %H:%M:%S %z") - datetime.now(UTC)
    assert timedelta() < due <= timedelta(minutes=10)
    assert "  main  waiting\n" in text


def test_a_dropped_delivery_says_so(home):
    home.fill(partial(), destinations=["hook", "main"])
    with Journal.open(home.journal_path, caps=Retention(owed=1)) as journal:
        journal.settle(sealed(1), ["hook"])
    assert "  hook  dropped: its outbox was at its cap\n  main  waiting\n" in home.events("show", partial().id)
    assert "\tdropped\t" in home.events("list", "--undelivered")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("last", running),
        ("-1", running),
        ("-2", partial),
        ("-3", succeeded),
        ("019ab0f1", partial),
        ("019AB0BA-7", succeeded),
    ],
)
def test_ways_to_name_an_event(filled, wanted, expected):
    assert json.loads(filled.events("show", wanted, "--json"))["id"] == expected().id


def test_json_is_the_event_as_recorded(filled):
    assert msgspec.json.decode(filled.events("show", partial().id, "--json"), type=ChangeEvent) == partial()


def test_markdown_is_the_message(filled):
    assert filled.events("show", "-2", "--markdown") == partial().message


def test_a_run_that_goes_on_is_shown_so(filled):
    assert "running · applied" in filled.events("show", "last")


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("ffff", b"tfevent: the journal does not contain an event with an ID that starts with 'ffff'"),
        ("-9", b"tfevent: the journal does not contain that many events"),
        ("019ab0", b"tfevent: 019ab0 fits several events: "),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_1(filled, wanted, text):
    done = filled.run("show", wanted)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(text)
    assert done.stderr.count(b"\n") == 1


def test_a_long_run_is_cut_and_says_so(home):
    changes = tuple(msgspec.structs.replace(partial().changes[0], address=f"aws_eip.n[{n}]") for n in range(60))
    home.fill(msgspec.structs.replace(partial(), changes=changes))
    text = home.events("show", "last")
    assert text.count("✓ update") == 50
    assert "  … and 10 more\n" in text
    assert home.events("show", "last", "--limit", "0").count("✓ update") == 60
    assert home.events("show", "last", "--limit", "3").count("✓ update") == 3


HOSTILE = "x\x1b]0;owned\x07\x1b[2J\u202egnp\x9b31m\r\n"


def test_nothing_reaches_the_terminal_that_it_would_obey(home):
    """What was recorded by another version, or by hand, may hold anything."""
    event = msgspec.structs.replace(
        partial(),
        title=HOSTILE,
        message=HOSTILE,
        actor=Actor(user=HOSTILE, host=HOSTILE),
        failures=(Failure(summary=HOSTILE, detail=HOSTILE, address=HOSTILE, file=HOSTILE),),
        changes=(msgspec.structs.replace(_first(), address=HOSTILE, error=HOSTILE, reason=HOSTILE, id=HOSTILE),),
        tags={HOSTILE: HOSTILE},
    )
    home.store_raw(event)
    forms = ([], ["--json"], ["--markdown"])
    texts = [home.on_terminal("show", "last", *form, env={"NO_COLOR": "1"}).text for form in forms]
    texts += [home.on_terminal("list", *form, columns=130, env={"NO_COLOR": "1"}).text for form in ([], ["--json"])]
    for text in texts:
        assert not set("\x1b\x07\x9b\u202e\r") & set(text)


def _first() -> Change:
    change = partial().changes[0]
    assert change.outcome is ChangeOutcome.APPLIED
    return change


def test_where_says_account_and_region_and_a_text_finds_them(home):
    clouds = (
        Cloud(name="aws", accounts=("123456789012",), regions=("eu-central-1", "us-east-1")),
        Cloud(name="google", accounts=("shop-prod",)),
    )
    home.fill(msgspec.structs.replace(partial(), clouds=clouds), succeeded())
    lines = home.events("show", partial().id).splitlines()
    where = next(index for index, line in enumerate(lines) if line.startswith("location"))
    assert [line.strip() for line in lines[where + 1 : where + 3]] == [
        "AWS account 123456789012 in eu-central-1, us-east-1",
        "Google project shop-prod",
    ]
    for text in ("123456789012", "us-east-1", "shop-prod"):
        assert home.events("list", "--text", text).split("\t")[0] == partial().id
        assert len(home.events("list", "--text", text).splitlines()) == 1
