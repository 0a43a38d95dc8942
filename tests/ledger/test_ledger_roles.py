"""Who may do what in a ledger, tried: writers add, readers see their teams, nobody changes anything."""

from __future__ import annotations

from contextlib import contextmanager

import msgspec
import psycopg
import pytest

from change_events.journal.records import RecordState
from change_events.ledger import schema
from change_events.ledger.tables import PARTITIONED
from change_events.ledger.writing import record
from tests.ledger.conftest import made
from tests.ledger.people import MAY, connect, hire
from tests.ledger.test_ledger_recording import figures, rows, sealed_of, story
from tests.support.sealed import sealed

SETTLED = RecordState.SETTLED
DENIED = psycopg.errors.InsufficientPrivilege
TABLES = (*PARTITIONED, "stacks", "things", "names", "drift_checks")


@contextmanager
def filled(postgres):
    """A ledger with an event of each team, and its users."""
    with postgres.database(made) as url, psycopg.connect(url, autocommit=True) as ledger:
        hire(ledger)
        for number, team in enumerate(("ops", "shop")):
            record(ledger, team, story(number)[1], SETTLED)
        check = msgspec.json.encode([CHECK]).decode()
        ledger.execute("SELECT tfevent.record_checks('ops', 'build1', %s)", (check,))
        yield ledger


@pytest.fixture(scope="module")
def shared(postgres):
    """One that no test changes."""
    with filled(postgres) as ledger:
        yield ledger


@pytest.fixture
def fresh(postgres):
    with filled(postgres) as ledger:
        yield ledger


CHECK = {
    "directory": "/srv/net", "workspace": "default", "checked_at": 1.5, "known_at": 1.5, "clean_at": None,
    "revision": 1, "terms": "", "reason": None, "drift": "[]",
}  # fmt: skip


def teams(connection, table="events"):
    return {team for (team,) in rows(connection, f"SELECT DISTINCT team FROM tfevent.{table}")}


def test_readers_see_their_teams_and_no_more(shared):
    both = {table: teams(shared, table) for table in TABLES}
    assert both == {table: {"ops", "shop"} for table in TABLES} | {"drift_checks": {"ops"}}
    for name, may in (
        ("ops_reader", {"ops"}),
        ("shop_reader", {"shop"}),
        ("all_reader", {"ops", "shop"}),
        ("no_reader", set()),
    ):
        with connect(shared, name) as own:
            assert {table: teams(own, table) for table in TABLES} == {table: both[table] & may for table in TABLES}


def test_the_setting_takes_teams_away_and_gives_none(shared):
    with connect(shared, "all_reader") as everybody, connect(shared, "ops_reader") as own:
        for wanted, of_all, of_own in (
            ("ops", {"ops"}, {"ops"}),
            ("shop", {"shop"}, set()),
            ("ops,shop", {"ops", "shop"}, {"ops"}),
            ("*", set(), set()),
            ("none", set(), set()),
        ):
            for connection in (everybody, own):
                connection.execute("BEGIN")
                connection.execute("SELECT set_config('tfevent.teams', %s, true)", (wanted,))
            assert (teams(everybody), teams(own)) == (of_all, of_own)
            for connection in (everybody, own):
                connection.execute("ROLLBACK")
        assert teams(everybody) == {"ops", "shop"}


def test_who_somebody_is_does_not_change_with_the_role_that_is_set(shared):
    with connect(shared, "ops_reader") as own:
        own.execute("SET ROLE tfevent_reader")
        assert teams(own) == {"ops"}
        for name in ("shop_reader", "tfevent_owner", "postgres"):
            with pytest.raises(DENIED):
                own.execute(f"SET ROLE {name}")
        with pytest.raises(DENIED):
            own.execute("SET SESSION AUTHORIZATION shop_reader")


FORBIDDEN = (
    "DELETE FROM {0}",
    "UPDATE {0} SET {1} = NULL",
    "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM {0}",
    "TRUNCATE {0}",
    "DROP TABLE {0}",
    "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
    "CREATE TRIGGER t BEFORE INSERT ON {0} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
)


@pytest.mark.parametrize("name", MAY)
def test_nobody_changes_a_row(shared, name):
    known = figures(shared)
    with connect(shared, name) as own:
        for table in (*TABLES, "members", "schema", "tokens"):
            column = {"members": "role", "schema": "oldest_writer"}.get(table, "team")
            for statement in FORBIDDEN:
                with pytest.raises(DENIED):
                    own.execute(statement.format(f"tfevent.{table}", column))
    assert figures(shared) == known


def test_partitions_are_read_by_nobody(shared):
    ((partition,),) = rows(shared, "SELECT DISTINCT tableoid::regclass::text FROM tfevent.events")
    for name in MAY:
        with connect(shared, name) as own, pytest.raises(DENIED):
            own.execute(f"SELECT * FROM {partition}")


def test_writers_read_nothing(shared):
    with connect(shared, "ops_writer") as own:
        for table in (*TABLES, "members", "tokens"):
            with pytest.raises(DENIED):
                own.execute(f"SELECT * FROM tfevent.{table}")
        assert schema.version(own).schema == len(schema.MIGRATIONS)


def test_writers_add_to_their_own_team_only(fresh):
    _, end = story(5)
    with connect(fresh, "ops_writer") as own:
        for team in ("shop", "*", "other"):
            with pytest.raises((DENIED, psycopg.errors.InvalidParameterValue)):
                record(own, team, end, SETTLED)
            with pytest.raises((DENIED, psycopg.errors.InvalidParameterValue)):
                own.execute("SELECT tfevent.record_checks(%s, 'm', '[]')", (team,))
        assert record(own, "ops", end, SETTLED)
    assert rows(fresh, "SELECT team FROM tfevent.events WHERE id = %s", end.event.id) == [("ops",)]


def test_a_writer_forges_no_row_of_another_team(fresh):
    """Whatever an entry claims: the team is the one that was checked, and numbers of stacks and things are its own."""
    known = rows(fresh, "SELECT * FROM tfevent.touched WHERE team = 'shop' ORDER BY thing, path")
    ((number, address, stack),) = rows(
        fresh, "SELECT id, address, stack FROM tfevent.things WHERE team = 'shop' AND kind = 'resource' LIMIT 1"
    )
    entry = {
        "id": sealed(7).event.id, "state": "settled", "started_at": "2026-11-30T00:00:00Z", "kind": "custom",
        "phase": "applied", "severity": "info", "title": "t", "search": "", "backfilled": False, "team": "shop",
        "stack": str(stack), "position": 1, "hosts": [], "signals": [], "moves": [["a", "b"]],
        "things": [{"address": address, "kind": "resource", "id": number, "team": "shop"}],
        "touched": [[0, "", "destroy", "applied", None, None]], "names": [["n", 0]],
    }  # fmt: skip
    with connect(fresh, "ops_writer") as own:
        text = msgspec.json.encode([entry]).decode()
        own.execute("SELECT tfevent.record_events('ops', %s, %s::bytea[])", (text, [sealed(7).body]))
    assert rows(fresh, "SELECT * FROM tfevent.touched WHERE team = 'shop' ORDER BY thing, path") == known
    ours = rows(fresh, "SELECT DISTINCT team FROM tfevent.things WHERE id IN "
        "(SELECT thing FROM tfevent.touched WHERE id = %s)", entry["id"])  # fmt: skip
    assert ours == [("ops",)]
    with connect(fresh, "shop_reader") as theirs:
        assert not rows(theirs, "SELECT 1 FROM tfevent.moves WHERE new = 'a'")


def test_what_a_writer_puts_into_its_session_is_not_executed_by_the_owner(fresh):
    """Names in the functions are found in PostgreSQL's own schema and in ours, wherever a writer's path leads."""
    with connect(fresh, "ops_writer") as own:
        own.execute("CREATE TEMPORARY TABLE events (team text)")
        own.execute("CREATE TEMPORARY TABLE stacks (team text, key text)")
        own.execute(
            "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'executed as %', current_user; END $$"
        )
        own.execute("SET search_path = pg_temp, tfevent, public")
        assert record(own, "ops", story(6)[1], SETTLED)
    assert rows(fresh, "SELECT count(*) FROM tfevent.events WHERE team = 'ops'") == [(2,)]


@pytest.mark.parametrize("name", ["ops_reader", "keeper", "stranger"])
def test_who_is_no_writer_records_nothing(shared, name):
    with connect(shared, name) as own, pytest.raises(DENIED):
        record(own, "ops", story(5)[1], SETTLED)


def test_inner_functions_are_for_nobody(shared):
    calls = ("need_months('{}')", "make_month('2030-01-01')", "record_things('ops', '[]')", "check_writer('ops')")
    for name in MAY:
        with connect(shared, name) as own:
            for call in calls:
                with pytest.raises(DENIED):
                    own.execute(f"SELECT tfevent.{call}")


def test_only_retention_prunes_and_what_is_left_of_nothing_goes_with_it(fresh):
    known = figures(fresh)
    end = story(5)[1]
    old = sealed_of(msgspec.structs.replace(end.event, id="01600000-0000-7000-8000-000000000001"))
    record(fresh, "web", old, SETTLED)
    for name in set(MAY) - {"keeper"}:
        with connect(fresh, name) as own, pytest.raises(DENIED):
            own.execute("SELECT tfevent.prune('2018-01-01')")
    with connect(fresh, "keeper") as keeper:
        assert rows(keeper, "SELECT * FROM tfevent.prune('2017-11-30')") == [("other", 0)]
        assert figures(fresh)["things"] == known["things"] + 3
        assert rows(keeper, "SELECT * FROM tfevent.prune('2017-12-01')") == [("2017-11", 1), ("other", 0)]
    assert figures(fresh) == known | {"stacks": known["stacks"] + 1}  # stacks stay
    assert record(fresh, "web", old, SETTLED)


def test_the_owner_of_a_table_is_held_by_its_policies_too(shared):
    forced = rows(
        shared, "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'tfevent'::regnamespace"
    )
    assert {name for (name,) in forced} == {*TABLES, "tokens"}


def test_a_user_without_rights_over_the_server_makes_a_ledger_where_the_roles_are_there(shared, postgres):
    with postgres.database() as url:
        name = url.rpartition("/")[2]
        shared.execute("DROP ROLE IF EXISTS maker")
        shared.execute("CREATE ROLE maker LOGIN PASSWORD 'm' IN ROLE tfevent_owner")
        shared.execute(f"GRANT CREATE ON DATABASE {name} TO tfevent_owner")
        with psycopg.connect(postgres.url(name, "maker", "m")) as own:
            assert schema.migrate(own) == (0, len(schema.MIGRATIONS))
            assert schema.migrate(own) == (len(schema.MIGRATIONS),) * 2
            assert record(own, "ops", sealed(1), SETTLED)
            assert teams(own) == {"ops"}
