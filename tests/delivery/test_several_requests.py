"""Destinations that make several requests for an event: whatever happens at one, it is there once in the end."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import msgspec
import pytest

from change_events.delivery import deliver
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal, Query
from tests.destinations.backends import github, gitlab, jira, servicenow
from tests.destinations.kit.backend import Refused, answer, backend
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.selection import slow
from tests.support.speed import HANG

FLUSH = textwrap.dedent("""
    import sys
    import msgspec
    from change_events.delivery import deliver
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Journal
    with Journal.open(sys.argv[1]) as journal:
        deliver(journal, [msgspec.json.decode(sys.argv[2], type=DestinationSettings)], budget=60, force=True)
""")


class Kept:
    """A backend that remembers what was made there, in front of a fake that does not."""

    def __init__(self, accept):
        self._accept = accept
        self.made = []

    def accept(self, received):
        given = self._accept(received)
        if received.method == "POST" and "token" not in received.path:
            self.made.append(received.json())
        if received.method == "GET" and self.made:
            return self.found()
        return given


class Jira(Kept):
    def __init__(self):
        super().__init__(jira.accept)

    def found(self):
        return answer(200, {"comments": [{"id": "10000", "body": one["body"]} for one in self.made], "total": 1})


class ServiceNow(Kept):
    def __init__(self):
        super().__init__(servicenow.accept)

    def found(self):
        return answer(200, {"result": [{"sys_id": servicenow.SYS_ID, "state": "-5"}]})


class Host:
    """GitHub or GitLab: comments or deployments."""

    def __init__(self, fake, what):
        self._fake, self._what = fake, what

    def accept(self, received):
        return self._fake.accept(received)

    @property
    def made(self):
        return list(getattr(self._fake, self._what).values())


# by kind and variant: what keeps, the event, and how many requests it takes
PLACES = {
    ("github", ""): (lambda: Host(github.GitHub(), "comments"), "updated", 2),
    ("github", "deployment"): (lambda: Host(github.GitHub(), "deployments"), "deployment", 3),
    ("gitlab", ""): (lambda: Host(gitlab.GitLab(), "notes"), "updated", 2),
    ("gitlab", "deployment"): (lambda: Host(gitlab.GitLab(), "deployments"), "deployment", 2),
    ("jira", ""): (Jira, "updated", 2),
    ("servicenow", ""): (ServiceNow, "updated", 2),
}
MOMENTS = [(*place, number) for place, (_, _, requests) in PLACES.items() for number in range(1, requests + 1)]
KILLED = [("github", "", 1), ("github", "", 2), ("jira", "", 2), ("servicenow", "", 2)]


class World:
    """A journal with one event, and the place that it is sent to; at one request something happens."""

    def __init__(self, folder, kind, variant, moment=0, fault=None):
        make, name, _ = PLACES[kind, variant]
        self.host, self.kind, self.path = make(), kind, folder / "journal.db"
        self._moment, self._fault = moment, fault
        self._asked = 0
        self.receiver = Receiver(always=self._answer)
        more = backend(kind).variants[variant]
        self.settings = DestinationSettings("main", kind, backend(kind).options(self.receiver.url) | more)
        self.event = backend(kind).event(name)
        with Journal.open(self.path) as journal:
            journal.settle(self.event, ["main"])

    def _answer(self, handler):
        self._asked += 1
        if self._asked == self._moment:
            self._fault(self, handler)
        else:
            self.take(handler)

    def take(self, handler, step=None):
        try:
            given = self.host.accept(handler.received)
        except Refused as refused:
            given = answer(refused.status, backend(self.kind).refusal(refused.why))
        if step is not None:
            step(handler)
        else:
            handler.answer(given.status, given.body, {**given.headers, "connection": "close"})

    def deliver(self, ahead=0.0):
        with Journal.open(self.path, clock=lambda: time.time() + ahead) as journal:
            deliver(journal, [self.settings], budget=60, force=True)
            (record,) = journal.list(Query(limit=None))
            return record.deliveries[0]


FAULTS = {
    "slow down": lambda _, handler: server.status(429, retry_after="0")(handler),
    "down": lambda _, handler: server.status(503)(handler),
    "closed": lambda _, handler: server.reset()(handler),
    "no HTTP": lambda _, handler: server.garbage()(handler),
    "taken, and the answer lost": lambda world, handler: world.take(handler, server.reset()),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("kind", "variant", "moment"), MOMENTS)
@pytest.mark.usefixtures("impatient")
def test_what_fails_at_a_request_is_there_once_in_the_end(tmp_path, kind, variant, moment, fault):
    world = World(tmp_path, kind, variant, moment, FAULTS[fault])
    with world.receiver:
        delivery = world.deliver()
        if delivery.state == "waiting":  # until the backend's own wait is over
            delivery = world.deliver(ahead=3_600)
        assert (delivery.state, delivery.reason) == ("delivered", None)
        assert len(world.host.made) == 1


@pytest.mark.parametrize("taken", [False, True], ids=["before it was taken", "after it was taken"])
@pytest.mark.parametrize(("kind", "variant", "moment"), [one if one in KILLED else slow(*one) for one in MOMENTS])
def test_a_sender_that_is_killed_at_a_request_leaves_it_there_once_in_the_end(tmp_path, kind, variant, moment, taken):
    started = threading.Event()
    victims = []

    def kill(world, handler):
        assert started.wait(HANG)
        if taken:
            world.take(handler)
        victims[0].send_signal(signal.SIGKILL)
        victims[0].wait()
        if not taken:
            server.reset()(handler)

    world = World(tmp_path, kind, variant, moment, kill)
    with world.receiver:
        arguments = [str(world.path), msgspec.json.encode(world.settings).decode()]
        victims.append(subprocess.Popen([sys.executable, "-c", FLUSH, *arguments], cwd=Path(__file__).parents[2]))
        started.set()
        assert victims[0].wait(HANG) == -signal.SIGKILL
        delivery = world.deliver(ahead=3_600)  # the lease that it held has ended
        assert (delivery.state, delivery.reason) == ("delivered", None)
        assert len(world.host.made) == 1
