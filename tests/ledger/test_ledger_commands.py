"""`tfevent events ledger` as a person uses it: made, filled twice, looked at, pruned; and what goes wrong."""

from __future__ import annotations

import json

import msgspec
import psycopg
import pytest

from change_events.cli import ledger as cli
from change_events.journal import Journal
from change_events.journal.drift_checks import KnownDrift, LastCheck
from change_events.ledger.schema import MIGRATIONS
from change_events.ledger.source import LedgerSource
from tests.cli.home import Home
from tests.history.past import change, run
from tests.ledger.test_ledger_recording import figures, rows
from tests.support.sealed import sealed


@pytest.fixture
def home(tmp_path, database):
    """A machine with three events in its journal, and an empty database."""
    home = Home(tmp_path)
    home.environ |= {"TFEVENT_LEDGER": database}
    home.fill(
        run(30, change("aws_instance.web", "create")),
        run(20, change("aws_instance.web", attributes={"ami": ("a", "b")})),
        run(10, outcome=None, ended_at=None),
    )
    return home


def failed(home, *words, **options):
    done = home.run("ledger", *words, **options)
    assert done.returncode not in {0, 2}, done.stdout
    return done.stderr.decode()


def test_a_ledger_is_made_filled_twice_looked_at_and_pruned(home, database):
    password = database.partition("//")[2].partition("@")[0].partition(":")[2]
    first = home.events("ledger", "init", "--team", "ops")
    assert f"made, with schema {len(MIGRATIONS)}" in first
    assert "without an index of texts" not in first
    assert all(name in first for name in ("tfevent_owner", "_reader, _retention, _collector"))
    assert 'CREATE ROLE "ops_writer" LOGIN' in first
    assert "the newest that this tfevent knows" in home.events("ledger", "init")
    assert "3 events added, 0 already there" in home.events("ledger", "import", "--team", "ops")
    with psycopg.connect(database, autocommit=True) as ledger:
        once = figures(ledger)
        assert "0 events added, 3 already there" in home.events("ledger", "import", "--team", "ops")
        assert figures(ledger) == once
        assert rows(ledger, "SELECT state, count(*) FROM tfevent.events GROUP BY state ORDER BY state") == [
            ("settled", 2),
            ("started", 1),
        ]
        shown = home.events("ledger", "status")
        assert "team    ops: 3 events, 1 running" in shown
        found = json.loads(home.events("ledger", "status", "--json"))
        assert (found["version"], found["teams"][0]["events"]) == (len(MIGRATIONS), 3)
        for words in ((), ("--dry-run",)):
            pruned = home.events("ledger", "prune", "--before", "2020-01-01", *words)
            assert pruned == "no month of the ledger ends before 2020-01-01, and only whole months are removed\n"
    assert password not in first + shown + json.dumps(found)


def test_drift_checks_of_journals_are_imported_and_answered_alike(home, database, tmp_path):
    drift = KnownDrift("aws_instance.web", "update", {"tags.a": "\0f"}, 1_000.0, "aws_instance")
    checks = [
        LastCheck(directory="/srv/net", workspace="default", checked_at=2_000.5, known_at=2_000.5, drift=(drift,)),
        LastCheck(directory="/srv/web", workspace="a", checked_at=1_000.0, clean_at=900.0, revision=3, reason="no\0"),
    ]
    with Journal.open(home.journal_path) as journal:
        journal.keep_drift_checks(checks)
    home.events("ledger", "init")
    for words in ((), (str(home.journal_path),)):
        assert "; 2 drift checks" in home.events("ledger", "import", "--team", "ops", *words)
    with Journal.open(home.journal_path) as journal, LedgerSource.open(database) as source:
        stored = [msgspec.structs.replace(one, reason=one.reason and "no\ufffd") for one in journal.drift_checks()]
        assert list(source.drift_checks()) == stored
        assert len(stored) == 2
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(msgspec.json.encode(sealed(1).event))
    assert "drift" not in home.events("ledger", "import", "--team", "ops", str(lines))


def test_pruning_can_be_tried_and_is_refused_of_days_to_come(home, database, tmp_path):
    home.events("ledger", "init")
    old = tmp_path / "old.jsonl"
    old.write_bytes(msgspec.json.encode(sealed(1, id="01600000-0000-7000-8000-000000000001").event))
    home.events("ledger", "import", "--team", "ops", str(old))
    assert "lies in the future" in failed(home, "prune", "--before", "2999-01-01")
    assert "1 event would be removed" in home.events("ledger", "prune", "--before", "2018-01-01", "--dry-run")
    done = home.events("ledger", "prune", "--before", "2018-01-01")
    assert done.splitlines() == ["2017-11  1 event", "1 event removed"]
    with psycopg.connect(database) as ledger:
        assert figures(ledger)["events"] == 0


def test_what_a_newer_ledger_does_not_take_is_not_imported(home, database):
    home.events("ledger", "init")
    with psycopg.connect(database, autocommit=True) as ledger:
        ledger.execute("INSERT INTO tfevent.schema (version, oldest_writer) VALUES (99, 99)")
        assert "does not take this one's events; upgrade tfevent" in failed(home, "import", "--team", "ops")
        ledger.execute("TRUNCATE tfevent.schema")
        assert "there is no ledger" in failed(home, "import", "--team", "ops")
        assert "tfevent.schema, which has their version, is empty" in failed(home, "init")
        assert figures(ledger)["events"] == 0


def test_a_bad_name_of_a_team_makes_no_ledger(home, database):
    assert "not a name of a team" in failed(home, "init", "--team", "'; drop")
    with psycopg.connect(database) as ledger:
        assert rows(ledger, "SELECT to_regclass('tfevent.events')") == [(None,)]


@pytest.mark.slow
def test_the_statements_that_are_printed_make_users_who_can_do_what_they_should(home, database, postgres):
    lines = home.events("ledger", "init", "--team", "web").splitlines()
    with psycopg.connect(database, autocommit=True) as ledger:
        for line in lines:
            if line.startswith("\\password "):
                ledger.execute(f"ALTER ROLE {line.split()[1]} PASSWORD 'w'".encode())
            elif line.startswith(("CREATE", "INSERT")):
                ledger.execute(line.encode())
        keeper = postgres.url(ledger.info.dbname, "tfevent_pruner", "w")
    name = database.rpartition("/")[2]
    writer, reader = (postgres.url(name, user, "w") for user in ("web_writer", "web_reader"))
    assert "3 events added" in home.events("ledger", "import", "--team", "web", "--ledger", writer)
    for team, user in (("other", writer), ("web", reader)):
        said = failed(home, "import", "--team", team, "--ledger", user)
        grant = f"`tfevent events ledger init --team {team}` says what to grant"
        assert f"this user may not write events of team {team}: {grant}" in said
    assert "may not remove events: it needs the role tfevent_retention" in failed(
        home, "prune", "--before", "2020-01-01", "--ledger", writer
    )
    assert "team    web: 3 events" in home.events("ledger", "status", "--ledger", reader)
    assert "no month of the ledger ends" in home.events("ledger", "prune", "--before", "2020-01-01", "--ledger", keeper)
    assert "this user may not read events" in home.events("ledger", "status", "--ledger", keeper)
    assert json.loads(home.events("ledger", "status", "--json", "--ledger", keeper))["readable"] is False


def test_journals_and_lines_of_json_are_imported(home, tmp_path):
    home.events("ledger", "init")
    other = Home(tmp_path / "other")
    other.fill(sealed(1).event, sealed(2).event)
    lines = tmp_path / "events.jsonl"
    planted = sealed(3, message="password=hunter2hunter2").event
    lines.write_bytes(b"\n".join([msgspec.json.encode(sealed(2).event), b"", msgspec.json.encode(planted)]))
    done = home.events("ledger", "import", "--team", "ops", str(other.journal_path), str(lines))
    assert "3 events added, 1 already there" in done
    with psycopg.connect(home.environ["TFEVENT_LEDGER"]) as ledger:
        bodies = b"".join(body for (body,) in rows(ledger, "SELECT body FROM tfevent.bodies"))
    assert b"hunter2" not in bodies
    lines.write_text('{"id": 1}\n')
    assert f"{lines}:1: not an event" in failed(home, "import", "--team", "ops", str(lines))
    lines.write_text(msgspec.json.encode(sealed(4, id="x").event).decode())
    assert "is not a UUID" in failed(home, "import", "--team", "ops", str(lines))
    assert "no such file" in failed(home, "import", "--team", "ops", "nothing.db")


def test_an_import_says_where_it_is_without_a_terminal_too(monkeypatch, capsys):
    step = cli._lines_of_progress()
    step(400)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(cli, "_BETWEEN_LINES", 0.0)
    step(600)
    assert capsys.readouterr().err == "tfevent: 1000 events read in 0 s\n"


@pytest.mark.parametrize("words", [("status",), ("import", "--team", "ops"), ("prune", "--before", "1d")])
def test_a_database_without_a_ledger_is_said(home, words):
    assert "ledger init" in failed(home, *words)


def test_what_is_wrong_is_said_without_a_password(home, database):
    secret = "s3cr3t-pass"
    for url, words in (
        (database.replace("postgres:", "nobody:"), "check user and password"),
        (f"postgresql://u:{secret}@127.0.0.1:1/x", "ledger 127.0.0.1:1/x"),
        (f"https://u:{secret}@example.com", "expected postgresql://"),
        (f"postgresql://u:{secret}/@127.0.0.1/x", "cannot be read"),
    ):
        said = failed(home, "status", env={"TFEVENT_LEDGER": url})
        assert words in said
        assert secret not in said
    del home.environ["TFEVENT_LEDGER"]
    assert "no ledger: give --ledger" in failed(home, "status")
    assert "not a name of a team" in failed(home, "import", "--team", "a b", env={"TFEVENT_LEDGER": database})


def test_the_destination_of_the_settings_is_meant_where_nothing_else_is_said(home, database):
    del home.environ["TFEVENT_LEDGER"]
    home.environ |= {"TFEVENT_LEDGER_URL": database, "TFEVENT_LEDGER_TEAM": "ops"}
    assert "made" in home.events("ledger", "init")


@pytest.mark.parametrize("option", ["password_file: secret", "password_command: cat secret"])
def test_the_password_of_that_destination_is_taken_too(home, database, postgres, option):
    del home.environ["TFEVENT_LEDGER"]
    login = f"{postgres.password}@"
    (home.path / "secret").write_text(postgres.password)
    where = f"url: {database.replace(f':{login}', '@')}"
    assert postgres.password not in where
    (home.path / "tfevent.yaml").write_text(f"destinations:\n  ledger:\n    {where}\n    team: ops\n    {option}\n")
    assert "made" in home.events("ledger", "init")
    assert "3 events added" in home.events("ledger", "import", "--team", "ops")
    assert "team    ops: 3 events" in home.events("ledger", "status")
    other = database.replace(login, "wrong@")
    assert "password authentication failed" in failed(home, "status", "--ledger", other), "it is of that ledger alone"


def test_a_server_that_is_read_only_is_said(home, database):
    home.events("ledger", "init")
    read_only = f"{database}?options=-cdefault_transaction_read_only%3Don"
    for words in (("init",), ("import", "--team", "ops"), ("prune", "--before", "2020-01-01")):
        said = failed(home, *words, "--ledger", read_only)
        assert "the server is read-only, as a standby is; the address has to lead to the primary" in said
    assert "schema  " in home.events("ledger", "status", "--ledger", read_only)
