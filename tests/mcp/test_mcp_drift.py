"""``drift_status``: the last check of each directory, those with trouble first, a page at a time."""

from __future__ import annotations

import pytest

from change_events.journal import Journal
from change_events.journal.drift_checks import KnownDrift, LastCheck
from tests.mcp.test_mcp_tools import ORDER, Desk, texts

DAY = 86_400.0
RESIZED = KnownDrift("aws_instance.web", "update", {"instance_type": "f1", "tags.team": "f2"}, DAY)
GONE = KnownDrift("aws_instance.old", "destroy", {"": "f3"}, 2 * DAY)


def last_check(directory, *drift, **fields):
    at = 3 * DAY
    return LastCheck(
        **{"directory": directory, "workspace": "default", "checked_at": at, "known_at": at, "drift": drift, **fields}
    )


CHECKS = (
    last_check("/live/prod/billing", clean_at=3 * DAY),
    last_check("/live/prod/network", RESIZED, GONE, clean_at=0.0),
    last_check("/live/prod/shop", RESIZED, known_at=2 * DAY, reason="locked by alice"),
)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def keep(desk, *checks):
    with Journal.open(desk.path) as journal:
        journal.keep_drift_checks(checks)


def paths(recorded):
    return [one["directory"] for one in recorded["directories"]]


def test_what_is_not_known_comes_first_then_what_drifted(desk):
    keep(desk, *CHECKS)
    recorded = desk.ask("drift_status")["recorded"]
    assert [recorded[name] for name in ("unknown", "drifted", "clean")] == [1, 1, 1]
    shop, network, billing = recorded["directories"]
    assert (shop["status"], shop["reason"], shop["result_at"]) == ("unknown", "locked by alice", "1970-01-03T00:00:00Z")
    assert [one["address"] for one in shop["drift"]] == ["aws_instance.web"]
    assert (network["status"], network["checked_at"]) == ("drift", "1970-01-04T00:00:00Z")
    assert network["drift"] == [
        {
            "address": "aws_instance.web",
            "action": "update",
            "since": "1970-01-02T00:00:00Z",
            "attributes": ["instance_type", "tags.team"],
        },
        {"address": "aws_instance.old", "action": "destroy", "since": "1970-01-03T00:00:00Z"},
    ]
    assert billing == {
        "directory": "/live/prod/billing",
        "workspace": "default",
        "status": "clean",
        "checked_at": "1970-01-04T00:00:00Z",
        "result_at": "1970-01-04T00:00:00Z",
        "clean_at": "1970-01-04T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "drift"}, ["/live/prod/network"]),
        ({"directory": "shop"}, ["/live/prod/shop"]),
        ({"directory": "shop", "status": "clean"}, []),
    ],
)
def test_directories_are_selected_and_all_are_counted(desk, asked, found):
    keep(desk, *CHECKS)
    answer = desk.ask("drift_status", **asked)
    assert paths(answer["recorded"]) == found
    assert answer["recorded"]["unknown"] == 1
    assert bool(answer["notes"]) == (not found)


def test_pages_have_every_directory_once(desk):
    some = [last_check(f"/live/{number:03}", *[RESIZED] * (number % 3)) for number in range(120)]
    keep(desk, *some)
    read = [path for recorded in desk.pages("drift_status", limit=50) for path in paths(recorded)]
    assert sorted(read) == [one.directory for one in some]


def test_where_nothing_was_checked_that_is_the_answer(desk):
    keep(desk)
    answer = desk.ask("drift_status")
    assert answer["recorded"] is None
    assert "`tfevent events drift DIR`" in answer["notes"][0]


def test_texts_of_others_stand_below_recorded(desk):
    keep(desk, last_check(f"/{ORDER}", KnownDrift(ORDER, "update", {ORDER: "f"}, DAY), reason=ORDER))
    answer = desk.ask("drift_status")
    assert ORDER in "\n".join(texts(answer.pop("recorded")))
    assert ORDER not in "\n".join(texts(answer))
