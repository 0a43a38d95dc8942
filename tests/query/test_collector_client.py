"""A client of a collector, and servers that are none, or mean harm: one line says what is wrong, in time."""

from __future__ import annotations

import gzip
import os
import signal
import ssl
import threading
import zlib

import msgspec
import pytest
import trustme

import change_events
from change_events.errors import LedgerError
from change_events.journal import Query
from change_events.ledger.problems import LedgerTooSlow
from change_events.query.collector_address import address_of, token, token_variable
from change_events.query.collector_client import MOST_BYTES
from change_events.query.collector_source import CollectorSource
from change_events.query.ledgers import open_ledger
from tests.support.receiver import (
    Receiver,
    broken,
    drip_body,
    drip_headers,
    garbage,
    hang,
    html,
    redirect,
    refused_url,
    reset,
    status,
)
from tests.support.speed import HANG

TOKEN = "tfel_geheim"
OURS = {"tfevent_version": "9.9.9", "content_type": "application/json"}
PROBLEM = {**OURS, "content_type": "application/problem+json"}
LINES = {**OURS, "content_type": "application/x-ndjson"}
ENDLESS = msgspec.json.encode({
    "id": "1", "state": "settled", "started_at": 1, "kind": "custom", "phase": "applied", "severity": "info",
    "title": "t", "body": {},
})  # fmt: skip


def source_at(url, **terms):
    return CollectorSource(address_of(url), TOKEN, **{"team": None, "seconds": HANG, "in_all": None, **terms})


def said(step, ask=CollectorSource.known, **terms):
    """The sentence of the error, and the requests that came; the token is never in the sentence."""
    with Receiver(always=step) as receiver, source_at(receiver.url, **terms) as source:
        with pytest.raises(LedgerError) as found:
            ask(source)
        text = str(found.value)
        assert text.startswith(f"collector {receiver.url}: ")
        assert TOKEN not in text
        assert "\n" not in text
        return text.removeprefix(f"collector {receiver.url}: "), receiver.received, found.type


def problem(code, detail="x", status_code=503):
    return status(status_code, msgspec.json.encode({"status": 1, "code": code, "detail": detail}), **PROBLEM)


def endless():
    """A body that does not end, as fast as it is read."""

    def step(handler):
        handler.send_response(200)
        for name, value in OURS.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.close_connection = True
        while not handler.server.closing.is_set():
            handler.wfile.write(b"1" * 65_536)

    return step


def bomb(megabytes):
    """That many megabytes of white space, which are a thousandth of it on the wire."""
    deflater = zlib.compressobj(9, wbits=31)
    packed = b"".join(deflater.compress(b" " * 1_048_576) for _ in range(megabytes)) + deflater.flush()
    return status(200, packed, content_encoding="gzip", **OURS)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (status(200, b"[1", **OURS), "its answer cannot be read: it is of another version"),
        (status(200, b'{"answer": 1}', **OURS), "its answer cannot be read"),
        (status(200, b'{"later": 1}', **OURS), "its answer cannot be read"),
        (status(200, b"\x1f\x8bnonsense", content_encoding="gzip", **OURS), "its answer cannot be read"),
        (status(200, gzip.compress(b"{}")[:-4], content_encoding="gzip", **OURS), "its answer cannot be read"),
        (status(200, b"{}", content_type="application/json"), "what answers is not a collector; check the address"),
        (status(200, b"", **LINES), "what answers is not a collector"),
        (html(200), "a web page answers, and no collector: see whether this network asks for a sign-in"),
        (html(502), "the collector behind it does not run; try again (HTTP 502, text/html)"),
        (status(404), "there is no collector at this address"),
        (status(401), "something before it asks for a sign-in of its own (HTTP 401)"),
        (status(500, b"{", **PROBLEM), "what answers is not a collector"),
        (redirect("https://geheim@elsewhere.example/a?token=tfel_geheim"), ("it redirects to another address "
         "(elsewhere.example), which is not followed, since the token would go there")),
        (redirect("http://[broken"), "it redirects to another address, which"),
        (garbage(), "its answer is not HTTP, or broke off; check host and port"),
        (reset(), "the connection failed (connection reset by peer)"),
        (lambda handler: broken(handler, 200, b'{"answer": 12345}', {}), "the answer broke off; try again"),
        (problem("token", "the token has expired", 401), "the token has expired; TFEVENT_LEDGER_READ_TOKEN holds it"),
        (status(403, b"{}", content_type="application/problem+json"), "it does not answer requests under this name"),
        (problem("not_allowed", "only for recording", 403), ("only for recording; TFEVENT_LEDGER_READ_TOKEN needs a "
         "token that may read")),
        (problem("unknown_question", "it does not know 'known'", 404), ("it does not know 'known'; it runs tfevent "
         f"9.9.9, this is {change_events.__version__}: use the same version on both sides")),
        (problem("later_code", "what is new"), "what is new; try again"),
        (problem("busy", "it is asked too much"), "it is asked too much; try again"),
        (problem("unavailable", f"a {TOKEN}\n\x1b[31m\u202e" + "y" * 999), "a (hidden) [31m yyy"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_one_line_with_a_remedy(step, expected):
    text, received, _ = said(step)
    assert text.startswith(expected)
    assert len(text) < 600
    assert {request.headers["authorization"] for request in received} == {f"Bearer {TOKEN}"}


def test_a_redirect_is_not_followed_and_the_token_stays_here():
    with Receiver() as elsewhere:
        text, received, _ = said(redirect(f"{elsewhere.url}/v1/queries/known"))
        assert "(127.0.0.1)" in text
        assert (len(received), elsewhere.received) == (1, [])


@pytest.mark.parametrize("step", [hang(), drip_headers(), drip_body()], ids=["hang", "headers", "body"])
def test_a_server_that_is_slow_without_an_end_is_left_in_time(step):
    text, _, kind = said(step, seconds=0.2)
    assert text.startswith("it did not answer in time; try again")
    assert kind is LedgerTooSlow


@pytest.mark.parametrize("step", [endless(), bomb(1_000)], ids=["endless", "gzip"])
def test_an_answer_without_measure_is_not_taken(step):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text, _, _ = said(step)
    assert text == "the answer is too large and was broken off; ask for less"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 6 * MOST_BYTES / 1024


def first_of(source):
    return list(source.list(Query(limit=None)))


@pytest.mark.parametrize(
    "lines",
    [
        [ENDLESS, b'{"events":1,"follows":{"started_at":"2026-01-01T00:00:00Z","id":"1"}}'],  # for ever the same
        [b'{"events":0,"follows":{"started_at":"2026-01-01T00:00:00Z","id":"1"}}'],
        [ENDLESS, b'{"events":2}'],
        [ENDLESS],
        [b""],
        [b"[]", b'{"events":1}'],
    ],
)
def test_a_listing_that_lacks_a_part_or_has_no_end_is_no_listing(lines):
    text, received, _ = said(status(200, b"\n".join(lines), **LINES), first_of)
    assert text.startswith("its answer cannot be read")
    assert len(received) <= 2


def test_fields_of_a_newer_collector_are_ignored():
    body = b'{"answer":{"since":null,"complete":true,"later":1},"later":[1]}'
    with Receiver(always=status(200, body, **OURS)) as receiver, source_at(receiver.url) as source:
        assert source.known().complete


def test_all_questions_have_one_time_together():
    with Receiver() as receiver, source_at(receiver.url, in_all=-1) as source:
        with pytest.raises(LedgerTooSlow, match="the answer took too long and was broken off"):
            source.known()
        assert receiver.received == []


def test_nobody_listens():
    with source_at(refused_url()) as source, pytest.raises(LedgerError, match=r"\(connection refused\); check host"):
        source.known()


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    answer = status(200, b'{"answer":{"since":null,"complete":true}}', **OURS)
    with Receiver([answer, reset()], always=answer) as receiver, source_at(receiver.url) as source:
        assert source.known() == source.known()
        assert len(receiver.received) == 3


def test_texts_that_are_no_unicode_are_asked_for(monkeypatch):
    answer = status(200, b'{"answer":[]}', **OURS)
    with Receiver(always=answer) as receiver, source_at(receiver.url, team="\udcff") as source:
        assert source.things_named("a\udcff\0b", limit=1) == []
        (received,) = receiver.received
    assert received.json() == {"name": "a?\ufffdb", "limit": 1}
    assert received.headers["tfevent-team"] == "?"


@pytest.mark.parametrize(
    "url",
    ["https://user:geheim@h", "https://geheim@h", "https://h?token=geheim", "https://h#geheim", "https://[geheim",
     "https://h:geheim", "https://", "https:///geheim", "https://h/ geheim", "https://h\u00e9.example/geheim",
     "http://collector.example/geheim", "http://10.0.0.1", "http://127.0.0.1.geheim.example", "ftp://geheim", "geheim"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_not_quoted(url, monkeypatch):
    monkeypatch.setenv("TFEVENT_LEDGER_TOKEN", TOKEN)
    with pytest.raises(LedgerError) as found:
        open_ledger(url)
    assert "geheim" not in str(found.value)
    assert "https://" in str(found.value)


@pytest.mark.parametrize(
    ("environ", "expected", "variable"),
    [
        ({"TFEVENT_LEDGER_READ_TOKEN": "r", "TFEVENT_LEDGER_TOKEN": "w"}, "r", "TFEVENT_LEDGER_READ_TOKEN"),
        ({"TFEVENT_LEDGER_READ_TOKEN": " ", "TFEVENT_LEDGER_TOKEN": "w"}, "w", "TFEVENT_LEDGER_TOKEN"),
        ({"TFEVENT_LEDGER_TOKEN": "w"}, "w", "TFEVENT_LEDGER_TOKEN"),
    ],
)
def test_a_reader_has_a_variable_of_its_own(environ, expected, variable, monkeypatch):
    monkeypatch.delenv("TFEVENT_LEDGER_TOKEN", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert (token(), token_variable()) == (expected, variable)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://h", "https://h"),
        ("https://h:8443/below/", "https://h:8443/below"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:1/", "http://[::1]:1"),
    ],
)
def test_addresses(url, base):
    assert address_of(url) == base


@pytest.mark.parametrize("value", ["", " ", "a b", "a\nb", "a\u00e9", "a" * 600])
def test_what_is_no_token_is_not_sent_and_not_quoted(value, monkeypatch):
    monkeypatch.setenv("TFEVENT_LEDGER_TOKEN", value)
    with pytest.raises(LedgerError, match=r"TFEVENT_LEDGER_(READ_)?TOKEN") as found:
        token()
    assert not value.strip() or value not in str(found.value)


def test_no_proxy_is_asked_for_what_stays_on_this_machine(monkeypatch):
    """Without TLS, it would read the token."""
    answer = status(200, b'{"answer":{"since":null,"complete":true}}', **OURS)
    with Receiver() as proxy, Receiver(always=answer) as receiver:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        with source_at(receiver.url) as source:
            assert source.known().complete
        assert proxy.received == []


def test_a_certificate_that_nobody_has_signed_is_refused():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Receiver(tls=context) as receiver, source_at(receiver.url) as source:
        with pytest.raises(LedgerError, match="its TLS certificate is not trusted"):
            source.known()
        assert receiver.received == []


def test_an_interrupt_ends_a_question_that_waits():
    with Receiver(always=hang()) as receiver, source_at(receiver.url) as source:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            source.known()
