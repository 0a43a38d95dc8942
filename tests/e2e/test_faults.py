"""A receiver that fails in every way it can: terraform's exit code and the budget hold, and nothing is lost."""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.support import receiver as server
from tests.support.live import Stack
from tests.support.receiver import Receiver
from tests.support.secrets import assert_nowhere
from tests.support.speed import limit, stopwatch

if TYPE_CHECKING:
    from tests.support.receiver import Step

TOKEN = "5e1f0a77-" + "1c2d-4b3a-9f8e-planted0fault"
BUDGET = 1.0
# seconds that a run may take beyond its budget: the machine may be busy, a hang would take far longer
MARGIN = 3.0
WELL = 'resource "terraform_data" "a" {\n  input = "%s"\n}\n'
FAILING = WELL + 'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n    command = "exit 9"\n  }\n}\n'


@dataclass(frozen=True)
class Fault:
    """What the receiver does to every request, and what becomes of the events: they wait, or a person must look."""

    name: str
    always: Step
    parks: bool = False
    core: bool = False


FAULTS = (
    Fault("hang", server.hang(), core=True),
    Fault("slow drip of headers", server.drip_headers()),
    Fault("429", server.status(429, Retry_After="1")),
    Fault("429 for long", server.status(429, Retry_After="600")),
    Fault("500", server.status(500, b"echo " + TOKEN.encode())),
    Fault("502 with a page", server.html(502)),
    Fault("403", server.status(403, TOKEN.encode()), parks=True, core=True),
    Fault("404", server.status(404), parks=True),
    Fault("413", server.status(413), parks=True),
    Fault("redirect", server.redirect(f"http://127.0.0.1:9/{TOKEN}"), parks=True),
    Fault("garbage", server.garbage()),
    Fault("reset", server.reset()),
)


@pytest.fixture
def stack(tmp_path):
    return Stack(tmp_path, env={"TFEVENT_BUDGET": str(BUDGET)})


def to(url):
    return {"TFEVENT_SEMATEXT_TOKEN": TOKEN, "TFEVENT_SEMATEXT_RECEIVER": url}


def timed(stack, code, **env):
    with stopwatch() as took:
        done = stack.apply(code, **env)
    return done, took.seconds


def suffer(stack, **env):
    """Two runs, one that goes well and one that fails, with such a receiver; returns the ids to be delivered."""
    bare, seconds = timed(stack, WELL % "bare")
    assert bare.code == 0, bare.err
    for code, expected in ((WELL % "well", 0), (FAILING % "failing", 1)):
        done, took = timed(stack, code, **env)
        assert done.code == expected, done.err
        assert took < limit(seconds + BUDGET + MARGIN)
        assert len(done.own) == 1, "one line, whatever happens"
        assert_nowhere([TOKEN], *done.own)
    return [event["id"] for event in stack.recorded() if event["deliveries"]]


def delivered(receiver):
    return sorted(request.json()["tfevent.id"] for request in receiver.accepted)


def undelivered(stack, **env):
    """What `events list --undelivered` says: id → (state, reason); no token in any form of it."""
    for line in ("list --undelivered", "doctor"):
        shown = stack.events(line, **env)
        assert_nowhere([TOKEN], shown.out, shown.err)
    listed = stack.events("list --undelivered --json", **env)
    assert_nowhere([TOKEN], listed.out, listed.err)
    records = [json.loads(line) for line in listed.out.splitlines()]
    return {record["id"]: [(at["state"], at["reason"]) for at in record["deliveries"]] for record in records}


def assert_everything_arrives(stack, receiver, ids, **env):
    done = stack.events("flush --parked", **env)
    assert done.code == 0, done.err
    assert sorted(set(delivered(receiver))) == ids
    assert undelivered(stack, TFEVENT_BUDGET="1") == {}
    assert_nowhere([TOKEN], done.out, done.err, stack.home)


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, id=fault.name, marks=() if fault.core else pytest.mark.e2e) for fault in FAULTS],
)
def test_a_fault_costs_the_budget_and_no_event(stack, fault):
    with Receiver(always=fault.always) as receiver:
        ids = suffer(stack, **to(receiver.url))
        assert len(ids) == 2
        assert receiver.received
        waiting = undelivered(stack)
        assert sorted(waiting) == ids
        for states in waiting.values():
            [(state, reason)] = states
            assert state == ("parked" if fault.parks else "waiting")
            assert reason or not fault.parks
        receiver.heal()
        receiver.received.clear()
        assert_everything_arrives(stack, receiver, ids, **to(receiver.url))


@pytest.mark.e2e
def test_nobody_listens(stack):
    ids = suffer(stack, **to(server.refused_url()))
    assert sorted(undelivered(stack)) == ids
    with Receiver() as receiver:
        assert_everything_arrives(stack, receiver, ids, **to(receiver.url))


@pytest.mark.e2e
def test_an_address_that_never_answers(stack):
    with server.unanswered_url() as url:
        ids = suffer(stack, **to(url))
    assert sorted(undelivered(stack)) == ids
    with Receiver() as receiver:
        assert_everything_arrives(stack, receiver, ids, **to(receiver.url))


@pytest.mark.e2e
def test_a_certificate_that_nobody_trusts(stack, tmp_path):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with Receiver(tls=context) as receiver:
        ids = suffer(stack, **to(receiver.url))
        assert not receiver.received
        assert sorted(undelivered(stack)) == ids
        assert_everything_arrives(stack, receiver, ids, **to(receiver.url), SSL_CERT_FILE=str(trusted))


@pytest.mark.e2e
def test_a_success_whose_body_never_ends_is_a_success(stack):
    with Receiver(always=server.drip_body()) as receiver:
        ids = suffer(stack, **to(receiver.url))
        assert undelivered(stack) == {}
        assert delivered(receiver) == ids


@pytest.mark.e2e
def test_the_next_run_delivers_what_waits(stack):
    with Receiver(always=server.status(503)) as receiver:
        ids = suffer(stack, **to(receiver.url))
        receiver.heal()
        receiver.received.clear()
        time.sleep(1.5)  # a failed attempt is not repeated at once
        assert stack.apply(WELL % "next", **to(receiver.url)).code in {0, 1}
        stack.events("flush", **to(receiver.url))
        assert sorted(set(delivered(receiver))) == [*ids, stack.recorded()[-1]["id"]]


@pytest.mark.e2e
def test_one_bad_receiver_does_not_keep_another_from_its_events(stack):
    with Receiver(always=server.hang()) as hanging, Receiver() as webhook:
        ids = suffer(stack, **to(hanging.url), TFEVENT_WEBHOOK_URL=f"{webhook.url}/in")
        assert [request.json()["id"] for request in webhook.accepted] == ids
        assert all(dict(states)["delivered"] is None for states in undelivered(stack).values())
