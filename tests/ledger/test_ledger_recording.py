"""What is in the ledger after events were recorded: each once, in whatever order they come, from many at once."""

from __future__ import annotations

import itertools
import random
import threading

import msgspec
import psycopg
import pytest

from change_events.journal import Journal
from change_events.journal.records import RecordState
from change_events.ledger import schema
from change_events.ledger.entries import LONGEST, entry_of, indexed
from change_events.ledger.writing import record, record_all
from change_events.model import Actor, Outcome, Signal, Tool
from change_events.redact import unseal
from tests.history.past import change, run
from tests.support.sealed import sealed

STARTED, SETTLED = RecordState.STARTED, RecordState.SETTLED
DB, WEB = "aws_db_instance.main", "aws_instance.web"


def sealed_of(event):
    return unseal(msgspec.json.encode(event))


def rows(connection, statement, *values):
    return connection.execute(statement, values).fetchall()


def figures(connection):
    tables = ("events", "bodies", "hosts", "signals", "touched", "moves", "stacks", "things", "names")
    return {table: rows(connection, f"SELECT count(*) FROM tfevent.{table}")[0][0] for table in tables}


def story(number=0):
    """The start and the end of one run that has something for each table."""
    end = run(
        100 - number,
        change(DB, attributes={"class": ("small", "large")}),
        change(WEB, "move", previous_address="aws_instance.old", id=f"i-{number}", identity={"private_ip": "10.0.0.4"}),
        signals=(Signal(name="downtime_likely", reason="it restarts", address=DB),),
        explicit=True,
        tags={"team": "net"},
        actor=Actor(user="ann", host="build1"),
        tool=Tool(name="terraform", plan="0" * 64),
    )
    start = msgspec.structs.replace(end, outcome=None, ended_at=None, changes=(), signals=(), title="under way")
    return sealed_of(start), sealed_of(end)


def test_the_end_takes_the_place_of_the_start_and_nothing_is_written_twice(ledger):
    start, end = story()
    assert [record(ledger, "ops", start, STARTED) for _ in range(2)] == [True, False]
    assert rows(ledger, "SELECT state, title, overtaken FROM tfevent.events") == [("started", "under way", False)]
    assert record(ledger, "ops", end, SETTLED)
    once = figures(ledger)
    assert once == {
        "events": 1, "bodies": 1, "hosts": 1, "signals": 1, "touched": 4, "moves": 1, "stacks": 1, "things": 3,
        "names": 3,
    }  # fmt: skip
    assert not any(record(ledger, "ops", one, state) for one, state in ((end, SETTLED), (start, STARTED)))
    assert figures(ledger) == once
    assert rows(ledger, "SELECT state, overtaken FROM tfevent.events") == [("settled", True)]
    assert rows(ledger, "SELECT body FROM tfevent.bodies") == [(end.body,)]


def test_an_end_that_comes_again_with_other_contents_changes_nothing(ledger):
    _, end = story()
    record(ledger, "ops", end, SETTLED)
    assert not record(ledger, "ops", sealed_of(msgspec.structs.replace(end.event, title="forged")), SETTLED)
    assert rows(ledger, "SELECT body FROM tfevent.bodies") == [(end.body,)]
    assert rows(ledger, "SELECT title FROM tfevent.events") == [(end.event.title,)]


def test_hosts_and_signals_of_a_start_go_where_the_end_has_others(ledger):
    start, end = story()
    moved = sealed_of(msgspec.structs.replace(start.event, actor=Actor(host="elsewhere")))
    record(ledger, "ops", moved, STARTED)
    record(ledger, "ops", end, SETTLED)
    assert rows(ledger, "SELECT host FROM tfevent.hosts") == [("build1",)]


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_and_any_batches_the_same_comes_out(ledger, seed):
    stories = [story(number) for number in range(4)]
    events = [(one, state) for both in stories for one, state in zip(both, (STARTED, SETTLED), strict=True)]
    mixed = random.Random(seed).sample(events * 2, len(events) * 2)
    written = sum(record_all(ledger, "ops", mixed[place : place + 3]) for place in range(0, len(mixed), 3))
    assert 4 <= written <= 8
    known = figures(ledger)
    assert {name: known[name] for name in ("events", "bodies", "hosts", "signals", "touched", "moves")} == {
        "events": 4, "bodies": 4, "hosts": 4, "signals": 4, "touched": 16, "moves": 4,
    }  # fmt: skip
    assert rows(ledger, "SELECT DISTINCT state FROM tfevent.events") == [("settled",)]


def test_many_that_record_the_same_at_once_leave_each_event_once(ledger):
    stories = [story(number) for number in range(12)]
    events = [(one, state) for both in stories for one, state in zip(both, (STARTED, SETTLED), strict=True)]
    errors = []

    def write(seed):
        try:
            with psycopg.connect(ledger.info.dsn, password=ledger.info.password, autocommit=True) as own:
                mixed = random.Random(seed).sample(events, len(events))
                for place in range(0, len(mixed), 5):
                    record_all(own, "ops", mixed[place : place + 5])
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    known = figures(ledger)
    assert (known["events"], known["touched"], known["things"], known["moves"]) == (12, 48, 3, 12)


def test_two_teams_have_nothing_in_common(ledger):
    start, end = story()
    record(ledger, "ops", end, SETTLED)
    assert record(ledger, "shop", start, STARTED)
    assert rows(ledger, "SELECT team, state FROM tfevent.events ORDER BY team") == [
        ("ops", "settled"),
        ("shop", "started"),
    ]
    record(ledger, "shop", end, SETTLED)
    assert rows(ledger, "SELECT team, count(*) FROM tfevent.things GROUP BY team ORDER BY team") == [
        ("ops", 3),
        ("shop", 3),
    ]


def test_things_are_those_that_the_journal_knows(ledger, tmp_path):
    events = [story(number)[1] for number in range(3)]
    with Journal.open(tmp_path / "journal.db") as journal:
        for one in events:
            journal.settle(one, [])
        theirs = journal._read(
            lambda connection: connection.execute(
                "SELECT s.key, t.address, t.kind, t.type, x.path, x.action, x.outcome, x.before, x.after, e.id "
                "FROM touched x JOIN things t ON t.id = x.thing LEFT JOIN stacks s ON s.id = t.stack "
                "JOIN events e ON e.seq = x.seq"
            ).fetchall()
        )
        names = journal._read(lambda connection: connection.execute("SELECT name FROM names").fetchall())
    record_all(ledger, "ops", [(one, SETTLED) for one in events])
    ours = rows(
        ledger,
        "SELECT s.key, t.address, t.kind, t.type, x.path, x.action, x.outcome, x.before, x.after, x.id::text "
        "FROM tfevent.touched x JOIN tfevent.things t ON t.id = x.thing LEFT JOIN tfevent.stacks s ON s.id = t.stack",
    )
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
    assert sorted(rows(ledger, "SELECT name FROM tfevent.names")) == sorted(names)


def with_time(hexadecimal):
    """An id that begins with this time."""
    return f"{hexadecimal[:8]}-{hexadecimal[8:]}-7000-8000-000000000001"


YEARS_AGO, IN_2033, IN_1970 = "016000000000", "01cfffffffff", "000000000001"


def test_each_event_finds_a_partition_and_months_are_made_on_demand(ledger):
    ids = [with_time(time) for time in (YEARS_AGO, IN_2033, IN_1970)]
    ids.append("f47ac10b-58cc-4372-a567-0e02b2c3d479")  # version 4: its beginning is no time
    for one in ids:
        assert record(ledger, "ops", sealed(1, id=one), SETTLED)
        assert not record(ledger, "ops", sealed(1, id=one), SETTLED)
    where = dict(rows(ledger, "SELECT id::text, tableoid::regclass::text FROM tfevent.events"))
    assert [where[one] for one in ids] == ["tfevent.events_201711", *["tfevent.events_other"] * 3]


def test_what_was_ahead_of_its_time_moves_to_the_month_when_that_is_made(ledger):
    ahead = with_time(IN_2033)
    record(ledger, "ops", sealed(1, id=ahead, outcome=Outcome.FAILED), SETTLED)
    ((month,),) = rows(ledger, "SELECT tfevent.month_of(%s)", ahead)
    assert rows(ledger, "SELECT tfevent.make_month(%s), tfevent.make_month(%s)", month, month) == [(True, False)]
    ((place,),) = rows(ledger, "SELECT tableoid::regclass::text FROM tfevent.events")
    assert place == f"tfevent.events_{month:%Y%m}"
    assert not record(ledger, "ops", sealed(1, id=ahead, outcome=Outcome.FAILED), SETTLED)


def test_months_are_made_ahead(ledger):
    made = [name for (name,) in rows(ledger, "SELECT relid::text FROM pg_partition_tree('tfevent.events')")]
    ((now,),) = rows(ledger, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")
    assert f"tfevent.events_{now}" in made
    assert len([name for name in made if name[-1].isdigit()]) == 4


def test_two_that_make_a_ledger_at_once_make_one(postgres, database):
    errors = []

    def make():
        try:
            with psycopg.connect(database) as connection:
                schema.migrate(connection)
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with psycopg.connect(database) as connection:
        assert schema.version(connection).schema == len(schema.MIGRATIONS)


def test_a_name_that_is_none_and_an_id_that_is_none_are_refused(ledger):
    for team in ("", "a,b", "x y", "a" * 64):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            record(ledger, team, sealed(1), SETTLED)
    with pytest.raises(ValueError, match="UUID"):
        record(ledger, "ops", sealed(1, id="not one"), SETTLED)
    assert figures(ledger)["events"] == 0


HOSTILE = 'a\'; DROP TABLE events; --\u202e\U0001f600\\ "%s" $1 \t\u0000'


def test_texts_of_any_content_and_length_are_recorded(ledger):
    long = "x" * 100_000
    address = f"aws_instance.{'ü' * 450}"
    names = [change(address, attributes={f"tags[{HOSTILE!r}]": (HOSTILE, "b")}), change(HOSTILE)]
    for number, text in enumerate((HOSTILE, long)):
        one = run(5 + number, *names, service=text, title=text, dedup_key=text, environment=text, stack=text)
        assert record(ledger, "ops", sealed_of(one), SETTLED)
        found = rows(ledger, "SELECT service, title FROM tfevent.events WHERE service = %s", indexed(text))
        assert found == [(indexed(text), text.replace("\0", "\ufffd"))]


def test_texts_that_are_too_long_for_an_index_stay_different():
    one, two = (indexed("x" * 600 + end) for end in "ab")
    assert one != two
    assert {len(one), len(two)} == {LONGEST}
    assert indexed("x" * LONGEST) == "x" * LONGEST


def test_a_start_has_nothing_that_only_an_end_has():
    start, end = story()
    assert [entry_of(start.event, STARTED)[name] for name in ("stack", "plan", "touched")] == [None, None, []]
    assert all(entry_of(end.event, SETTLED)[name] for name in ("stack", "plan", "touched", "moves", "names"))


def test_events_of_one_batch_share_their_things(ledger):
    both = list(itertools.chain.from_iterable((story(1), story(2))))
    record_all(ledger, "ops", [(one, SETTLED) for one in both if one.event.outcome])
    record_all(ledger, "ops", [(story(3)[1], SETTLED)])
    assert figures(ledger)["things"] == 3
