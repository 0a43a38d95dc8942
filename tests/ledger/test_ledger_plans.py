"""How the server answers: by which index, in its order, no table from end to end, and a late page like the first."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import psycopg
import pytest

from change_events.journal import Query, RecordState
from change_events.ledger import access, thing_reads
from change_events.ledger.source import LedgerSource
from tests.history.past import NOW
from tests.ledger.many import scatter
from tests.ledger.people import hire, url_of
from tests.support.ledger import new_ledger

pytestmark = pytest.mark.slow

NUMBER = 4_000
BY_TIME = "events: team started_at id"
BY_STACK = "events: team stack started_at id"
SINCE = NOW - timedelta(days=5)
LISTS = {
    "first page": (Query(), BY_TIME),
    "until": (Query(until=SINCE), BY_TIME),
    "environment": (Query(environment="prod"), "events: team environment started_at id"),
    "service": (Query(service="service 3", since=SINCE), "events: team service started_at id"),
    "two columns": (Query(outcome="failed", environment="prod"), "events: team outcome started_at id"),
    "actor": (Query(actor="person 3"), "events: team actor started_at id"),
    "run": (Query(run="run 3"), "events: team run started_at id"),
    "running": (Query(state=RecordState.STARTED), BY_TIME),
    "host": (Query(host="host 7"), "hosts: pkey"),
    "host and service": (Query(host="host 7", service="service 7"), "hosts: pkey"),
    "tag": (Query(tag="team=3"), "tags: pkey"),
    "signal": (Query(signal="signal 7"), "signals: pkey"),
    "text": (Query(text="network"), BY_TIME),
}
OTHERS = {
    "address": (lambda source: list(source.list(Query(address="aws_instance.web7"))), "touched: pkey"),
    "get": (lambda source: source.get("0199"), "events: pkey"),
    "figures": (
        lambda source: source.figures(Query(environment="prod"), most=1000),
        "events: team environment started_at id",
    ),
    "counted": (
        lambda source: source.counted(Query(since=SINCE, until=NOW), by=("host",), width=timedelta(days=1)),
        BY_TIME,
    ),
    "searched since": (
        lambda source: source.searched_since(Query(text="x", searched=500)),
        BY_TIME,
    ),
    "known": (lambda source: source.known(), "events: pkey"),
    "things at": (lambda source: source.things_at("aws_instance.web7", limit=9), "things: by address"),
    "things at a glob": (lambda source: source.things_at("aws_instance.web7*", limit=9), "things: by address"),
    "things named": (lambda source: source.things_named("i-7", limit=9), "names: pkey"),
    "things of a stack": (
        lambda source: source.things_of_stack("stack 7", ["aws_instance.web7"]),
        "things: team stack address key",
    ),
    "touches": (lambda source: source.touches(7, limit=9), "touched: pkey"),
    "paths": (lambda source: source.paths(7, limit=9), "touched: pkey"),
    "newest": (lambda source: source.newest([7, 8]), "touched: pkey"),
    "moves": (lambda source: source.moves("stack 7", "new 10"), "moves: team stack new"),
    "stacks": (lambda source: source.stacks(limit=9), BY_STACK),
    "events of a stack": (
        lambda source: source.events_of_stack("stack 7", limit=9),
        BY_STACK,
    ),
    "events of a plan": (lambda source: source.events_of_plan("0", limit=9), "events: team plan started_at id"),
    "is type known": (lambda source: source.is_type_known("stack 7", "aws_instance", but=""), "things: by type"),
    "values": (lambda source: source.values_of("service", limit=9), "events: team service started_at id"),
}


@pytest.fixture(scope="module")
def large(postgres):
    """The address of a ledger with some thousand events, for a reader of one team."""
    with postgres.database(new_ledger) as url, psycopg.connect(url, autocommit=True) as ledger:
        hire(ledger)
        scatter(ledger, NUMBER)
        yield url_of(ledger, "ops_reader")


class Plans:
    """What the server says of each statement before it is executed."""

    def __init__(self, monkeypatch):
        self.nodes = []
        self.blocks = 0
        self.asked = 0
        self._rows = access.rows
        for module in (access, thing_reads):
            monkeypatch.setattr(module, "rows", self.rows)

    def rows(self, connection, statement, values):
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        ((found,),) = self._rows(connection, explained, values)
        self.blocks += found[0]["Plan"]["Shared Hit Blocks"] + found[0]["Plan"]["Shared Read Blocks"]
        self.nodes += nodes_of(found[0]["Plan"])
        self.asked += 1
        return self._rows(connection, statement, values)

    def used(self):
        """The indexes, without the months of their partitions."""
        return {stem(node["Index Name"]) for node in self.nodes if "Index Name" in node}

    def kinds(self):
        return {node["Node Type"] for node in self.nodes}

    def read_whole(self):
        """The tables that were read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"} - {"schema"}


def nodes_of(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


def stem(name):
    """``events_202611_team_started_at_id_idx`` → ``events: team started_at id``."""
    table, _, rest = re.sub(r"_(\d{6}|other)(?=_)", "", name).partition("_")
    rest = re.sub(r"_idx\d*$", "", rest)
    return f"{table}: {rest.replace('started_at', 'started@at').replace('_', ' ').replace('started@at', 'started_at')}"


@pytest.fixture
def source(large, monkeypatch):
    with LedgerSource.open(large) as opened:
        opened.plans = Plans(monkeypatch)
        yield opened


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_in_the_order_of_an_index(source, name):
    query, index = LISTS[name]
    assert len(list(source.list(query))) == (0 if name == "running" else 1 if name == "run" else 20)
    assert index in source.plans.used()
    assert source.plans.read_whole() == set()
    assert "Sort" not in source.plans.kinds()


@pytest.mark.parametrize("name", OTHERS)
def test_a_question_is_answered_by_an_index(source, name):
    ask, index = OTHERS[name]
    ask(source)
    assert index in source.plans.used()
    assert source.plans.read_whole() == set()


RARE = {
    "alone": (Query(text="network: 3997"), 1),
    "and a filter that most of its events do not fit": (Query(text="network: 39", environment="prod", limit=60), 38),
}


@pytest.mark.parametrize("name", RARE)
def test_the_first_page_of_a_rare_text_is_three_questions(source, name):
    """Over many months, half of the time of each of them is its plan: the newest events, the index, what it found."""
    query, number = RARE[name]
    assert len(list(source.list(query))) == number
    assert source.plans.asked == 3


AS_A_READER = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_format = json",
    "SET auto_explain.log_level = notice",
    "SET enable_seqscan = off",  # these two as every question does
    "SET enable_hashjoin = off",
    "SET SESSION AUTHORIZATION ops_reader",
)


def test_a_rare_text_is_found_for_a_reader_by_the_index_of_texts(postgres, large):
    plans = []
    with psycopg.connect(postgres.url(large.rpartition("/")[2]), autocommit=True) as session:
        session.add_notice_handler(lambda notice: plans.append(str(notice.message_primary)))
        session.execute("VACUUM ANALYZE tfevent.bodies")  # what the index has not taken in yet would cost extra
        for statement in AS_A_READER:
            session.execute(statement)
        find = "SELECT * FROM tfevent.with_text('{ops}', 'network: 3997', NULL, NULL, NULL, NULL, true, 20)"
        assert len(session.execute(find).fetchall()) == 1
    nodes = [node for text in plans if "{" in text for node in nodes_of(json.loads(text[text.index("{") :])["Plan"])]
    used = {stem(node["Index Name"]) for node in nodes if "Index Name" in node}
    read = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert "bodies: search" in used
    assert not {name for name in read if name.startswith(("events", "bodies"))}


@pytest.mark.parametrize("terms", [{}, {"environment": "prod"}, {"host": "host 7"}, {"tag": "team=3"}], ids=str)
def test_a_late_page_reads_no_more_than_the_first(source, terms):
    everything = [record.id for record in source.list(Query(limit=None, **terms))]
    read = []
    for place in (0, len(everything) // 2):
        source.plans.blocks = 0
        page = [record.id for record in source.list(Query(before=everything[place], limit=10, **terms))]
        assert page == everything[place + 1 : place + 11]
        read.append(source.plans.blocks)
    assert read[1] <= 1.5 * read[0]
