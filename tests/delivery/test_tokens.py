"""Short-lived tokens: obtained once a flush, renewed, masked; and requests that go through no proxy."""

from __future__ import annotations

import json
import time

import pytest

from change_events.delivery.http_transport import HttpTransport
from change_events.delivery.sender import Effort, exchange
from change_events.destinations.base import Destination, Limits, Request, Result
from change_events.destinations.shared.preview import preview
from change_events.destinations.shared.responses import judge_status
from tests.support.receiver import Receiver, html, refused_url, reset
from tests.support.receiver import status as answer_with

SECRET = "client-secret-1111"
TOKEN = "ey.token-2222"
DESTINATION = Destination(
    kind="one",
    title="One",
    options=(),
    limits=Limits(body_bytes=1000),
    render=lambda _sealed, _options, _limit=None: request(""),
    judge=judge_status,
    origin=lambda _: "https://one.example",
)


def request(url, path="/event", *, method="POST", **more):
    return Request(method, f"{url}{path}", {}, b"{}", **more)


def token_of(url):
    return request(url, "/token", secrets=(SECRET,), body_decides=True)


def status(code, body=b"{}", **headers):
    """An answer on a connection that is not used again: the server closes it."""
    return answer_with(code, body, connection="close", **headers)


def said(content, code=200):
    return status(code, json.dumps(content).encode(), content_type="application/json")


def issued(token=TOKEN, **more):
    return said({"access_token": token, "expires_in": 3600, **more})


def paths(receiver):
    return [one.path for one in receiver.received]


def attempted(script, make):
    """The verdict, and what the server received, of the request that ``make`` makes of its address."""
    with Receiver(script) as receiver, HttpTransport() as transport:
        return exchange(DESTINATION, transport, make(receiver.url), Effort(time.monotonic() + 60, 1)), receiver


def test_one_is_obtained_for_several_events_and_never_shown():
    with Receiver([issued(), said({}), said({}), status(400, TOKEN.encode(), content_type="text/plain")]) as receiver:
        made = request(receiver.url, token=token_of(receiver.url))
        with HttpTransport() as transport:
            verdicts = [exchange(DESTINATION, transport, made, Effort(time.monotonic() + 60)) for _ in range(3)]
    assert [verdict.result for verdict in verdicts] == [Result.DELIVERED, Result.DELIVERED, Result.PARK]
    assert TOKEN not in verdicts[-1].reason
    assert paths(receiver) == ["/token", "/event", "/event", "/event"]
    assert {one.headers.get("authorization") for one in receiver.received[1:]} == {f"Bearer {TOKEN}"}


def test_one_that_is_not_accepted_any_more_is_renewed_once():
    script = [
        issued("old"),
        said({}),
        said({}, 401),
        issued("new"),
        said({}),
        said({}, 401),
        issued(),
        said({}, 401),
    ]
    with Receiver(script) as receiver, HttpTransport() as transport:
        made = request(receiver.url, token=token_of(receiver.url))
        verdicts = [exchange(DESTINATION, transport, made, Effort(time.monotonic() + 60)) for _ in range(3)]
    assert [verdict.result for verdict in verdicts] == [Result.DELIVERED, Result.DELIVERED, Result.PARK]
    assert paths(receiver) == ["/token", "/event", "/event", "/token", "/event", "/event", "/token", "/event"]
    assert receiver.received[4].headers["authorization"] == "Bearer new"


@pytest.mark.parametrize("lasts", [0, "0", 1, -5])
def test_one_that_has_ended_is_not_used(lasts):
    script = [issued(expires_in=lasts), said({}), issued("new"), said({})]
    with Receiver(script) as receiver, HttpTransport() as transport:
        made = request(receiver.url, token=token_of(receiver.url))
        for _ in range(2):
            exchange(DESTINATION, transport, made, Effort(time.monotonic() + 60))
    assert paths(receiver) == ["/token", "/event", "/token", "/event"]


@pytest.mark.parametrize(
    ("step", "result", "says"),
    [
        (said({"error": "invalid_client", "error_description": SECRET}, 401), Result.PARK, "invalid_client"),
        (status(503), Result.RETRY, "503"),
        (status(413), Result.PARK, "413"),
        (reset(), Result.RETRY, "connection"),
        (html(200), Result.PARK, "holds none"),
        (said({"token": TOKEN}), Result.PARK, "holds none"),
        (said({"access_token": "a\r\nb"}), Result.PARK, "holds none"),
        (status(200, f"access_token={TOKEN}".encode(), content_type="text/plain"), Result.PARK, "holds none"),
    ],
)
def test_without_one_nothing_is_sent(step, result, says):
    verdict, receiver = attempted([step], lambda url: request(url, token=token_of(url)))
    assert verdict.result is result
    assert verdict.reason.startswith("no token from 127.0.0.1: ")
    assert says in verdict.reason
    assert SECRET not in verdict.reason
    assert TOKEN not in verdict.reason
    assert paths(receiver) == ["/token"]


def test_a_preview_says_where_it_comes_from():
    made = request("https://one.example", token=token_of("https://login.example"))
    assert "Authorization: Bearer (from login.example)" in preview(made)
    assert SECRET not in preview(made)


def test_a_direct_request_goes_through_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("NO_PROXY", "")
    with Receiver() as receiver, HttpTransport() as transport:
        here = receiver.url.replace("127.0.0.1", "0.0.0.0")  # reaches it, and is no loopback address
        sent = transport.send(request(here, direct=True), time.monotonic() + 60)
        assert sent.well
        with pytest.raises(Exception, match="connection failed"):
            transport.send(request(here), time.monotonic() + 60)
