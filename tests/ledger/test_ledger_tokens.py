"""Tokens of a ledger: made and revoked by the owner, checked by a collector, and kept as digests only."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest

from change_events.ledger import schema, tokens
from change_events.redact import Redactor
from tests.cli.home import Home
from tests.ledger.people import MAY, connect, hire, url_of
from tests.ledger.test_ledger_recording import rows

DENIED = psycopg.errors.InsufficientPrivilege
UNKNOWN = tokens.PREFIX + "A" * 43


@pytest.fixture
def staffed(ledger):
    """A ledger with its users."""
    hire(ledger)
    return ledger


def made(ledger, **terms):
    return tokens.create(ledger, "ops", **{"may_write": True, "may_read": False} | terms)


def refusal(connection, token):
    with pytest.raises(tokens.TokenRefused) as refused:
        tokens.check(connection, token)
    assert token not in str(refused.value) or not token
    return str(refused.value)


def test_a_collector_checks_a_token_and_the_day_of_its_use_is_noted(staffed):
    known, token = made(staffed, label="ci")
    other = made(staffed, may_write=False, may_read=True)[1]
    assert known.last_used is None
    with connect(staffed, "collector") as own:
        for _ in range(2):
            assert tokens.check(own, token) == tokens.Standing(known.id, "ops", True, False, None)
        assert tokens.check(own, other).may_read
    assert tokens.listed(staffed)[0].last_used == f"{datetime.now(UTC):%Y-%m-%d}"


def test_a_token_is_checked_in_a_transaction_that_cannot_write_and_while_another_one_notes_its_use(staffed):
    known, token = made(staffed)
    with connect(staffed, "collector") as own:
        own.execute("SET default_transaction_read_only = on")
        assert tokens.check(own, token).token == known.id
        assert tokens.listed(staffed)[0].last_used is None
        own.execute("SET default_transaction_read_only = off")
        own.execute("SET lock_timeout = '1ms'")
        with staffed.transaction():
            staffed.execute("SELECT 1 FROM tfevent.tokens FOR UPDATE")
            assert tokens.check(own, token).token == known.id


def test_what_is_unknown_has_expired_or_was_revoked_is_refused_in_its_own_words(staffed):
    expired = made(staffed, expires_at=datetime.now(UTC) - timedelta(seconds=1))[1]
    known, revoked = made(staffed, expires_at=datetime.now(UTC) + timedelta(days=1))
    first = tokens.revoke(staffed, known.id)
    assert tokens.revoke(staffed, known.id) == first  # again changes nothing
    assert tokens.revoke(staffed, 10**15) is None
    with connect(staffed, "collector") as own:
        assert "has expired" in refusal(own, expired)
        assert "was revoked" in refusal(own, revoked)
        assert "does not know the token" in refusal(own, UNKNOWN)
        for text in ("", "x" * 1_000_000, UNKNOWN + "\0", UNKNOWN + "A", "' OR 1=1 --"):
            assert "not a token" in refusal(own, text)


def test_nobody_else_checks_makes_or_sees_tokens(staffed):
    _, token = made(staffed)
    for name in sorted(set(MAY) - {"collector"}):
        with connect(staffed, name) as own:
            for call in (partial(tokens.check, own, token), partial(made, own), partial(tokens.listed, own)):
                with pytest.raises(DENIED):
                    call()


def test_a_collector_lists_nothing_and_a_ledger_keeps_no_token(staffed):
    known, token = made(staffed)
    with connect(staffed, "collector") as own:
        for call in (lambda: tokens.listed(own), lambda: made(own), lambda: tokens.revoke(own, known.id)):
            with pytest.raises(DENIED):
                call()
    assert token.removeprefix(tokens.PREFIX) not in repr(rows(staffed, "SELECT t::text FROM tfevent.tokens t"))


def test_a_token_without_rights_or_without_a_team_is_not_made(ledger):
    for terms in ({"may_write": False}, {"team": "*"}, {"team": "o p s"}):
        with pytest.raises(psycopg.errors.CheckViolation):
            tokens.create(ledger, **{"team": "ops", "may_write": True, "may_read": False} | terms)


def test_a_ledger_of_before_gets_tokens_and_its_writers_keep_writing(postgres, database):
    with psycopg.connect(database, autocommit=True) as own:
        schema.migrate(own, schema.MIGRATIONS[:1])
        assert schema.migrate(own) == (1, len(schema.MIGRATIONS))
        assert schema.version(own).oldest_writer == 1
        assert tokens.check(own, made(own)[1]).team == "ops"


def test_each_token_is_one_that_redaction_knows(ledger):
    token = made(ledger)[1]
    assert token not in Redactor().text(f"curl -d @events.json {token} collector.example.com")


def test_tokens_as_a_person_uses_them(tmp_path, database):
    home = Home(tmp_path)
    home.environ |= {"TFEVENT_LEDGER": database}
    home.events("ledger", "init", "--team", "ops")
    done = home.run("ledger", "token", "create", "--team", "ops", "--label", "ci", "--expires", "90d")
    token = done.stdout.decode().strip()
    assert done.returncode == 0
    assert len(token) == 48
    assert token.startswith("tfel_")
    assert "token 1 of team ops may write, expires " in done.stderr.decode()
    both = home.run("ledger", "token", "create", "--team", "ops", "--write", "--read")
    assert "token 2 of team ops may write and read, does not expire" in both.stderr.decode()
    listed = home.events("ledger", "token", "list")
    assert "1  ops: may write, expires " in listed
    assert listed.splitlines()[0].endswith("never used  (ci)")
    assert [one["id"] for one in json.loads(home.events("ledger", "token", "list", "--json"))] == [1, 2]
    two_lines = "x)\n   9  ops: may read, never used  (forged"
    refused = home.run("ledger", "token", "create", "--team", "ops", "--label", two_lines)
    assert (refused.returncode, refused.stdout) == (1, b"")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE tfevent.tokens SET label = %s WHERE id = 2", (two_lines,))  # as an older one made it
    assert len(home.events("ledger", "token", "list").splitlines()) == 2
    assert "refused from now on" in home.events("ledger", "token", "revoke", "1")
    shown = home.events("ledger", "token", "list")
    assert "1  ops: may write, revoked " in shown
    assert token not in listed + shown
    for word in ("nosuch", UNKNOWN, "1.5", "9" * 30):
        said = home.run("ledger", "token", "revoke", word).stderr.decode()
        assert said == "tfevent: the ID of a token is a number; `tfevent events ledger token list` shows it\n"
    assert "has no token 9" in home.run("ledger", "token", "revoke", "9").stderr.decode()


def test_what_the_owner_alone_may_says_so(tmp_path, staffed):
    home = Home(tmp_path)
    home.environ |= {"TFEVENT_LEDGER": url_of(staffed, "ops_writer")}
    for words in (("list",), ("create", "--team", "ops"), ("revoke", "1")):
        done = home.run("ledger", "token", *words)
        assert done.returncode not in {0, 2}
        assert "only the owner of the ledger" in done.stderr.decode()


def test_a_ledger_without_tokens_says_what_to_do(tmp_path, database):
    home = Home(tmp_path)
    home.environ |= {"TFEVENT_LEDGER": database}
    assert "`tfevent events ledger init` brings it up to date" in home.run("ledger", "token", "list").stderr.decode()
    home.environ["TFEVENT_LEDGER"] = "postgresql://nobody@127.0.0.1:1/none"
    assert "check host and port" in home.run("ledger", "token", "list").stderr.decode()
