"""What every source has to answer: the same questions, golden answers, whatever holds the events.

Another source joins :data:`SOURCES` with a function that takes a folder, events and the server of databases, and gives
the source, open, and what removes an event from it. Where a source answers more than others (``searched``), the name of
the question has ``: `` and the source's name behind it.
Numbers that are a source's own (of things, of the order of recording) are not part of the answers. A ledger does not
know deliveries: :data:`OF_DELIVERIES`.
"""

from __future__ import annotations

import itertools
import json
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from change_events.errors import JournalError, LedgerError, TfeventError
from change_events.history import suspects as parts_of_suspects
from change_events.history import why as parts_of_why
from change_events.history.compare import compare
from change_events.history.suspects import Incident
from change_events.journal import AmbiguousId, Journal, Query, RecordState
from change_events.journal.read_only import ReadOnlyJournal
from change_events.ledger.source import LedgerSource
from change_events.model import Actor, Ci, Kind, Outcome, Phase, Signal, Tool, Trace, stack_key
from change_events.query.answers import suspects, why
from change_events.query.collector_source import CollectorSource
from change_events.query.event_ref import find
from change_events.query.selection import query_of
from change_events.redact import unseal
from tests.history.past import ABSENT, NOW, change, run
from tests.support.collector import collecting
from tests.support.ledger import fill, filled
from tests.support.postgres import postgres

__all__ = ["postgres"]

GOLDEN = Path(__file__).parents[1] / "golden" / "source_answers.json"
DB, WEB = "aws_db_instance.main", 'module.web.aws_instance.app["a"]'


def numbered(*events):
    """With ids that are the same in each run of the tests, in the order of their starts."""
    return [
        msgspec.structs.replace(event, id=f"019ab{number:03x}-0000-7000-8000-{number:012x}")
        for number, event in enumerate(sorted(events, key=lambda event: event.started_at))
    ]


EVENTS = numbered(
    run(900, change(DB, "create"), change(WEB, "create", id="i-0abc", identity={"private_ip": "10.0.0.4"}),
        tool=Tool(name="terraform", plan="0" * 64)),
    run(800, change(DB, attributes={"instance_class": ("small", "large"), "tags.a": ("1", "2")}), environment="prod"),
    run(700, change(DB, attributes={"instance_class": ("large", "small")}), user="bo", environment="prod"),
    run(
        600,
        change(DB, outcome="failed", attributes={"instance_class": ("small", "huge")}, error="quota"),
        outcome=Outcome.PARTIAL,
        signals=(Signal(name="downtime_likely", reason="it restarts", address=DB),),
    ),
    run(500, change("aws_db_instance.primary", "move", previous_address=DB), service="shop"),
    run(500, change(DB, attributes={"engine": ("1", "2")}), stack="other", title="Upgrade of the ENGINE"),
    run(400, change(WEB, "replace", attributes={"ami": ("ami-1", "ami-2"), "arn": (ABSENT, "x")}),
        tags={"team": 'a "b"', "a": "b=c"}),
    run(300, kind=Kind.DEPLOYMENT, explicit=True, tool=Tool(name="ci"), actor=Actor(user="cy", host="web1"),
        title="shop 2.1", service="shop", environment="prod", trace=Trace(run_id="run-a")),
    run(299, trace=Trace(run_id="run-b", parent_run_id="run-a"), title="child", phase=Phase.PLANNED,
        actor=Actor(user="runner", ci=Ci(system="jenkins"))),
    run(10, outcome=None, ended_at=None, title="under way"),
)  # fmt: skip


def record(journal, events):
    for event in events:
        sealed = unseal(msgspec.json.encode(event))
        if event.outcome is None:
            journal.start(sealed)
        else:
            journal.settle(sealed, ["webhook"] if event.service else [])


@contextmanager
def journal(path, events, _):
    def remove(event):
        with Journal.open(path / "journal.db") as other:
            other._write(lambda connection: connection.execute("DELETE FROM events WHERE id = ?", (event,)))

    with Journal.open(path / "journal.db") as opened:
        record(opened, events)
        yield opened, remove


@contextmanager
def read_only_journal(path, events, _):
    with journal(path, events, None) as (_, remove):
        pass
    with closing(ReadOnlyJournal.open(path / "journal.db", patience=5, seconds=60)) as opened:
        yield opened, remove


@contextmanager
def ledger(_, events, postgres, teams=("ops",)):
    """The events go to the teams in turn."""
    server = postgres()

    def remove(event):
        for table in ("events", "bodies"):
            server.execute(f"DELETE FROM tfevent.{table} WHERE id = %s", event, database=url.rpartition("/")[2])

    with filled(server, events, teams) as url, LedgerSource.open(url) as opened:
        assert set(opened.teams) == set(teams)
        yield opened, remove


@contextmanager
def collector(_, events, postgres):
    """The same by HTTP, from a server that reads the ledger."""
    with filled(server := postgres(), events) as url, collecting(url) as running:

        def remove(event):
            for table in ("events", "bodies"):
                server.execute(f"DELETE FROM tfevent.{table} WHERE id = %s", event, database=url.rpartition("/")[2])

        with running.source("ops") as opened:
            yield opened, remove


SOURCES = {
    "journal": journal,
    "read-only journal": read_only_journal,
    "ledger": ledger,
    "collector": collector,
}


@pytest.fixture(params=SOURCES, scope="module")
def source(request, tmp_path_factory):
    server = partial(request.getfixturevalue, "postgres")
    with SOURCES[request.param](tmp_path_factory.mktemp("source"), EVENTS, server) as (opened, _):
        yield opened


def ids(source, **filters):
    return [record.id for record in source.list(query_of(**{"outcome": None, "limit": 0, **filters}))]


def figures(source, most=99, **filters):
    return msgspec.to_builtins(source.figures(query_of(**{"outcome": None, "limit": 1, **filters}), most=most))


def counts(source, by=(), since=None, **filters):
    query = query_of(**{"outcome": None, "limit": 1, "since": since or ago(900), "until": NOW, **filters})
    return [list(found) for found in source.counted(query, by=by, width=timedelta(minutes=120))]


def only(source, address):
    """The number of one thing."""
    return source.things_of_stack(STACK, [address])[address].number


def things(found):
    return [[thing.address, thing.kind, thing.type, thing.stack] for thing in found]


def touches(source, pattern, path="", **terms):
    found = source.touches(only(source, pattern), path, **{"limit": 9, **terms})
    return [[one.path, one.event, one.action, one.outcome, one.before, one.after, str(one.at)] for one in found]


def deliveries(records):
    return [[[one.destination, one.state, one.stage] for one in record.deliveries] for record in records]


def columns(record):
    names = ("id", "state", "kind", "phase", "outcome", "environment", "service", "tool", "title", "run", "parent")
    return [*(getattr(record, name) for name in names), str(record.started_at), str(record.ended_at)]


def newest_is(source, *things):
    """Whether the first of these things was changed last."""
    found = source.newest(things)
    return max(found, key=found.__getitem__) == things[0]


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


STACK = stack_key(EVENTS[0])
QUESTIONS = {
    "list": ids,
    "list: columns": lambda source: [columns(record) for record in source.list(Query(limit=3))],
    "list: deliveries": lambda source: deliveries(source.list(Query(limit=3))),
    "list: since": lambda source: ids(source, since=ago(500)),
    "list: until": lambda source: ids(source, until=ago(500)),
    "list: before": lambda source: ids(source, before=EVENTS[5].id, limit=2),
    "list: before one that is gone": lambda source: ids(source, before="019a0000-0000-7000-8000-000000000000"),
    "list: before, filtered": lambda source: ids(source, before=EVENTS[7].id, service="shop"),
    "list: environment": lambda source: ids(source, environment="prod"),
    "list: environment and service": lambda source: ids(source, environment="prod", service="shop"),
    "list: tool": lambda source: ids(source, tool="ci"),
    "list: host": lambda source: ids(source, host="web1"),
    "list: outcome": lambda source: ids(source, outcome="partial"),
    "list: running": lambda source: ids(source, outcome="running"),
    "list: kind": lambda source: ids(source, kind="deployment"),
    "list: phase": lambda source: ids(source, phase="planned"),
    "list: signal": lambda source: ids(source, signal="downtime_likely"),
    "list: text": lambda source: ids(source, text="engine"),
    "list: undelivered": lambda source: ids(source, undelivered=True),
    "list: nothing": lambda source: ids(source, environment="prod", kind="boot"),
    "list: address": lambda source: ids(source, address=DB),
    "list: address above": lambda source: ids(source, address="module.web"),
    "list: address, filtered": lambda source: ids(source, address=DB, environment="prod", limit=1),
    "list: part of an address": lambda source: ids(source, address=DB[:-1]),
    "list: actor": lambda source: [ids(source, actor=name) for name in ("bo", "cy", "jenkins", "b", 'bo"')],
    "list: tag": lambda source: [ids(source, tag=tag) for tag in ("team", 'team=a "b"', "team=a", "tea", "a=b=c")],
    "list: after": lambda source: ids(source, after=EVENTS[5].id, limit=2),
    "list: after, filtered": lambda source: ids(source, after=EVENTS[1].id, environment="prod", limit=1),
    "list: after one that is gone": lambda source: ids(source, after="019a0000-0000-7000-8000-000000000000"),
    "list: after and before": lambda source: ids(source, after=EVENTS[2].id, before=EVENTS[5].id),
    "figures": figures,
    "figures: filtered": lambda source: figures(source, environment="prod", before=EVENTS[1].id),
    "figures: more": lambda source: figures(source, most=2),
    "figures: none": lambda source: figures(source, service="none"),
    "stacks": lambda source: [list(source.stacks(limit=9)), list(source.stacks(limit=1))],
    "list: run and parent": lambda source: [ids(source, run="run-a"), ids(source, parent="run-a")],
    "list: limit": lambda source: ids(source, limit=2),
    "get": lambda source: [
        columns(source.get(name)) for name in (EVENTS[3].id, EVENTS[4].id[:8], EVENTS[4].id.upper())
    ],
    "get: deliveries": lambda source: deliveries([source.get(EVENTS[3].id), source.get(EVENTS[4].id)]),
    "get: none": lambda source: [source.get("ffff"), source.get(""), source.get("%"), source.get("019ab00_")],
    "get: body": lambda source: msgspec.to_builtins(source.get(EVENTS[3].id).event),
    "find": lambda source: [find(source, "last").id, find(source, "last-2").id],
    "searched since, of what bodies hold": lambda source: [
        str(source.searched_since(Query(searched=3, **asked)))
        for asked in ({"signal": "x"}, {"actor": "x"}, {"tag": "x"}, {"service": "shop"})
    ],
    "list: searched": lambda source: [
        one.id for one in source.list(Query(signal="downtime_likely", searched=3, limit=None))
    ],
    "counted": counts,
    "counted: outcome": lambda source: counts(source, by=("outcome", "severity")),
    "counted: lanes": lambda source: counts(source, by=("environment", "service"), since=ago(400)),
    "counted: host": lambda source: counts(source, by=("host",), since=ago(2000)),
    "counted: filtered": lambda source: counts(source, by=("kind", "phase"), environment="prod", text="shop"),
    "searched since": lambda source: [str(source.searched_since(Query(text="x", searched=n))) for n in (3, 100, None)],
    "known": lambda source: [str(source.known().since), source.known().complete],
    "things at": lambda source: things(source.things_at(DB, limit=9)),
    "things at: prefix": lambda source: things(source.things_at("module.web", limit=9)),
    "things at: glob": lambda source: things(source.things_at("aws_*.*i*", limit=9)),
    "things at: limit": lambda source: things(source.things_at("*", limit=2)),
    "things at: nothing": lambda source: things(source.things_at("aws_db_instance.mai", limit=9)),
    "things named": lambda source: things(source.things_named("i-0abc", limit=9)),
    "names of": lambda source: sorted(
        itertools.chain.from_iterable(source.names_of([only(source, WEB)]).values())
    ),
    "addresses": lambda source: sorted(set(source.addresses(limit=99))),
    "things of stack": lambda source: {
        address: things([thing]) for address, thing in source.things_of_stack(STACK, [DB, WEB, "none.x"]).items()
    },
    "things of stack: none": lambda source: dict(source.things_of_stack("none", [DB])),
    "paths": lambda source: list(source.paths(only(source, DB), limit=9)),
    "paths: below": lambda source: list(source.paths(only(source, DB), "tags", limit=9)),
    "touches": lambda source: touches(source, DB),
    "touches: attribute": lambda source: touches(source, DB, "instance_class"),
    "touches: between": lambda source: touches(source, DB, since=ago(800), until=ago(700)),
    "touches: limit": lambda source: touches(source, DB, limit=1),
    "newest": lambda source: newest_is(source, only(source, WEB), only(source, DB)),
    "moves": lambda source: [[move.old, move.new, str(move.at)] for move in source.moves(STACK, DB)],
    "events of stack": lambda source: list(source.events_of_stack(STACK, limit=3)),
    "events of plan": lambda source: list(source.events_of_plan("0" * 64, limit=3)),
    "is type known": lambda source: [
        source.is_type_known(STACK, "aws_instance", but=EVENTS[6].id), source.is_type_known(STACK, "aws_vpc", but="")
    ],
    "values of": lambda source: [list(source.values_of(name, limit=9)) for name in ("environment", "service", "tool")],
    "why": lambda source: msgspec.to_builtins(why(source, DB, limit=9)),
    "why: attribute": lambda source: msgspec.to_builtins(why(source, f"{DB}.instance_class", limit=2)),
    "suspects": lambda source: msgspec.to_builtins(
        suspects(source, Incident(NOW, timedelta(hours=12), "shop", "prod", "10.0.0.4"), limit=4)
    ),
    "diff": lambda source: msgspec.to_builtins(
        compare(find(source, EVENTS[1].id).event, find(source, EVENTS[2].id).event)
    ),
}  # fmt: skip


# who made a change, tags and signals have indexes in a ledger: it looks at all events
ANSWERS_OF_ITS_OWN = ("list: searched: ledger", "searched since, of what bodies hold: ledger")
OF_DELIVERIES = ("list: deliveries", "get: deliveries", "list: undelivered")


def key_of(question, source):
    held = "ledger" if source == "collector" else source
    return named if (named := f"{question}: {held}") in ANSWERS_OF_ITS_OWN else question


def answer_of(question, source):
    return json.loads(json.dumps(QUESTIONS[question](source)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_source_has_the_golden_answer(source, question, request):
    if question in OF_DELIVERIES and source.called == "ledger":
        return  # test_a_ledger_says_that_it_does_not_know_deliveries
    asked = key_of(question, request.node.callspec.params["source"])
    answer = answer_of(question, source)
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if request.config.getoption("--update-golden", default=False):
        GOLDEN.write_text(json.dumps({**known, asked: answer}, indent=1, sort_keys=True) + "\n")
    else:
        assert answer == known[asked]


@pytest.fixture(scope="module")
def two_teams(request):
    with ledger(None, EVENTS, partial(request.getfixturevalue, "postgres"), ("ops", "web")) as (opened, _):
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        question
        for question in QUESTIONS
        if question.startswith(("list", "get", "find", "figures", "searched", "values", "known"))
        and question not in OF_DELIVERIES
    ],
)
def test_events_of_two_teams_are_listed_together(two_teams, question):
    assert answer_of(question, two_teams) == json.loads(GOLDEN.read_text())[key_of(question, "ledger")]


def test_a_page_of_two_teams_follows_the_one_before_it(two_teams):
    everything = ids(two_teams)
    for place, event in enumerate(everything):
        assert ids(two_teams, before=event, limit=3) == everything[place + 1 : place + 4]
        assert ids(two_teams, after=event, limit=3) == everything[max(place - 3, 0) : place]


def test_one_team_is_asked_alone_and_what_both_have_is_one(postgres):
    with filled(postgres, EVENTS, ["ops"]) as url:
        fill(url, EVENTS[:4], ["web"])
        with LedgerSource.open(url) as both, LedgerSource.open(url, "web") as web:
            assert ids(both) == [event.id for event in reversed(EVENTS)]
            assert [ids(both, limit=number) for number in (7, 9)] == [ids(both)[:7], ids(both)[:9]]
            assert both.get(EVENTS[0].id).event == EVENTS[0]
            assert ids(web) == [event.id for event in reversed(EVENTS[:4])]
        with pytest.raises(LedgerError, match="team 'none' has no events that this user may read; others: ops, web"):
            LedgerSource.open(url, "none")


@pytest.mark.parametrize("make", [ledger, collector])
def test_a_ledger_says_that_it_does_not_know_deliveries(postgres, tmp_path, make):
    with make(tmp_path, EVENTS[:2], lambda: postgres) as (source, _):
        assert not any(record.deliveries for record in source.list(Query()))
        for ask in (lambda query: next(source.list(query)), lambda query: source.figures(query, most=9)):
            with pytest.raises(LedgerError, match="leave out --undelivered"):
                ask(Query(undelivered=True))


def test_the_golden_answers_are_those_of_the_questions():
    assert set(json.loads(GOLDEN.read_text())) == {*QUESTIONS, *ANSWERS_OF_ITS_OWN}


def test_an_answer_as_a_whole_is_that_of_its_parts(source):
    """Else a source that answers them as a whole would not be asked for each part by any test."""
    incident = Incident(NOW, timedelta(hours=12), "shop", "prod", "10.0.0.4")
    assert parts_of_why.why(source, DB, limit=9) == why(source, DB, limit=9)
    assert parts_of_suspects.suspects(source, incident, limit=4) == suspects(source, incident, limit=4)


def test_a_page_follows_the_one_before_it_also_where_events_start_together(source):
    everything, pages, before = ids(source), [], None
    while page := ids(source, before=before, limit=3):
        pages += page
        before = page[-1]
    assert pages == everything
    assert len(pages) == len(set(pages)) == len(EVENTS)


def test_the_page_before_is_the_one_that_was_left(source):
    everything = ids(source)
    for place, event in enumerate(everything):
        assert ids(source, after=event, limit=3) == everything[max(place - 3, 0) : place]


def test_a_beginning_that_fits_several_events_is_ambiguous(source):
    with pytest.raises(AmbiguousId, match="fits several events"):
        source.get("019ab")


def test_what_nobody_knows_is_an_error_with_near_matches(source):
    with pytest.raises(TfeventError, match=r"did you mean aws_db_instance\.main"):
        why(source, "aws_db_instance.man", limit=3)


def test_a_column_that_has_no_values_to_list_is_refused(source):
    with pytest.raises(ValueError, match="title"):
        source.values_of("title", limit=3)


@pytest.mark.parametrize(
    ("by", "width"), [(("title",), 60), ((), 0.8)], ids=["another column", "more than 1,000 spans"]
)
def test_what_is_not_counted_is_refused(source, by, width):
    query = Query(since=ago(900), until=NOW)
    with pytest.raises(ValueError, match="counted"):
        source.counted(query, by=by, width=timedelta(minutes=width))


def test_between_no_two_moments_nothing_is_counted(source):
    with pytest.raises(ValueError, match="between two moments"):
        source.counted(Query(since=ago(900)), width=timedelta(hours=1))


def test_counts_are_those_of_the_list(source):
    listed = list(source.list(Query(since=ago(900), until=NOW, limit=None)))
    counted = source.counted(Query(since=ago(900), until=NOW), width=timedelta(minutes=7))
    assert sum(found.number for found in counted) == len(listed) > 3
    spans = {}
    for record in listed:
        span = (record.started_at - ago(900)) // timedelta(minutes=7)
        spans[span] = spans.get(span, 0) + 1
    assert {found.span: found.number for found in counted} == spans


def test_a_listing_that_is_left_half_way_keeps_nothing_open(source):
    listed = source.list(Query(limit=None))
    next(listed)
    listed.close()
    assert source.get(EVENTS[0].id).state is RecordState.SETTLED


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_an_event_may_be_gone_before_its_body_is_asked_for(make, tmp_path, request):
    with make(tmp_path, EVENTS, partial(request.getfixturevalue, "postgres")) as (source, remove):
        record = source.get(EVENTS[0].id)
        remove(record.id)
        if isinstance(source, CollectorSource):
            assert record.event == EVENTS[0], "the body has come with the event"
            return
        with pytest.raises(JournalError, match="removed meanwhile"):
            _ = record.body
