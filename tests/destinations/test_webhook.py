"""The webhook: the event's JSON, headers, and a signature others can check."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import msgspec
import pytest

from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError
from change_events.destinations.webhook import signed_headers
from change_events.model import Action, Change, ChangeEvent
from tests.support.sealed import event_id, sealed

WEBHOOK = get("webhook")
URL = "https://user:pa%2Fss@hooks.example.test/services/T0000-secret?key=abcdefgh"


def test_the_body_is_the_event_as_it_is_in_the_journal():
    request = WEBHOOK.render(sealed(1), {"url": URL, "method": "PUT", "headers": {"X-Team": "core"}})
    assert (request.method, request.url, request.body) == ("PUT", URL, sealed(1).body)
    assert request.headers["X-Team"] == "core"
    assert request.headers["webhook-id"] == event_id(1)
    assert "webhook-signature" not in request.headers


def test_the_reference_vector_of_standard_webhooks():
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        1614265330,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_plain_secret_signs_what_is_sent():
    request = WEBHOOK.render(sealed(1), {"url": URL, "secret": "pässword"})
    signed = f"{event_id(1)}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = hmac.digest("pässword".encode(), signed, hashlib.sha256)
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_own_headers_cannot_break_the_signature():
    request = WEBHOOK.render(sealed(1), {"url": URL, "secret": "s", "headers": {"webhook-id": "x"}})
    assert request.headers["webhook-id"] == event_id(1)


def test_nothing_of_the_url_but_its_host_is_shown():
    request = WEBHOOK.render(sealed(1), {"url": URL, "headers": {"Authorization": "Bearer abc123xyz"}})
    assert repr(request) == f"Request(POST hooks.example.test, {len(request.body)} bytes)"
    said = request.clean(
        f"no {URL}; no services/T0000-secret; no T0000-secret; no user:pa%2Fss; no {'Bearer abc123xyz'}; "
        f"no {base64.b64encode(b'user:pa/ss').decode()}; no abcdefgh"
    )
    for secret in ("T0000", "pa%2Fss", "pa/ss", "abc123xyz", "dXNlcjpwYS9zcw", "key=abcdefgh"):
        assert secret not in said


def test_a_settings_repr_shows_no_values():
    shown = repr(DestinationSettings("hook", "webhook", {"url": URL, "secret": "s3cr3t"}))
    assert shown == "DestinationSettings(name='hook', kind='webhook', options=['secret', 'url'])"


def test_a_backends_words_become_one_short_printable_line():
    request = WEBHOOK.render(sealed(1), {"url": "https://h.test"})
    assert request.clean("a\x1b[31m\r\nb\tc\x00") == "a [31m b c"
    assert len(request.clean("x" * 999)) == 160


def test_the_size_limit_is_configurable():
    changes = tuple(Change(address=f"aws_x.n{n}", action=Action.UPDATE) for n in range(500))
    event = sealed(1, changes=changes)
    assert WEBHOOK.render(event, {"url": URL}).body == event.body
    small = WEBHOOK.render(event, {"url": URL, "max_bytes": 5000, "secret": "s"})
    assert 4000 < len(small.body) <= 5000
    assert msgspec.json.decode(small.body, type=ChangeEvent).truncated.changes > 0
    assert len(WEBHOOK.render(event, {"url": URL, "max_bytes": 5000}, 2500).body) <= 2500


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "hooks.example"},
        {"url": "https://h:port/"},
        {"url": URL, "secret": "whsec_!"},
        {"url": URL, "max_bytes": 9},
    ],
)
def test_options_that_cannot_be_used(options):
    with pytest.raises(OptionError) as raised:
        WEBHOOK.render(sealed(1), options)
    assert "secret-" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "url: missing"),
        ({"url": "nowhere"}, "url: expected a URL, https://host/path"),
        ({"url": URL, "method": "GET"}, "method: expected one of POST, PUT"),
        ({"url": URL, "max_bytes": "many"}, "max_bytes: expected a whole number above 0"),
        ({"url": URL, "max_bytes": True}, "max_bytes: expected a whole number above 0"),
        ({"url": URL, "headers": {"a": "b\r\nX: y"}}, "headers: expected names and values, one line each"),
        ({"url": URL, "headers": ["a"]}, "headers: expected names and values, one line each"),
        ({"url": URL, "secret": "two\nlines"}, "secret: expected text on one line"),
        ({"url": URL, "colour": "red"}, "colour: webhook has no such option"),
    ],
)
def test_problems_of_options(options, problem):
    assert WEBHOOK.problems(options) == (problem,)


def test_good_options_have_no_problems():
    options = {"url": URL, "secret": "s", "headers": {"A": "b"}, "method": "PUT", "max_bytes": 9, "ca_file": "/x"}
    assert WEBHOOK.problems(options) == ()
    assert json.loads(WEBHOOK.render(sealed(1), {"url": URL}).body)["id"] == event_id(1)
