"""``suspects``: the culprit of scripted incidents, and each reason by itself."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from change_events.history import weights
from change_events.history.signals import history_signals
from change_events.history.suspects import Incident, suspects
from change_events.journal import Journal, RecordState, touched
from change_events.journal.events_table import put
from change_events.model import Actor, Kind, Outcome, Phase, Signal
from change_events.redact import unseal
from change_events.signals import NAMES
from tests.history.incidents import SORTS, cases
from tests.history.past import NOW, change, journal_of, run

INCIDENTS = 55


def fill(journal, events):
    """As runs do, with the signals of history, in one transaction: the disk is not what is tested."""
    connection = journal._connection
    connection.execute("BEGIN")
    for event in events:
        past = history_signals(journal, event, seconds=60)
        sealed = unseal(msgspec.json.encode(msgspec.structs.replace(event, signals=(*event.signals, *past))))
        touched.record(connection, put(connection, sealed, RecordState.SETTLED), sealed.event)
    connection.execute("COMMIT")


@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 3, 7))])
def test_the_culprit_is_first_in_four_of_five_incidents_and_among_three_in_nineteen_of_twenty(tmp_path, seed):
    places = Counter()
    worse = []
    with Journal.open(tmp_path / "journal.db") as journal:
        for case in cases(seed, INCIDENTS):
            fill(journal, case.events)
            ranking = suspects(journal, case.incident, limit=None)
            order = [suspect.event for suspect in ranking.suspects]
            place = order.index(case.culprit) + 1
            places[place] += 1
            if place > 1:
                worse.append((case.sort, place, ranking.suspects[0].title, ranking.suspects[0].reasons[:3]))
            assert ranking.candidates >= 6, "an incident needs suspects"
    first = places[1] / INCIDENTS
    three = sum(places[place] for place in (1, 2, 3)) / INCIDENTS
    assert first >= 0.8, worse
    assert three >= 0.95, worse


def test_there_are_incidents_of_every_sort():
    assert INCIDENTS >= 50
    assert INCIDENTS % len(SORTS) == 0


def reasons(journal, event, **incident):
    ranking = suspects(journal, Incident(NOW, **incident), limit=None)
    (found,) = [suspect for suspect in ranking.suspects if suspect.event == event.id]
    return {reason.factor: (reason.points, reason.text) for reason in found.reasons}


@pytest.mark.parametrize(
    ("event", "incident", "factor", "points", "text"),
    [
        (run(1, change("x.a")), {}, "time", weights.TIME, "was running"),
        (run(61, change("x.a")), {}, "time", weights.TIME / 2, "ended 1 h before"),
        (run(9, change("x.a"), service="shop"), {"service": "shop"}, "service", weights.SERVICE, "service shop"),
        (run(9, change("x.a"), service="auth"), {"service": "shop"}, "service", weights.OTHER_SERVICE, "service auth"),
        (run(9, change("x.a")), {"service": "shop"}, "service", None, ""),
        (
            run(9, change("x.a"), environment="dev"),
            {"environment": "prod"},
            "environment",
            weights.OTHER_ENVIRONMENT,
            "environment dev",
        ),
        (
            run(9, change("aws_instance.web", id="i-0abc")),
            {"host": "i-0abc"},
            "host",
            weights.HOST,
            "changed i-0abc",
        ),
        (
            run(9, kind=Kind.BOOT, explicit=True, actor=Actor(host="web2")),
            {"host": "web1"},
            "host",
            weights.OTHER_HOSTS,
            "changed other hosts only",
        ),
        (
            run(9, change("x.a"), signals=(Signal(name="capacity_reduced", reason="r", address="x.a"),)),
            {},
            "signal:capacity_reduced",
            weights.SIGNALS["capacity_reduced"],
            "capacity reduced at x.a",
        ),
        (
            run(9, change("x.a"), signals=(Signal(name="something_newer", reason="r"),)),
            {},
            "signal:something_newer",
            weights.OTHER_SIGNAL,
            "something newer",
        ),
        (
            run(9, change("x.a", outcome="failed"), outcome=Outcome.PARTIAL),
            {},
            "outcome",
            weights.FAILED,
            "partially failed",
        ),
        (
            run(9, change("x.a", "destroy"), change("x.b", "replace")),
            {},
            "gone",
            weights.GONE,
            "destroyed or replaced x.a and 1 more",
        ),
        (run(9, change("x.a"), change("x.b")), {}, "reach", 1.2, "changed 2 resources or hosts"),
        (
            run(9, change("x.a", attributes={"tags.a": ("1", "2")})),
            {},
            "labels_only",
            weights.LABELS_ONLY,
            "only labels changed",
        ),
        (
            run(9, change("x.a", attributes={"size": ("1", "2")})),
            {},
            "new",
            weights.NEW,
            "first recorded change of x.a.size",
        ),
    ],
)
def test_each_reason_has_the_points_of_the_table(tmp_path, event, incident, factor, points, text):  # noqa: PLR0917  # columns of a table
    with journal_of(tmp_path, event) as journal:
        found = reasons(journal, event, **incident)
        assert found.get(factor, (None, "")) == (points, text)


def test_what_changes_all_the_time_is_less_suspect(tmp_path):
    events = [run(1440 * day, change("x.a", attributes={"image": (f"{day}", f"{day + 1}")})) for day in (4, 3, 2, 1)]
    last = run(9, change("x.a", attributes={"image": ("9", "8")}))
    with journal_of(tmp_path, *events, last) as journal:
        assert reasons(journal, last)["routine"] == (
            weights.ROUTINE,
            "the same was changed 3 times or more in the 14 days before",
        )


def test_taking_back_a_fix_is_more_suspect_than_taking_back_anything(tmp_path):
    fix = run(900, change("x.a", attributes={"pool": ("5", "50")}), title="prod: hotfix for exhausted connections")
    other = run(800, change("x.b", attributes={"pool": ("5", "50")}), title="prod: prefix of names")
    both = run(9, *(change(name, attributes={"pool": ("50", "5")}) for name in ("x.a", "x.b")))
    with Journal.open(tmp_path / "journal.db") as journal:
        fill(journal, [fix, other, both])
        assert reasons(journal, both)["fix_reverted"] == (weights.FIX_REVERTED, f"takes back {fix.id}, a fix")
        assert journal.get(other.id).event.title.endswith("names")


@pytest.mark.parametrize(
    "event",
    [
        run(400, change("x.a")),
        run(-5, change("x.a")),
        run(9, change("x.a"), phase=Phase.PLANNED),
        run(9, change("x.a", outcome="not_attempted"), outcome=Outcome.DECLINED),
        run(9, change("x.a", outcome="not_attempted"), outcome=Outcome.CANCELLED),
        run(9, outcome=Outcome.NO_CHANGE),
    ],
    ids=["before the window", "after the moment", "a plan", "declined", "cancelled before a change", "no change"],
)
def test_what_is_no_suspect(tmp_path, event):
    with journal_of(tmp_path, event) as journal:
        assert suspects(journal, Incident(NOW), limit=None).candidates == 0


def test_a_long_run_that_ended_in_the_window_and_one_that_goes_on_are_suspects(tmp_path):
    long = run(500, change("x.a"), ended_at=NOW - timedelta(minutes=30))
    with journal_of(tmp_path, long) as journal:
        going_on = run(30, change("x.b"), outcome=None, ended_at=None)
        journal.start(unseal(msgspec.json.encode(going_on)))
        assert reasons(journal, going_on)["time"] == (weights.TIME, "was running")
        assert reasons(journal, long)["time"][1] == "ended 30 min before"


PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "suspects.md").read_text()


def test_the_page_has_every_weight():
    rows = dict(re.findall(r"^\| `?([\w:]+)`? \| (-?\d+) \|", PAGE, re.MULTILINE))
    table = {name.lower(): value for name, value in vars(weights).items() if name.isupper() and isinstance(value, int)}
    table |= {f"signal:{name}": value for name, value in weights.SIGNALS.items()}
    table |= {f"kind:{name}": value for name, value in weights.KINDS.items()}
    assert {name: int(value) for name, value in rows.items()} == table


def test_every_signal_has_a_weight_of_its_own():
    assert set(NAMES) <= set(weights.SIGNALS)


def test_a_window_with_too_many_events_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("change_events.history.suspects.MOST_EVENTS", 3)
    with journal_of(tmp_path, *(run(minutes, change("x.a")) for minutes in (40, 30, 20, 10))) as journal:
        ranking = suspects(journal, Incident(NOW), limit=None)
        assert (ranking.cut, ranking.candidates) == (True, 3)


def test_a_thing_is_asked_for_once_however_many_events_changed_it(tmp_path, monkeypatch):
    asked = Counter()
    for name in ("things_of_stack", "things_named", "things_at"):
        method = getattr(Journal, name)

        def counting(journal, *args, name=name, method=method, **terms):
            asked[name] += 1
            return method(journal, *args, **terms)

        monkeypatch.setattr(Journal, name, counting)
    database = {"attributes": {"instance_class": ("a", "b")}, "id": "db-1"}
    events = [run(number, change("aws_db_instance.main", **database)) for number in range(2, 12)]
    with journal_of(tmp_path, *events) as journal:
        asked.clear()
        ranking = suspects(journal, Incident(NOW, host="web1"), limit=None)
    assert ranking.candidates == len(events)
    assert asked == {"things_of_stack": 1, "things_named": 1, "things_at": 1}
