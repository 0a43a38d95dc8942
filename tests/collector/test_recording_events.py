"""What a collector takes, and what it refuses: requests to a real server over a real ledger."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jsonschema
import msgspec
import pytest

from change_events.collector.bodies import events_of
from change_events.collector.limits import Limits
from change_events.collector.openapi import document
from change_events.collector.problems import RequestProblem
from tests.collector.recorder import recording
from tests.support.ledger import new_ledger
from tests.support.postgres import postgres
from tests.support.sealed import event_id, sealed
from tests.support.speed import HANG, at_most, wait_for

__all__ = ["postgres"]

LIMITS = Limits(
    body_bytes=2_000_000, event_bytes=1_500_000, events=50, rate=0.0001, burst=40, body_seconds=1.5,
    check_seconds=HANG, ledger_seconds=HANG
)  # fmt: skip
PLANTED = "planted-secret-7f3a"


@pytest.fixture(scope="module")
def collector(postgres):
    with postgres.database(new_ledger) as url, recording(url, LIMITS) as collector:
        yield collector
        assert collector.reported == []


def body(number, **fields):
    return sealed(number, **fields).body


def without_zone(number):
    event = sealed(number).event
    times = (event.started_at, event.ended_at)
    naive = [time.replace(tzinfo=None) for time in times if time]
    return body(number, **dict(zip(("started_at", "ended_at"), naive, strict=False)))


def post(client, content, kind="application/json", **headers):
    return client.post("/v1/events", content=content, headers={"content-type": kind, **headers})


def refused(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()


def known(collector, *numbers):
    ids = ", ".join(f"'{event_id(number)}'" for number in numbers)
    return collector.rows(
        f"SELECT team, state, count(*) FROM tfevent.events WHERE id IN ({ids}) GROUP BY 1, 2 ORDER BY 2"
    )


def test_one_event_an_array_and_lines_are_recorded_once_and_as_the_team_of_the_token(collector):
    with collector.client() as client:
        started = body(1, outcome=None, ended_at=None)
        for content, kind, said in (
            (started, "application/json", (1, 1)),
            (body(1), "application/json; charset=utf-8", (1, 1)),
            (started, "application/json", (1, 0)),  # the start comes again, after the end
            (b"[" + body(1) + b"," + body(2) + b"]", "application/json", (2, 1)),
            (body(3) + b"\n\r\n" + body(4) + b"\n", "application/x-ndjson", (2, 2)),
            (body(3), "application/jsonl", (1, 0)),
        ):
            answer = post(client, content, kind)
            assert (answer.status_code, *answer.json().values()) == (200, *said)
        packed = post(client, gzip.compress(body(5)), **{"content-encoding": "gzip"})
        assert packed.json() == {"received": 1, "written": 1}
    assert known(collector, 1, 2, 3, 4, 5) == [("ops", "settled", 5)]
    assert collector.rows(f"SELECT body FROM tfevent.bodies WHERE id = '{event_id(1)}'") == [(body(1),)]


@pytest.mark.parametrize(
    ("content", "kind", "status", "errors"),
    [
        (b"", "application/json", 422, []),
        (b"[]", "application/json", 422, []),
        (b"\n\n", "application/x-ndjson", 422, []),
        (b"[" + body(10) + b"," + body(11)[:-9], "application/json", 422, []),
        (body(10) + b"\n{no json}\n" + body(11), "application/x-ndjson", 422, [(1, "")]),
        (body(10) + b"\n\xff\n" + body(11).replace(b"infrastructure", b"party"), "application/x-ndjson", 422,
         [(1, ""), (2, "kind")]),
        (b"[" + body(10) + b"," + body(11).replace(b'"title":"', b'"title":7,"x":"') + b"]", "application/json", 422,
         [(1, "title")]),
        (body(10).replace(event_id(10).encode(), b"ten"), "application/json", 422, [(0, "id")]),
        (b"[" + body(10) + b"," + body(11, started_at=datetime(1, 1, 1, tzinfo=UTC)) + b"]", "application/json", 422,
         [(1, "started_at")]),
        (body(10, ended_at=datetime(9999, 12, 31, tzinfo=UTC)), "application/json", 422, [(0, "ended_at")]),
        (b"[" + body(10) + b"," + without_zone(11) + b"]", "application/json", 422,
         [(1, "started_at"), (1, "ended_at")]),
        (b"[" * 100_000, "application/json", 422, []),
        (b'{"id":' + b"[" * 100_000, "application/json", 422, [(0, "id")]),
        (b"[" + b",".join([b"{}"] * 51) + b"]", "application/json", 413, []),
        (b'{"title":"' + b"x" * 1_500_000 + b'"}', "application/json", 413, [(0, "")]),
        (b" " * 2_000_001, "application/json", 413, []),
        (body(10), "text/plain", 415, []),
        (body(10), "", 415, []),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_its_place_and_nothing_of_the_request_is_recorded(
    collector, content, kind, status, errors
):
    with collector.client() as client:
        found = refused(post(client, content, kind), status)
    assert [(one["index"], one.get("key", "")) for one in found.get("errors", [])] == errors
    assert known(collector, 10, 11) == []


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (gzip.compress(body(10))[:-5], "gzip", 422),
        (gzip.compress(body(10)) + b"more", "gzip", 422),
        (body(10), "gzip", 422),
        (zlib.compress(body(10)), "deflate", 415),
    ],
)
def test_what_is_packed_is_unpacked_within_limits(collector, content, encoding, status):
    with collector.client() as client:
        refused(post(client, content, **{"content-encoding": encoding}), status)


def test_a_bomb_is_inflated_up_to_the_limit_and_no_further(collector):
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(b"0" * 1_000_000) for _ in range(100)) + packer.flush()
    with collector.client() as client:
        refused(post(client, bomb, **{"content-encoding": "gzip"}), 413)
    tracemalloc.start()
    try:
        with pytest.raises(RequestProblem):
            events_of(bomb, "application/json", "gzip", LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 5 * LIMITS.body_bytes
    finally:
        tracemalloc.stop()


def test_who_has_no_valid_token_or_not_the_right_is_refused(collector):
    read_only = collector.token(may_write=False, may_read=True)
    expired = collector.token(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    for token, status, says in (
        ("", 401, "a token is needed"),
        ("tfel_x", 401, "not a token"),
        ("tfel_" + "A" * 43, 401, "does not know"),
        (expired, 401, "has expired"),
        (read_only, 403, "--write"),
    ):
        with collector.client(token) as client:
            answer = post(client, b" " * 1_900_000)  # not read, and the answer arrives
            assert says in refused(answer, status)["detail"]
            assert not token or token not in answer.text
    with collector.client("") as client:
        client.headers["authorization"] = f"Basic {collector.token()}"
        refused(post(client, body(10)), 401)
        refused(client.get("/v1/health"), 401)
    assert known(collector, 10) == []


def test_a_token_writes_for_its_team_whatever_the_body_says(collector):
    text = json.loads(body(20)) | {"team": "ops", "tags": {"team": "ops"}}
    with collector.client(collector.token("shop")) as client:
        assert post(client, json.dumps(text).encode()).status_code == 200
    assert known(collector, 20) == [("shop", "settled", 1)]


def test_requests_with_one_token_are_limited_and_another_token_is_not(collector):
    with collector.client() as client, collector.client() as other:
        answers = [post(client, b"") for _ in range(LIMITS.burst + 1)]
        assert [answer.status_code for answer in answers] == [422] * LIMITS.burst + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert post(other, b"").status_code == 422


def test_a_client_that_sends_slowly_is_refused_and_one_that_never_reads_is_cut_off_while_others_are_served(collector):
    host, port = collector.url.removeprefix("http://").split(":")
    head = f"POST /v1/events HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {collector.token()}\r\n"
    with socket.create_connection((host, int(port)), HANG) as slow, socket.create_connection((host, int(port))) as deaf:
        slow.sendall(f"{head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{".encode())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 30)
        with collector.client() as client:
            assert post(client, body(30)).status_code == 200
        slow.settimeout(HANG)
        assert b" 408 " in slow.recv(100)


def test_large_texts_are_recorded_and_nothing_of_an_event_is_in_a_refusal(collector):
    with collector.client() as client:
        assert post(client, body(40, message="x" * 1_000_000)).status_code == 200
        for text in (PLANTED, PLANTED * 10_000):
            wrong = body(41).replace(b'"infrastructure"', json.dumps(text).encode())
            answer = post(client, wrong)
            assert len(refused(answer, 422)["errors"][0]["problem"]) <= 200
            assert PLANTED not in answer.text


def test_many_clients_at_once_lose_and_double_nothing(collector):
    token = collector.token("many")

    def write(number):
        with collector.client(token) as client:
            numbers = [1_000 + number, 1_000 + (number + 1) % 12]
            lines = b"\n".join(line for n in numbers for line in (body(n), body(n, outcome=None, ended_at=None)))
            return post(client, lines, "application/x-ndjson").json()["written"]

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(write, range(12))) >= 12
    assert collector.rows("SELECT count(*), count(DISTINCT id) FROM tfevent.events WHERE team = 'many'") == [(12, 12)]


def test_health_says_what_a_token_may_and_the_time_of_the_ledger(collector):
    with collector.client() as client:
        found = client.get("/v1/health").json()
        assert (found["team"], found["may_write"], found["may_read"], found["expires_at"]) == ("ops", True, False, None)
    with collector.client("") as client:
        found = client.get("/v1/health").json()
        assert set(found) == {"status", "time"}
        assert abs(datetime.fromisoformat(found["time"]).timestamp() - time.time()) < HANG
        assert refused(client.get("/v1/nothing"), 404)
        assert refused(client.get("/v1/events"), 405)
        assert refused(client.post("/v1/health"), 405)


def test_the_document_is_served_and_complete(collector):
    with collector.client("") as client:
        served = client.get("/v1/openapi.json").json()
    assert served == msgspec.json.decode(msgspec.json.encode(document()))
    assert served["openapi"] == "3.1.0"
    for schema in served["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in _references(served):
        target = served
        for name in reference.removeprefix("#/").split("/"):
            target = target[name]
    event = {"$ref": "#/components/schemas/ChangeEvent", "components": served["components"]}
    jsonschema.Draft202012Validator(event).validate(json.loads(body(1)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(event).validate({"id": 7})


def _references(content):
    if isinstance(content, dict):
        for name, value in content.items():
            yield from [value] if name == "$ref" else _references(value)
    elif isinstance(content, list):
        for value in content:
            yield from _references(value)


def test_a_ledger_that_is_gone_is_503_until_it_is_back_and_one_line_each(postgres):
    with postgres.database(new_ledger) as url, recording(url) as collector:
        token = collector.token()
        with collector.client(token) as client:
            assert post(client, body(1)).status_code == 200
            postgres.kill()
            with at_most(1, "a connection that is refused is not tried again within a request"):
                for _ in range(3):
                    refused(post(client, body(2)), 503)
                    refused(client.get("/v1/health"), 503)
            postgres.start()
            deadline = time.monotonic() + HANG
            while post(client, body(2)).status_code != 200:
                assert time.monotonic() < deadline
            assert client.get("/v1/health").status_code == 200
        gone, back = collector.reported
        assert token not in gone + back
        assert gone.startswith(f"ledger {url.rpartition('@')[2]}: ")
        assert back.endswith("it works again")
        assert known(collector, 1, 2) == [("ops", "settled", 2)]


def test_connections_that_ended_while_they_were_idle_are_replaced_unnoticed(postgres):
    with postgres.database(new_ledger) as url, recording(url) as collector, collector.client() as client:
        with ThreadPoolExecutor(4) as pool:  # several connections
            assert {*pool.map(lambda number: post(client, body(number)).status_code, range(8))} == {200}
        name = url.rpartition("/")[2]
        others = "FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        postgres.execute(f"SELECT pg_terminate_backend(pid) {others}", name)
        wait_for(lambda: not postgres.execute(f"SELECT 1 {others}", name))
        assert post(client, body(9)).json()["written"] == 1
        assert collector.reported == []


@pytest.mark.slow
def test_a_ledger_that_says_nothing_is_given_up_and_its_connection_is_not_used_again(postgres):
    limits = Limits(check_seconds=0.1, ledger_seconds=HANG)
    with postgres.database(new_ledger) as url, recording(url, limits) as collector, collector.client() as client:
        wait_for(lambda: post(client, body(1)).status_code == 200)  # a busy machine may need more than the limit
        with postgres.frozen():
            refused(post(client, body(2)), 503)
            with at_most(3, "whoever asks next does not wait as long"):
                for _ in range(9):
                    refused(client.get("/v1/health"), 503)
        wait_for(lambda: post(client, body(2)).status_code == 200)
        assert "did not answer in time" in collector.reported[-2]


def test_it_works_through_a_pooler_in_transaction_mode(postgres):
    with postgres.database(new_ledger) as url, postgres.pooler(2) as pooler:
        via = pooler.url(url.rpartition("/")[2])
        with recording(url, via=via) as collector, collector.client() as client, ThreadPoolExecutor(6) as pool:
            codes = pool.map(lambda number: post(client, body(number)).status_code, range(12))
            assert set(codes) == {200}
            assert collector.rows("SELECT count(*) FROM tfevent.events") == [(12,)]
