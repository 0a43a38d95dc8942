from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.model import ChangeEvent, Kind, Phase
from tests.cli.sample import NOON, partial, running, succeeded

PARTIAL, SUCCEEDED, RUNNING = (event.id for event in (partial(), succeeded(), running()))


def ids(text):
    return [line.split("\t")[0] for line in text.splitlines()]


def test_a_pipe_gets_one_line_an_event_newest_first(filled):
    rows = [line.split("\t") for line in filled.events("list").splitlines()]
    assert rows == [
        [RUNNING, "2026-11-23T12:03:00+00:00", "running", "prod/dns: 3 updates under way", "cy", "prod", "journal", ""],
        [
            PARTIAL,
            "2026-11-23T12:00:00+00:00",
            "partial",
            partial().title,
            "ann",
            "prod",
            "journal",
            "stateful_replaced",
        ],
        [SUCCEEDED, "2026-11-23T11:00:00+00:00", "succeeded", "staging/app: 2 created", "bo", "staging", "journal", ""],
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--environment", "staging"], [SUCCEEDED]),
        (["--service", "shop"], [PARTIAL]),
        (["--tool", "tofu"], [SUCCEEDED]),
        (["--outcome", "partial"], [PARTIAL]),
        (["--outcome", "running"], [RUNNING]),
        (["--kind", "infrastructure", "--limit", "1"], [RUNNING]),
        (["--phase", "applied", "--outcome", "succeeded"], [SUCCEEDED]),
        (["--text", "aws_eip.nat"], [PARTIAL]),
        (["--since", "2026-11-23T11:59Z", "--until", "2026-11-23T12:01Z"], [PARTIAL]),
        (["--limit", "2"], [RUNNING, PARTIAL]),
        (["--limit", "0"], [RUNNING, PARTIAL, SUCCEEDED]),
    ],
)
def test_filters(filled, words, expected):
    assert ids(filled.events("list", *words)) == expected


def test_kind_and_phase_are_filtered_before_the_limit(home):
    deployment = msgspec.structs.replace(
        succeeded(),
        id="019ab000-0000-7aaa-8bbb-00000000000d",
        kind=Kind.DEPLOYMENT,
        started_at=NOON - timedelta(days=1),
    )
    planned = msgspec.structs.replace(
        partial(), id="019ab000-0000-7aaa-8bbb-00000000000e", phase=Phase.PLANNED, started_at=NOON - timedelta(days=2)
    )
    home.fill(succeeded(), deployment, planned)
    assert ids(home.events("list", "--kind", "deployment", "--limit", "1")) == [deployment.id]
    assert ids(home.events("list", "--phase", "planned", "--limit", "1")) == [planned.id]


def test_an_age_counts_back_from_now(home):
    fresh = msgspec.structs.replace(succeeded(), started_at=datetime.now(UTC) - timedelta(hours=1))
    old = msgspec.structs.replace(partial(), started_at=datetime.now(UTC) - timedelta(hours=3))
    home.fill(fresh, old)
    assert ids(home.events("list", "--since", "2h")) == [fresh.id]


def test_json_is_one_whole_event_a_line_with_its_deliveries(home):
    home.fill(partial(), succeeded(), destinations=["hook"])
    lines = home.events("list", "--json").splitlines()
    documents = [json.loads(line) for line in lines]
    assert [document["id"] for document in documents] == [PARTIAL, SUCCEEDED]
    assert documents[0]["deliveries"] == [
        {"destination": "hook", "state": "waiting", "attempts": 0, "reason": None, "next_at": None, "stage": "settled"}
    ]
    assert msgspec.json.decode(lines[0], type=ChangeEvent) == partial()


def test_undelivered_ones_and_their_state(home):
    home.fill(partial(), succeeded(), destinations=["hook"])
    with home.journal() as journal:
        first, second = journal.claim(["hook"], limit=2, lease=60)
        journal.delivered(first)
        journal.park(second, "401: the token was refused")
    assert [line.split("\t")[6] for line in home.events("list").splitlines()] == ["sent", "parked"]
    assert ids(home.events("list", "--undelivered")) == [second.event_id]


def test_the_worst_of_all_destinations_is_shown(home):
    home.fill(partial(), destinations=["hook", "sematext"])
    with home.journal() as journal:
        hook, sematext = (journal.claim([name], limit=1, lease=60)[0] for name in ("hook", "sematext"))
        journal.delivered(hook)
        journal.park(sematext, "401")
    assert home.events("list").split("\t")[6] == "parked"


def test_an_empty_journal_says_so_on_standard_error(home):
    done = home.run("list")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"tfevent: the journal is empty" in done.stderr


def test_nothing_found_says_so_on_standard_error(filled):
    done = filled.run("list", "--environment", "nowhere")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"tfevent: no matching events\n"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_gets_a_table_no_wider_than_itself(filled, columns):
    shown = filled.on_terminal("list", columns=columns, env={"NO_COLOR": "1"})
    lines = [line.rstrip() for line in shown.text.splitlines()]
    assert shown.code == 0
    assert max(map(len, lines)) <= columns
    assert lines[0].split()[:2] == ["ID", "WHEN"]
    assert ("WHO" in lines[0]) == (columns >= 100)
    assert re.search(r"019ab0f1-5e00 +11-23 12:00 \(.*\) +partial +prod/network: 1", shown.text)


def test_wide_characters_keep_the_columns_aligned(home):
    home.fill(
        *(msgspec.structs.replace(e, title=t) for e, t in ((succeeded(), "本番: 2 created"), (partial(), "prod: 2")))
    )
    shown = home.on_terminal("list", columns=120, env={"NO_COLOR": "1"})
    header, *rows = shown.text.splitlines()
    before = [row[: row.index(name)] for row, name in zip(rows, ("ann", "bo"), strict=True)]
    cells = [len(text) + sum(ord(c) > 0x2E80 for c in text) for text in before]
    assert cells == [header.index("WHO")] * 2


def test_a_terminal_gets_colour_unless_it_or_the_user_says_no(filled):
    assert "\x1b[31mpartial" in filled.on_terminal("list", columns=120).text
    assert "\x1b" not in filled.on_terminal("list", env={"NO_COLOR": "1"}).text
    assert "\x1b" not in filled.on_terminal("list", env={"TERM": "dumb"}).text
    assert "\x1b" not in filled.events("list")


def test_shown_ids_are_long_enough_to_distinguish_the_runs(home):
    one, twin = (msgspec.structs.replace(partial(), id=partial().id[:-1] + end, title="t") for end in "89")
    home.fill(one, twin)
    shown = home.on_terminal("list", columns=140, env={"NO_COLOR": "1"})
    words = [line.split()[0] for line in shown.text.splitlines()[1:]]
    assert sorted(words) == [one.id, twin.id]
