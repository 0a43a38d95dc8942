"""Every kind of destination at once, each with its fake backend, and all that may go wrong on the way there.

A seed decides everything but the moments at which processes run. Backends speak as they are documented; faults of the
network and of processes come on top.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from change_events.delivery import deliver
from change_events.destinations import kinds
from change_events.destinations.base import DestinationSettings, Result
from change_events.journal import Journal, Query, Retention
from tests.destinations.kit.backend import Answer, Refused, answer, backend
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import event_id, sealed
from tests.support.speed import HANG, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = re.compile(rb"prod/network: (\d+) updated")
KINDS = kinds()
BUDGET = 1.0  # of one flush: what hangs costs all of it
PROCESS = textwrap.dedent("""
    import sys, time
    import msgspec
    from change_events.delivery import deliver, destination_flush, sender
    from change_events.delivery.rate_limit import RateLimiter
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Journal
    sender._FIRST_PAUSE = 0.005
    destination_flush._rate_of = lambda settings: RateLimiter(None)
    path, ahead, budget, destinations = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    with Journal.open(path, clock=lambda: time.time() + ahead) as journal:
        deliver(journal, msgspec.json.decode(destinations, type=list[DestinationSettings]), budget=budget, force=True)
""")


class Place:
    """One destination and its backend: what was asked of it, what it took, and how it will answer."""

    def __init__(self, kind: str, chance: random.Random) -> None:
        self.kind = kind
        self.took: list[int] = []  # numbers of events, whenever it really has taken one
        self.refused: set[int] = set()  # of those that it has refused for good at some time
        self.healthy = True
        self.wrong: list[str] = []
        self.victim: subprocess.Popen | None = None
        self._backend = backend(kind)
        self._chance = chance
        self._lock = threading.Lock()
        self.receiver = Receiver(always=self._answer)

    def settings(self, *, refused: bool = False) -> DestinationSettings:
        url = server.refused_url() if refused else self.receiver.url
        return DestinationSettings(self.kind, self.kind, self._backend.options(url))

    def _answer(self, handler) -> None:
        with self._lock:
            fault = "" if self.healthy else self._chance.choice(list(FAULTS))
            victim, self.victim = self.victim, None
        if fault:
            FAULTS[fault](self, handler)
        else:
            self.take(handler)
        if victim is not None:
            victim.send_signal(signal.SIGKILL)  # after the answer: it was sent, and nobody writes it down

    def take(self, handler, step=None) -> None:
        """Take it if it is as documented; ``step`` answers in place of the backend's own answer."""
        try:
            given = self._backend.accept(handler.received)
        except Refused as refused:
            given = answer(refused.status, self._backend.refusal(refused.why))
        if given.status < 300:
            self._note(handler)
        step(handler) if step and given.status < 300 else self._say(handler, given)

    def documented(self, handler) -> None:
        """Any answer of those that it documents, partial success among them."""
        chosen = self._chance.choice(
            [one for one in self._backend.answers if not (one.variant or one.of)]
        )  # it is set so here
        if chosen.result is Result.DELIVERED:
            self._note(handler)
        elif chosen.result is Result.PARK:
            self.refuse(handler)
        self._say(handler, chosen.answer)

    def refuse(self, handler) -> None:
        self.refused.add(int(TITLE.search(handler.received.body)[1]))

    def _note(self, handler) -> None:
        found = TITLE.search(handler.received.body)
        if found is None and handler.received.method == "GET":
            return  # a request for a token
        number = int(found[1])
        text = handler.received.body + repr(handler.received.headers).encode()
        known = set(re.findall(rb"019a[0-9a-f]{4}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", text))
        if not known <= {event_id(number).encode()}:
            self.wrong.append(f"{number} came as {known}")
        with self._lock:
            self.took.append(number)

    @staticmethod
    def _say(handler, given: Answer) -> None:
        headers = dict(given.headers)
        handler.answer(given.status, given.body, headers | {"connection": "close"})


def _taken_and_lost(place: Place, handler) -> None:
    """The event has arrived, and the sender never hears of it."""
    place.take(handler, server.reset())


def _refused(place: Place, handler) -> None:
    place.refuse(handler)
    server.status(400)(handler)


FAULTS = {
    "none": Place.take,
    "none either": Place.take,
    "documented": Place.documented,
    "error": lambda _, handler: server.status(500)(handler),
    "overloaded": lambda _, handler: server.status(503)(handler),
    "slow down": lambda _, handler: server.status(429, retry_after="0")(handler),
    "slow down for long": lambda _, handler: server.status(429, retry_after="900")(handler),
    "refusal": _refused,
    "reset": lambda _, handler: server.reset()(handler),
    "garbage": lambda _, handler: server.garbage()(handler),
    "taken, and the answer lost": _taken_and_lost,
}


class World:
    """A machine, its journal, and the backends it sends to; use as a context manager."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.course = random.Random(
            seed
        )  # of what happens; apart, so that a new kind of destination changes none of it
        self.chance = random.Random(seed)
        self.path = folder / "journal.db"
        self.ahead = 0.0  # seconds that the machine's clock is off
        self.number = 0
        self.routed: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self.places = {kind: Place(kind, random.Random(self.chance.random())) for kind in KINDS}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for place in self.places.values():
            self._stack.enter_context(place.receiver)
        self.journal = self._stack.enter_context(Journal.open(self.path, caps=Retention(), clock=self.now))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def now(self) -> float:
        return time.time() + self.ahead

    # What happens

    def settle(self) -> None:
        """A few runs end; each event goes to some of the destinations."""
        for _ in range(self.chance.randint(1, 8)):
            self.number += 1
            names = self.chance.sample(KINDS, self.chance.randint(1, len(KINDS)))
            ended = datetime.fromtimestamp(self.now(), UTC)
            self.journal.settle(sealed(self.number, started_at=ended - timedelta(seconds=9), ended_at=ended), names)
            for name in names:
                self.routed[name].append(self.number)

    def flush(self) -> None:
        """A run delivers; some backends cannot be reached."""
        destinations = [place.settings(refused=self.chance.random() < 0.1) for place in self.places.values()]
        with at_most(BUDGET + 1.5, "a flush keeps its budget"):
            deliver(self.journal, destinations, budget=BUDGET, force=self.chance.random() < 0.7)

    def hang(self) -> None:
        """One backend does not answer, and the others get theirs all the same."""
        receiver = self.places[self.chance.choice(KINDS)].receiver
        usual, receiver._always = receiver._always, server.hang()
        self.flush()
        receiver._always = usual

    def kill(self) -> None:
        """A flush is killed in the middle: after an answer that it has not written down, or at any moment."""
        before = self._asked()
        process = self._process()
        for kind in self.chance.sample(KINDS, len(KINDS) // 2):
            self.places[kind].victim = process
        server.wait_for(lambda: self._asked() > before or process.poll() is not None)
        time.sleep(self.chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        for place in self.places.values():
            place.victim = None
        self.ahead += 60  # the leases it held have ended

    def two_at_once(self) -> None:
        for process in [self._process(), self._process()]:
            assert process.wait(timeout=HANG) == 0

    def jump(self) -> None:
        """Somebody sets the clock, forwards or back."""
        self.ahead += self.course.choice((1, -1)) * self.course.choice((10, 600, 7_200, 100_000))

    def _asked(self) -> int:
        return sum(len(place.receiver.received) for place in self.places.values())

    def _process(self) -> subprocess.Popen:
        destinations = msgspec.json.encode([place.settings() for place in self.places.values()]).decode()
        arguments = [str(self.path), str(self.ahead), str(BUDGET), destinations]
        return subprocess.Popen([sys.executable, "-c", PROCESS, *arguments], cwd=Path(__file__).parents[2])

    # What must be true in the end

    def heal(self) -> None:
        """All is well again, and what waits is delivered."""
        for place in self.places.values():
            place.healthy = True
        self.ahead += self.course.choice((3_600, -7_200))  # leases of killed flushes end either way
        for _ in range(30):
            if not self.journal.waiting(KINDS):
                return
            deliver(self.journal, [place.settings() for place in self.places.values()], budget=60, force=True)
            self.ahead += 3_600  # backends may have asked for a day
        raise AssertionError(f"still waiting: {self.journal.counts()}")

    def check(self) -> None:
        """Each event is where it was routed to, in order, or parked with its reason; and the counts add up."""
        found: dict[tuple[str, str], object] = {}
        for record in self.journal.list(Query(limit=None)):
            found |= {(status.destination, record.id): status for status in record.deliveries}
        counts = self.journal.counts()
        for name, numbers in self.routed.items():
            statuses = {number: found.pop((name, event_id(number))) for number in numbers}
            took = self.places[name].took
            assert not self.places[name].wrong, "each event has one id, and keeps it"
            arrived = {number for number, status in statuses.items() if status.state == "delivered"}
            parked = {number for number, status in statuses.items() if status.state == "parked"}
            assert arrived | parked == set(numbers), name
            assert arrived <= set(took) <= set(numbers), name
            assert all(statuses[number].reason for number in parked), name
            # one that was refused may be taken later, of a process so slow that its lease had ended before it sent
            ordered = arrived - self.places[name].refused
            order = list(dict.fromkeys(number for number in took if number in ordered))
            assert order == sorted(ordered, key=numbers.index), f"{name}: out of order"
            figures = counts.destinations.get(name)
            counted = (figures.waiting, figures.leased, figures.delivered, figures.parked) if figures else (0, 0, 0, 0)
            assert counted == (0, 0, len(arrived), len(parked)), name
        assert not found, "nothing went where it was not routed to"
        assert counts.given_up == 0

    def play(self, steps: int) -> Iterator[str]:
        """Let things happen, and return what did."""
        for place in self.places.values():
            place.healthy = False
        actions = {"settle": 4, "flush": 4, "jump": 2, "kill": 1, "two_at_once": 1, "hang": 1}
        for name in ["settle", *self.course.choices(list(actions), list(actions.values()), k=steps)]:
            yield name
            getattr(self, name)()
