"""`POST /v1/queries/…`: what a token's team is answered, and nobody else."""

from __future__ import annotations

import asyncio
import inspect
import socket
import time
from contextlib import closing
from datetime import timedelta

import httpx
import jsonschema
import msgspec
import psycopg
import pytest

from change_events.collector import reading
from change_events.collector.answering import Refusal
from change_events.collector.limits import Queues
from change_events.collector.openapi import document
from change_events.collector.reader_pool import ReaderPool
from change_events.errors import LedgerError
from change_events.journal import Query
from change_events.ledger.source import LedgerSource
from change_events.model import Outcome, Phase, Signal, Tool, Trace, stack_key
from change_events.query.questions import QUESTIONS, Filters
from tests.history.past import NOW, change, run
from tests.ledger.people import hire, url_of
from tests.support.collector import collecting, new_token
from tests.support.ledger import fill, filled
from tests.support.speed import HANG, wait_for

OURS, THEIRS = "aws_db_instance.main", "aws_instance.hidden"
OWN = [run(number, change(OURS), environment="prod") for number in (30, 20)]
HIDDEN = [
    run(
        number,
        change(THEIRS, attributes={"ami": ("a", "hidden")}, id="i-hidden"),
        change("aws_vpc.hidden", "move", previous_address="aws_vpc.old"),
        stack="hidden",
        title="hidden",
        environment="hidden",
        service="hidden",
        tool=Tool(name="hidden", plan="0" * 64),
        tags={"hidden": "hidden"},
        signals=(Signal(name="hidden", reason="hidden", address=THEIRS),),
        trace=Trace(run_id="hidden"),
        outcome=Outcome.FAILED,
        phase=Phase.APPLIED,
    )
    for number in (50, 40)
]
CHECK = (
    '[{"directory": "/srv/hidden", "workspace": "default", "checked_at": 1.5, "known_at": 1.5, "clean_at": null, '
    '"revision": 1, "terms": "", "reason": null, "drift": "[]"}]'
)
STACK = stack_key(HIDDEN[0])
SPAN = {"since": (NOW - timedelta(hours=9)).isoformat(), "until": NOW.isoformat()}
THING = "THING"  # stands for the number of the hidden one
ASKED = {
    "get": {"id_or_prefix": HIDDEN[0].id},
    "list": {"query": {}},
    "figures": {"query": {}, "most": 9},
    "searched_since": {"query": {"text": "hi", "searched": 1}},  # too short for the index
    "counted": {"query": SPAN, "by": ["environment"], "width": "PT3600S"},
    "drift_checks": {},
    "known": {},
    "things_at": {"pattern": "*", "limit": 9},
    "things_named": {"name": "i-hidden", "limit": 9},
    "names_of": {"things": [THING]},
    "addresses": {"limit": 9},
    "things_of_stack": {"stack": STACK, "addresses": [THEIRS]},
    "paths": {"thing": THING, "limit": 9},
    "touches": {"thing": THING, "limit": 9},
    "newest": {"things": [THING]},
    "moves": {"stack": STACK, "address": "aws_vpc.hidden"},
    "stacks": {"limit": 9},
    "events_of_stack": {"stack": STACK, "limit": 9},
    "events_of_plan": {"digest": "0" * 64, "limit": 9},
    "is_type_known": {"stack": STACK, "kind": "aws_instance", "but": ""},
    "values_of": {"column": "environment", "limit": 9},
    "why": {"text": "*", "limit": 9},
    "suspects": {"at": NOW.isoformat(), "window": "PT36000S"},
}
"""Of each question, arguments to which the hidden team would be answered otherwise."""


def table():
    """With arguments of each question: one that is added later needs a row."""
    return [(name, ASKED[name]) for name in QUESTIONS]


def ask(running, name, arguments, team="ops", **headers):
    """The answer to one question, whatever it is."""
    headers = headers if "authorization" in headers else {"authorization": f"Bearer {running.token(team)}", **headers}
    body = arguments if isinstance(arguments, bytes) else msgspec.json.encode(arguments)
    return httpx.post(f"{running.url}/v1/queries/{name}", content=body, headers=headers, timeout=HANG, trust_env=False)


@pytest.fixture(scope="module")
def ledgers(postgres):
    """A ledger of two teams, and one that only has what the first of them has; with the number of the hidden thing."""
    with filled(postgres, OWN) as alone, filled(postgres, OWN) as shared:
        fill(shared, HIDDEN, ["web"])
        with psycopg.connect(shared, autocommit=True) as connection:
            hire(connection)
            connection.execute("SELECT tfevent.record_checks('web', 'build1', %s)", (CHECK,))
        with LedgerSource.open(shared, "web") as source:
            (thing,) = source.things_at(THEIRS, limit=9)
        yield alone, shared, thing.number


@pytest.fixture(scope="module")
def collectors(ledgers):
    """A collector over each of the two."""
    alone, shared, thing = ledgers
    with collecting(alone) as of_alone, collecting(shared) as of_shared:
        yield of_alone, of_shared, thing


@pytest.fixture
def running(collectors):
    return collectors[1]


def with_thing(value, number):
    """The arguments with that number in them."""
    return msgspec.json.decode(msgspec.json.encode(value).replace(b'"THING"', str(number).encode()))


@pytest.mark.parametrize(("name", "arguments"), table(), ids=[*QUESTIONS])
def test_no_question_shows_what_another_team_has(collectors, name, arguments):
    alone, shared, thing = collectors
    arguments = with_thing(arguments, thing)
    ours = ask(shared, name, arguments)
    assert (ours.status_code, ours.content) == ((before := ask(alone, name, arguments)).status_code, before.content)
    theirs = ask(shared, name, arguments, "web")
    assert theirs.status_code == 200
    assert theirs.content != ours.content, "these arguments would show it"
    new = ask(shared, name, arguments, "new")
    for answer in (ours, new):
        assert b"hidden" not in answer.content
        assert HIDDEN[0].id.encode() not in answer.content


def test_no_request_chooses_the_team(running):
    for headers in ({"tfevent-team": "web"}, {"x-forwarded-user": "web"}):
        assert b"hidden" not in ask(running, "list", {"query": {}}, **headers).content
    refused = ask(running, "list", {"query": {}}, **{"tfevent-team": "web"})
    assert (refused.status_code, refused.json()["code"]) == (403, "other_team")
    for more in ({"team": "web"}, {"teams": ["web"]}):
        for asked in ({"query": {}, **more}, {"query": more}):
            assert ask(running, "list", asked).json()["code"] == "unknown_argument"


@pytest.fixture
def user(ledgers):
    """The URL of the shared ledger for the user of a collector, who reads all teams and owns nothing."""
    with psycopg.connect(ledgers[1], autocommit=True) as connection:
        connection.execute("GRANT tfevent_reader TO collector")
        connection.execute("INSERT INTO tfevent.members VALUES ('collector', '*', 'read') ON CONFLICT DO NOTHING")
        return url_of(connection, "collector")


def test_the_server_of_the_database_is_asked_for_no_other_team_either(running, user):
    with closing(ReaderPool(user)) as pool:
        for team, own in (("ops", OWN), ("web", HIDDEN), ("ops", OWN)):
            with pool.open(running.token(team)) as (source, standing):
                source.narrow(standing.team, in_all=HANG)
                source.teams = ("web", "ops")  # a mistake of ours
                assert {record.id for record in source.list(Query())} == {event.id for event in own}


def test_the_day_of_the_last_use_is_noted_by_the_user_of_a_collector(running, user):
    with collecting(running.ledger, user) as other, psycopg.connect(running.ledger) as connection:
        token = new_token(running.ledger, "ops", label="used")
        answer = ask(other, "known", {}, authorization=f"Bearer {token}")
        assert answer.status_code == 200
        used = "SELECT last_used IS NOT NULL FROM tfevent.tokens WHERE label = 'used'"
        assert connection.execute(used).fetchone() == (True,)


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"authorization": ""}, "it asks for a token"),
        ({"authorization": "Basic b3BzOng="}, "it asks for a token"),
        ({"authorization": "Bearer tfel_other"}, "this is not a token of a ledger"),
        ({"authorization": f"Bearer tfel_{'x' * 43}"}, "this ledger does not know the token"),
    ],
)
def test_without_a_token_nothing_is_answered(running, headers, detail):
    answer = ask(running, "known", {}, **headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="tfevent"')
    assert (answer.json()["status"], answer.json()["code"]) == (401, "token")
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("terms", "code", "says"),
    [
        ({"may_write": True, "may_read": False}, "not_allowed", "for recording events, and not for reading"),
        ({"expires_at": NOW - timedelta(days=9_000)}, "token", "the token has expired"),
    ],
)
def test_a_token_that_is_not_for_reading_any_more_reads_nothing(running, terms, code, says):
    answer = ask(running, "known", {}, authorization=f"Bearer {new_token(running.ledger, 'ops', **terms)}")
    assert answer.json()["code"] == code
    assert says in answer.json()["detail"]


def test_a_token_that_was_revoked_reads_nothing_from_then_on(running):
    token = new_token(running.ledger, "ops", label="gone")
    assert ask(running, "known", {}, authorization=f"Bearer {token}").status_code == 200
    with psycopg.connect(running.ledger) as connection:
        connection.execute("UPDATE tfevent.tokens SET revoked_at = now() WHERE label = 'gone'")
    answer = ask(running, "known", {}, authorization=f"Bearer {token}")
    assert answer.json()["detail"].startswith("the token was revoked")


@pytest.mark.parametrize(
    ("name", "asked", "code", "says"),
    [
        ("later", {}, "unknown_question", "'later'"),
        ("get", {"id_or_prefix": "x", "more": 1}, "unknown_argument", "`more`"),
        ("list", {"query": {"color": "red"}}, "unknown_argument", "`color`"),
        ("get", {}, "unknown_argument", "`id_or_prefix`"),
        ("get", b"\xff[", "unknown_argument", "not JSON"),
        ("get", b"", "unknown_argument", "not JSON"),
        ("list", [], "unknown_argument", "Expected `object`"),
        ("addresses", {"limit": "many"}, "unknown_argument", "Expected `int`"),
        ("addresses", {"limit": 10**9}, "too_much", "<= 20000"),
        ("things_at", {"pattern": "a" * 5_000, "limit": 1}, "too_much", "<= 4096"),
        ("things_at", b'"' + b"a" * 2_000_000 + b'"', "too_much", "too large"),
        ("names_of", {"things": [2**70]}, "too_much", "<= 9223372036854775807"),
        ("values_of", {"column": "title", "limit": 1}, "refused", "title"),
        ("get", {"id_or_prefix": OWN[0].id[:3]}, "ambiguous_id", "fits several events"),
        ("why", {"text": "aws_db_instance.man", "limit": 1}, "not_known", "did you mean aws_db_instance.main"),
        ("list", {"query": {"undelivered": True}}, "not_in_ledger", "leave out --undelivered"),
    ],
)
def test_what_cannot_be_answered_says_why(running, name, asked, code, says):
    answer = ask(running, name, asked)
    assert (answer.json()["code"], answer.json()["status"]) == (code, answer.status_code)
    assert says in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["tfevent-version"]


def test_a_page_ends_where_it_is_large_enough_and_the_next_one_follows_it(running, monkeypatch):
    monkeypatch.setattr("change_events.collector.answering.PAGE_EVENTS", 1)
    with running.source("ops") as source:
        assert [record.id for record in source.list(Query(limit=None))] == [OWN[1].id, OWN[0].id]
        assert source.requests == 2
        assert [record.id for record in source.list(Query(limit=1))] == [OWN[1].id]
        assert source.requests == 3
        after = Query(limit=None, after=OWN[0].id)
        assert [record.id for record in source.list(after)] == [OWN[1].id]
    monkeypatch.setattr("change_events.collector.answering.PAGE_EVENTS", 200)
    monkeypatch.setattr("change_events.collector.answering.PAGE_BYTES", 1)
    with running.source("ops") as source:
        assert len(list(source.list(Query(limit=None)))) == source.requests == 2


def test_events_that_are_removed_between_two_pages_end_no_listing(postgres, monkeypatch):
    monkeypatch.setattr("change_events.collector.answering.PAGE_EVENTS", 1)
    events = [run(number, change(OURS)) for number in (4, 3, 2)]
    with filled(postgres, events) as url, collecting(url) as running, running.source("ops") as source:
        listed = source.list(Query(limit=None))
        first = next(listed)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM tfevent.events WHERE id = %s", (first.id,))
        assert [record.id for record in listed] == [events[1].id, events[0].id]


def test_a_client_that_does_not_read_keeps_no_connection_of_the_ledger(ledgers, monkeypatch):
    """And none of the threads that answer: as many clients as there are threads, and one more, stop reading."""
    _, shared, _ = ledgers
    monkeypatch.setattr(reading, "QUESTIONS_AT_ONCE", 1)
    body = msgspec.json.encode({"query": {"limit": None}})
    fill(shared, [run(60 + number, change(OURS), title="x" * 100_000) for number in range(30)], ["full"])
    with collecting(shared) as running:
        token = running.token("full").encode()
        host, port = running.url.removeprefix("http://").split(":")
        stalled = []
        try:
            for _ in range(3):
                client = socket.create_connection((host, int(port)), timeout=HANG)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                stalled.append(client)
                client.sendall(
                    b"POST /v1/queries/list HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (token, len(body), body)
                )
                assert client.recv(8).startswith(b"HTTP/1.1")
            assert ask(running, "known", {}).status_code == 200
        finally:
            for client in stalled:
                client.close()


def test_more_questions_than_wait_are_refused_with_when_to_come_back(ledgers, monkeypatch):
    monkeypatch.setattr(reading, "QUESTIONS_AT_ONCE", 1)
    monkeypatch.setattr(reading, "WAITING", -1)
    with collecting(ledgers[1]) as running:
        answer = ask(running, "known", {})
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "1", "busy")


def test_questions_with_one_token_leave_room_for_those_with_another_one(ledgers, monkeypatch):
    monkeypatch.setattr(reading, "OF_TOKEN", 0)
    with collecting(ledgers[1]) as running:
        answer = ask(running, "known", {})
        assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (429, "1", "too_often")
        with running.source("ops") as source, pytest.raises(LedgerError, match="with this token; try again"):
            source.known()


def test_those_of_one_token_wait_for_each_other_and_not_those_of_another_one():
    answered, held = [], asyncio.Event()

    async def ask_once(queues, token):
        async with queues.turn(token):
            answered.append(token)
            if token == "greedy":
                await held.wait()

    async def all_of_them():
        queues = Queues(9, 4, 2)
        greedy = [asyncio.create_task(ask_once(queues, "greedy")) for _ in range(4)]
        await asyncio.sleep(0)
        await ask_once(queues, "other")
        assert answered == ["greedy", "greedy", "other"]
        with pytest.raises(Refusal, match="with this token"):
            await ask_once(queues, "greedy")
        held.set()
        await asyncio.gather(*greedy)
        assert answered.count("greedy") == 4
        await ask_once(queues, "greedy")

    asyncio.run(all_of_them())


def test_a_ledger_that_does_not_work_is_named_to_its_keeper_alone(postgres):
    url = postgres.url("no_such_database", password="geheim")
    with collecting(url) as running:
        answer = ask(running, "known", {}, authorization=f"Bearer tfel_{'x' * 43}")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.json()["detail"] == "it cannot use its ledger now"
        wait_for(lambda: running.reported)
    assert "password authentication failed" in running.reported[0]
    assert "geheim" not in running.reported[0]


def test_a_database_that_was_started_again_is_asked_again(ledgers, postgres):
    _, shared, _ = ledgers
    name = shared.rpartition("/")[2]
    with collecting(shared) as running:
        assert ask(running, "known", {}).status_code == 200
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            name,
        )
        deadline = time.monotonic() + HANG
        while postgres.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", name):
            assert time.monotonic() < deadline
        assert ask(running, "known", {}).status_code == 200


def test_a_database_that_says_nothing_is_given_up_after_one_limit(ledgers, postgres, monkeypatch):
    with collecting(ledgers[1]) as running:
        assert ask(running, "known", {}).status_code == 200
        monkeypatch.setattr("change_events.ledger.team_source._CHECK_SECONDS", 0.1)
        with postgres.frozen():
            assert ask(running, "known", {}).status_code == 503
        wait_for(lambda: running.reported)
        assert "the server did not answer in time" in running.reported[0]


def test_each_question_is_described(running):
    known = document()
    for name in QUESTIONS:
        (asked,) = known["paths"][f"/v1/queries/{name}"]["post"]["requestBody"]["content"].values()
        whole = {**asked["schema"], "components": known["components"]}
        arguments = with_thing(ASKED[name], 1)
        jsonschema.Draft202012Validator(whole).validate(arguments)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(whole).validate({**arguments, "later": 1})
    refused = ask(running, "get", {})
    described = known["paths"]["/v1/queries/get"]["post"]["responses"][str(refused.status_code)]
    (problem,) = described["content"].values()
    jsonschema.Draft202012Validator({**problem["schema"], "components": known["components"]}).validate(refused.json())


def test_the_arguments_are_those_of_the_methods():
    for name, question in QUESTIONS.items():
        if name in ("why", "suspects"):  # methods of `Elsewhere` that a ledger by SQL does not have
            continue
        expected = {
            name: one.default for name, one in inspect.signature(getattr(LedgerSource, name)).parameters.items()
        }
        del expected["self"]
        fields = {field.name: field.default for field in msgspec.structs.fields(question.arguments)}
        assert set(fields) == set(expected), name
        for field, default in expected.items():
            if fields[field] is not msgspec.NODEFAULT and default != ():
                assert fields[field] == default, (name, field)
    assert set(Filters.__struct_fields__) == set(Query.__struct_fields__)
