"""What holds for every destination: each event fits, is taken and leaks nothing; each answer is understood."""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import change_events
from change_events.delivery.sender import Effort, judged, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get, kinds
from change_events.destinations.base import DestinationSettings, OptionError, Result, user_agent
from change_events.destinations.shared.preview import preview
from tests.destinations.kit.backend import SECRET, Answer, backend
from tests.destinations.kit.events import NAMES
from tests.support import receiver as steps
from tests.support.receiver import Receiver
from tests.support.secrets import forms
from tests.support.selection import slow

# whose payloads are kept; what the others are about is tested by what it must hold, here and beside
KEPT = ("tiny", "updated", "partial", "ansible", "unicode", "deployment")
OF_VARIANTS = ("updated", "deployment")
LARGE = ("huge", "long", "many_tags")  # `make test` sends them to one variant of each kind of destination
READABLE = 10_000  # characters; of a longer payload only size and digest are kept
VARIANTS = [(kind, variant) for kind in kinds() for variant in backend(kind).variants]
ANSWERS = [(kind, documented) for kind in kinds() for documented in backend(kind).answers]
OVER_HTTP = [(k, d) for k, d in ANSWERS if get(k).transport == "http" and not d.of]  # to the event's own request
SUCCESSES = [(k, d) for k, d in OVER_HTTP if d.result is Result.DELIVERED]
REFUSALS = [(k, d) for k, d in OVER_HTTP if 200 <= d.answer.status < 300 and d.result is not Result.DELIVERED]
GOLDEN = Path(__file__).parents[1] / "golden" / "destinations"
LATE = 0.2  # seconds
HERE = "https://backend.example"

every_variant = pytest.mark.parametrize(("kind", "variant"), VARIANTS, ids=lambda part: part or "plain")
over_http = pytest.mark.parametrize(
    ("kind", "variant"),
    [(kind, variant) for kind, variant in VARIANTS if get(kind).transport == "http"],
    ids=lambda part: part or "plain",
)


def options_of(kind, variant, url):
    more = backend(kind).variants[variant]
    return backend(kind).options(url) | (more(url) if callable(more) else more)


def sample(kind, variant):
    """The event that is sent to see what an answer means."""
    return backend(kind).event(backend(kind).sample(variant))


def ordinary(kind, variant):
    """An event with everything that is known of most runs."""
    return backend(kind).event("updated") if not backend(kind).skips(variant, "updated") else sample(kind, variant)


def mentioned(text, secret=SECRET):
    return [form for form in forms(secret) if form in text]


@pytest.mark.parametrize(
    ("kind", "variant", "name"),
    [
        slow(kind, variant, name) if variant and name in LARGE else (kind, variant, name)
        for kind, variant in VARIANTS
        for name in NAMES
    ],
    ids=lambda part: part or "plain",
)
def test_each_standard_event_is_taken(kind, variant, name):
    with backend(kind).serve() as server:
        settings = DestinationSettings(kind, kind, options_of(kind, variant, server.url))
        with open_transport(settings) as transport:
            verdict = send_event(settings, transport, backend(kind).event(name), Effort(time.monotonic() + 60))
        if backend(kind).skips(variant, name):
            assert (verdict.result, server.received) == (Result.SKIPPED, [])
            assert get(kind).inapplicable(backend(kind).event(name).event, settings.options) == verdict.reason
            return
        assert verdict.result is Result.DELIVERED, verdict.reason
        assert len(server.received) == backend(kind).several.get(variant, 1)
        for received in server.received:
            assert len(received.body) <= get(kind).limits.body_bytes
            if get(kind).transport == "http":
                assert received.headers["user-agent"] == user_agent()


@every_variant
def test_the_fake_backend_refuses_what_is_no_event(kind, variant):
    with backend(kind).serve() as server:
        settings = DestinationSettings(kind, kind, options_of(kind, variant, server.url))
        request = get(kind).render(ordinary(kind, variant), settings.options)
        with open_transport(settings) as transport:
            for body in (b"{}", b"[]", b"\xff", b"{" * 9, b"x" * (2 * get(kind).limits.body_bytes)):
                response = transport.send(msgspec.structs.replace(request, body=body), time.monotonic() + 60)
                assert judged(get(kind), response).result is not Result.DELIVERED, body[:9]


PAYLOADS = [
    (kind, variant, name)
    for kind, variant in VARIANTS
    for name in (OF_VARIANTS if variant else (*KEPT, *backend(kind).payloads))
    if not backend(kind).skips(variant, name)
]


@pytest.mark.parametrize(("kind", "variant", "name"), PAYLOADS, ids=lambda part: part or "plain")
def test_payloads(kind, variant, name, golden, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_795_437_300.5)
    monkeypatch.setattr(change_events, "__version__", "0.0.0")
    shown = preview(get(kind).render(backend(kind).event(name), options_of(kind, variant, HERE)))
    folder = f"{kind}-{variant}" if variant else kind
    golden(f"destinations/{folder}/{name}.txt")(_kept(backend(kind).steady(shown)))


def test_every_golden_payload_is_looked_at():
    kept = {(f"{kind}-{variant}" if variant else kind, f"{name}.txt") for kind, variant, name in PAYLOADS}
    assert {(path.parent.name, path.name) for path in GOLDEN.glob("*/*")} == kept


def _kept(shown):
    if len(shown) <= READABLE:
        return shown
    return f"{len(shown.encode())} bytes, sha256 {hashlib.sha256(shown.encode()).hexdigest()}\n"


UPDATABLE = [(kind, variant) for kind, variant in VARIANTS if get(kind).update and variant not in backend(kind).unnamed]


@pytest.mark.parametrize(("kind", "variant"), UPDATABLE, ids=lambda part: part or "plain")
def test_what_a_started_event_made_can_be_settled(kind, variant):
    destination = get(kind)
    with backend(kind).serve() as server:
        settings = DestinationSettings(kind, kind, options_of(kind, variant, server.url))
        with open_transport(settings) as transport:
            made = transport.send(
                destination.render(backend(kind).event("started"), settings.options), time.monotonic() + 60
            )
            handle = destination.handle(made)
            for name in NAMES:
                request = destination.update(backend(kind).event(name), settings.options, handle)
                assert len(request.body) <= destination.limits.body_bytes
                assert mentioned(f"{request!r} {preview(request)}") == []
                answered = transport.send(request, time.monotonic() + 60)
                assert destination.judge(answered).result is Result.DELIVERED, (name, answered.body)
    for answer in (b"", b"[]", b"{}", b'{"id": null}', b'{"id": true}', b"<html>"):
        assert destination.handle(type(made)(200, {}, answer)) is None


@pytest.mark.parametrize(
    ("kind", "variant"),
    [slow(kind, variant) if variant else (kind, variant) for kind, variant in VARIANTS],
    ids=lambda part: part or "plain",
)
def test_a_smaller_limit_is_kept(kind, variant):
    options = options_of(kind, variant, HERE)
    for name in ("huge", "long", "many_tags", "updated", "deployment"):
        if backend(kind).skips(variant, name):
            continue
        whole = len(get(kind).render(backend(kind).event(name), options).body)
        if variant in backend(kind).fixed:
            with pytest.raises(OptionError):
                get(kind).render(backend(kind).event(name), options, whole - 1)
            continue
        assert len(get(kind).render(backend(kind).event(name), options, whole - 1).body) < whole
        with pytest.raises(OptionError):
            get(kind).render(backend(kind).event(name), options, 10)


@pytest.mark.parametrize(("kind", "documented"), ANSWERS, ids=lambda part: getattr(part, "name", part))
def test_each_documented_answer_is_understood(kind, documented):
    given = documented.answer

    def step(handler):
        handler.answer(given.status, given.body, dict(given.headers))

    with Receiver(always=step) as server:
        settings = DestinationSettings(kind, kind, options_of(kind, documented.variant, server.url))
        with open_transport(settings) as transport:
            request = get(kind).render(sample(kind, documented.variant), settings.options)
            request = replace(request, purpose=documented.of or request.purpose)
            response = transport.send(request, time.monotonic() + 60)
    verdict = judged(get(kind), response)
    assert (verdict.result, verdict.after) == (documented.result, documented.after)
    assert documented.says in verdict.reason
    assert verdict.reason or verdict.result is Result.DELIVERED


def once(kind, variant, url):
    """What is made of the answer to one request, and whether its body decides."""
    settings = DestinationSettings(kind, kind, options_of(kind, variant, url))
    made = sample(kind, variant)
    decides = get(kind).render(made, settings.options).body_decides
    with open_transport(settings) as transport:
        return send_event(settings, transport, made, Effort(time.monotonic() + 60, attempts=1)), decides


@pytest.fixture
def hasty(monkeypatch):
    """A body that decides nothing is not waited for."""
    monkeypatch.setattr("change_events.delivery.http_transport._WORDS_SECONDS", 0.02)


def late(handler, given):
    steps.late(handler, given.status, given.body, dict(given.headers), LATE)


def broken(handler, given):
    steps.broken(handler, given.status, given.body, dict(given.headers))


@pytest.mark.usefixtures("hasty")
@over_http
def test_a_success_whose_body_is_late_is_one(kind, variant):
    with backend(kind).serve(late) as receiver:
        verdict, _ = once(kind, variant, receiver.url)
    assert verdict.result is Result.DELIVERED, verdict.reason


@over_http
def test_a_success_whose_body_breaks_off_is_none_where_it_decides(kind, variant):
    with backend(kind).serve(broken) as receiver:
        verdict, decides = once(kind, variant, receiver.url)
    assert verdict.result is (Result.RETRY if decides else Result.DELIVERED), verdict.reason


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("kind", "documented"), REFUSALS, ids=lambda part: getattr(part, "name", part))
def test_a_refusal_that_looks_like_a_success_is_waited_for(kind, documented):
    if (kind, documented.name) == ("slack", "webhook: a page"):
        pytest.skip("its success is text/html too: what does not come in time cannot be distinguished from it")
    with Receiver(always=lambda handler: late(handler, documented.answer)) as receiver:
        verdict, _ = once(kind, documented.variant, receiver.url)
    shrunk = documented.result is Result.SHRINK  # sent again at once, and parked then
    assert verdict.result is (Result.PARK if shrunk else documented.result)
    with Receiver(always=lambda handler: broken(handler, documented.answer)) as receiver:
        assert once(kind, documented.variant, receiver.url)[0].result is not Result.DELIVERED


TYPES = ("text/html", "text/html; charset=utf-8", "text/plain", "application/json", "application/octet-stream", None)
SINGLE_SUCCESSES = [(k, d) for k, d in SUCCESSES if d.variant not in backend(k).several]
PAGES = (
    b"<!DOCTYPE html><html><title>Welcome</title></html>",
    b"\n\n  <!doctype HTML>",
    b"\xef\xbb\xbf<html>",
    b'<?xml version="1.0"?><!-- a\nproxy --><HTML lang="en">',
    b"<head><meta http-equiv='refresh'>",
    b"<script>location = 'https://login.example'</script>",
)


@pytest.mark.parametrize(("kind", "documented"), SINGLE_SUCCESSES, ids=lambda part: getattr(part, "name", part))
def test_the_type_of_an_answer_makes_no_success_a_page(kind, documented):
    status, body, headers = documented.answer
    others = {name: text for name, text in headers.items() if name != "content-type"}
    steps = [Answer(status, body, others | ({"content-type": kind} if kind else {})) for kind in TYPES]
    with Receiver([lambda handler, said=said: handler.answer(*said) for said in steps]) as receiver:
        for _ in steps:
            verdict, _decides = once(kind, documented.variant, receiver.url)
            assert verdict.result is Result.DELIVERED, verdict.reason


@over_http
def test_a_page_is_known_by_its_content(kind, variant):
    statuses = {200, next(d.answer.status for k, d in SUCCESSES if k == kind and d.variant in {"", variant})} - {204}
    pages = [
        Answer(status, page, {"content-type": kind})
        for status in statuses
        for page in PAGES
        for kind in ("text/html", "application/json")
    ]
    with Receiver([lambda handler, said=said: handler.answer(*said) for said in pages]) as receiver:
        for _ in pages:
            verdict, _decides = once(kind, variant, receiver.url)
            assert (verdict.result is Result.DELIVERED) == (variant in backend(kind).any_success), verdict.reason


SIGN_INS = (
    b"<!DOCTYPE html><html><title>Sign in</title></html>",
    b"<html><head><title>Acme SSO - Log In</title>",
    b"<html><form method=post><input name=user><input name=pw type='password'></form>",
    b'<html><form action="https://idp.example"><input type="hidden" name="SAMLRequest" value="x"></form>',
    b"<html><head><title>Authentication Required</title>",
)
OWN_ANSWERS = (
    b"<html><body>ok, password changed, login works</body></html>",
    b"<html><head><title>Thank you</title></head><body><a href='/login'>Log in</a></body>",
    b'{"title": "<title>Sign in</title>", "form": "<input type=password>"}',
    b"Sign in",
    b"<html><title>Building in progress, blog index</title>",
)


@over_http
@pytest.mark.parametrize("page", SIGN_INS)
def test_a_page_to_sign_in_at_is_no_success_anywhere(kind, variant, page):
    with Receiver(always=lambda handler: handler.answer(200, page, {"content-type": "text/html"})) as receiver:
        verdict, _ = once(kind, variant, receiver.url)
    assert verdict.result is not Result.DELIVERED


ANY_ANSWER = [(kind, variant) for kind in kinds() for variant in backend(kind).any_success]


@pytest.mark.parametrize(("kind", "variant"), ANY_ANSWER, ids=lambda part: part or "plain")
@pytest.mark.parametrize("page", OWN_ANSWERS)
def test_where_any_answer_is_a_success_other_pages_are(kind, variant, page):
    with Receiver(always=lambda handler: handler.answer(200, page, {"content-type": "text/html"})) as receiver:
        verdict, _ = once(kind, variant, receiver.url)
    assert verdict.result is Result.DELIVERED, verdict.reason


@over_http
def test_the_page_of_a_gateway_is_a_success_only_where_any_answer_is(kind, variant):
    page = steps.html(200)
    with Receiver(always=page) as receiver:
        verdict, _ = once(kind, variant, receiver.url)
        assert (verdict.result is Result.DELIVERED) == (variant in backend(kind).any_success), verdict.reason
        if (kind, variant) in UPDATABLE:
            settings = DestinationSettings(kind, kind, options_of(kind, variant, receiver.url))
            with open_transport(settings) as transport:
                request = get(kind).update(backend(kind).event("tiny"), settings.options, "C1/1.2")
                answered = transport.send(request, time.monotonic() + 60)
            assert judged(get(kind), answered).result is Result.PARK


@every_variant
def test_no_secret_is_in_any_text(kind, variant):
    options = options_of(kind, variant, HERE)
    request = get(kind).render(ordinary(kind, variant), options)
    assert request.host == ("backend.example" if get(kind).transport != "program" else request.url)
    settings = DestinationSettings(kind, kind, options)
    for text in (repr(request), repr(settings), preview(request), get(kind).origin(options)):
        assert mentioned(text) == []
    whole = f"{request.url} {request.headers} {request.body.decode()}"
    assert mentioned(request.clean(whole, 10**9)) == []


ADDRESSES = [
    (kind, variant, option.name)
    for kind, variant in VARIANTS
    for option in get(kind).options
    if option.type == "url" and not option.secret
]


@pytest.mark.parametrize(("kind", "variant", "name"), ADDRESSES, ids=lambda part: part or "plain")
def test_no_user_and_password_of_an_address_are_in_any_text(kind, variant, name):
    options = options_of(kind, variant, HERE)
    plain = options.get(name) or HERE
    options[name] = plain.replace("://", f"://hidden-user:{SECRET}@")
    request = get(kind).render(ordinary(kind, variant), options)
    if "hidden-user" not in request.url:
        pytest.skip("another address is used here")
    login = base64.b64encode(f"hidden-user:{SECRET}".encode()).decode()
    for text in (repr(request), preview(request), get(kind).origin(options), request.clean(request.url, 10**9)):
        assert mentioned(text) == []
        assert "hidden-user" not in text
    assert login not in request.clean(f"Basic {login}", 10**9)


@every_variant
def test_a_backend_that_quotes_the_request_makes_us_report_no_secret(kind, variant):
    def step(handler):
        quoted = handler.server.receiver.received[-1]
        text = f"no: {quoted.path} {quoted.headers} {quoted.body.decode()[:8000]}"
        handler.answer(401, text.encode(), {"content-type": "text/plain"})

    with Receiver(always=step) as server:
        settings = DestinationSettings(kind, kind, options_of(kind, variant, server.url))
        with open_transport(settings) as transport:
            verdict = send_event(settings, transport, sample(kind, variant), Effort(time.monotonic() + 60))
    assert verdict.result is not Result.DELIVERED
    assert mentioned(verdict.reason) == []


@pytest.mark.parametrize("kind", kinds())
def test_options_are_complete(kind):
    destination = get(kind)
    options = backend(kind).options(HERE)
    assert destination.problems(options) == ()
    secrets = {option.name for option in destination.options if option.secret}
    assert {name for name, value in options.items() if SECRET in str(value)} <= secrets
    for option in destination.options:
        assert option.help.endswith("."), option.name
        assert option.environment is None or option.environment.startswith("TFEVENT_"), option.name
        without = {name: value for name, value in options.items() if name != option.name}
        if option.required:
            assert f"{option.name}: missing" in destination.problems(without)
            with pytest.raises(OptionError, match=f"^{option.name}: "):
                destination.render(backend(kind).event("tiny"), without)


@pytest.mark.parametrize("kind", kinds())
def test_each_says_where_its_format_is_documented(kind):
    assert get(kind).documentation
    assert all(address.startswith("https://") for address in get(kind).documentation)
    assert get(kind).title
