"""Doctor's questions: reachable? accepting?"""

from __future__ import annotations

import pytest

from change_events.delivery import probe
from change_events.destinations.base import DestinationSettings
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.speed import at_most, limit

TOKEN = "tok-secret-1234"


def sematext(url):
    return DestinationSettings("main", "sematext", {"token": TOKEN, "receiver": url})


def test_a_probe_sends_no_event_and_no_credentials():
    with Receiver(always=server.status(404)) as receiver:
        result = probe(sematext(receiver.url), budget=10)
        (request,) = receiver.received
    assert result.ok
    assert "127.0.0.1 answers" in result.text
    assert (request.method, request.path, request.body) == ("HEAD", "/", b"")


@pytest.mark.parametrize("send_test", [False, True])
def test_nobody_there(send_test):
    result = probe(sematext(server.refused_url()), budget=10, send_test=send_test)
    assert not result.ok
    assert "connection refused" in result.text


def test_a_test_event_says_what_it_is():
    with Receiver() as receiver:
        result = probe(sematext(receiver.url), budget=10, send_test=True)
        (request,) = receiver.received
    assert (result.ok, result.text) == (True, "it accepted a test event")
    event = request.json()
    assert event["title"] == "tfevent test event"
    assert event["type"] == "custom"
    assert "test:true" in event["tags"]
    assert event["tfevent.id"][14] == "7"


@pytest.mark.parametrize(("api", "path"), [("v1", "/api/v1/events"), ("v2", "/api/v2/events")])
def test_a_test_event_goes_where_the_runs_go(api, path):
    with Receiver(always=server.status(202)) as receiver:
        options = {"api_key": TOKEN, "app_key": TOKEN, "url": receiver.url, "api": api}
        assert probe(DestinationSettings("dd", "datadog", options), budget=10, send_test=True).ok
        (request,) = receiver.received
    assert request.path == path
    assert "Nothing was changed" in request.body.decode()


def test_a_refused_test_event():
    with Receiver(always=server.status(403)) as receiver:
        result = probe(sematext(receiver.url), budget=10, send_test=True)
    assert not result.ok
    assert "denied (403)" in result.text
    assert TOKEN not in result.text


@pytest.mark.parametrize("fault", [server.hang(), server.drip_headers()])
def test_a_probe_ends_in_time(fault):
    with Receiver(always=fault) as receiver, at_most(1.2):
        result = probe(sematext(receiver.url), budget=limit(0.5))
    assert not result.ok


def test_settings_that_cannot_be_used():
    result = probe(DestinationSettings("hook", "webhook", {}))
    assert (result.ok, "http" in result.text) == (False, True)
