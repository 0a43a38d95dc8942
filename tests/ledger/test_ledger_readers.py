"""What a user of the database reads of a ledger: the events of their teams."""

from __future__ import annotations

import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.history.why import why
from change_events.journal import Query
from change_events.ledger.problems import NoTeamToRead
from change_events.ledger.source import LedgerSource
from change_events.ledger.team_source import TeamSource
from tests.history.past import change, run
from tests.ledger.people import hire, url_of
from tests.support.ledger import filled

EVENTS = [run(number, change("aws_db_instance.main"), stack=f"stack{number % 2}") for number in range(6)]


@pytest.fixture(scope="module")
def shared(postgres):
    """A ledger with events of two teams in turn, and its users."""
    with filled(postgres, EVENTS, ["ops", "shop"]) as url, psycopg.connect(url, autocommit=True) as ledger:
        hire(ledger)
        yield ledger


@pytest.mark.parametrize(
    ("name", "teams"), [("ops_reader", ("ops",)), ("shop_reader", ("shop",)), ("all_reader", ("ops", "shop"))]
)
def test_a_reader_is_answered_of_their_teams(shared, name, teams):
    own = {event.id for number, event in enumerate(EVENTS) if ("ops", "shop")[number % 2] in teams}
    with LedgerSource.open(url_of(shared, name)) as source:
        assert source.teams == teams
        assert {record.event.id for record in source.list(Query())} == own
        assert {entry.event for entry in why(source, "aws_db_instance.main", limit=9).entries} == own
        assert source.figures(Query(), most=99).events == len(own)
        assert {record.id for record in source.list(Query(text="stack"))} == own


def test_who_reads_no_team_is_answered_so_and_not_with_an_empty_ledger(shared):
    for team in (None, "ops", "nosuch"):
        with pytest.raises(LedgerError, match=r"this user may read no team's events; .* says what to grant"):
            LedgerSource.open(url_of(shared, "no_reader"), team)


def test_who_loses_the_last_team_is_answered_so(shared):
    with LedgerSource.open(url_of(shared, "shop_reader")) as source:
        shared.execute("UPDATE tfevent.members SET role = 'nobody' WHERE role = 'shop_reader'")
        try:
            with pytest.raises(NoTeamToRead), source.together():
                pass
        finally:
            shared.execute("UPDATE tfevent.members SET role = 'shop_reader' WHERE role = 'nobody'")


def test_a_collector_whose_user_may_not_read_the_team_of_a_token_does_not_answer_that_it_has_nothing(shared):
    with TeamSource.open(url_of(shared, "ops_reader")) as source:
        source.narrow("ops", in_all=9)
        assert len(list(source.list(Query()))) > 0
        with pytest.raises(NoTeamToRead, match="this user may not read the events of team shop"):
            source.narrow("shop", in_all=9)
        shared.execute("INSERT INTO tfevent.members (role, may, team) VALUES ('ops_reader', 'read', 'shop')")
        try:
            source.narrow("shop", in_all=9)
            assert len(list(source.list(Query()))) == 3
        finally:
            shared.execute("DELETE FROM tfevent.members WHERE role = 'ops_reader' AND team = 'shop'")


def test_another_team_cannot_be_chosen(shared):
    with pytest.raises(LedgerError, match="team 'shop' has no events that this user may read; others: ops"):
        LedgerSource.open(url_of(shared, "ops_reader"), "shop")
    with LedgerSource.open(url_of(shared, "all_reader"), "shop") as source:
        assert len(list(source.list(Query()))) == 3


def test_a_writer_does_not_read(shared):
    with pytest.raises(LedgerError, match="this user may not read it"):
        LedgerSource.open(url_of(shared, "ops_writer"))
