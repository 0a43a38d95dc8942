"""Starts and ends of events between others, at destinations that get their events in batches."""

from __future__ import annotations

import itertools
import json

import pytest

from change_events.delivery import deliver
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal
from tests.support.receiver import Receiver
from tests.support.sealed import sealed

PLENTY = 60
OTHERS = range(1, 6)
OWN = (10, 11, 12)


def begin(journal, number):
    journal.start(sealed(number, outcome=None, ended_at=None, title=f"start {number}"), ["one"])


def end(journal, number):
    journal.settle(sealed(number, title=f"end {number}"), ["one"])


def grafana(url):
    return DestinationSettings(name="one", kind="grafana", options={"url": url, "token": "t"})


class Annotations:
    """Names what it is sent, and calls ``meanwhile`` with the event's own title before it answers."""

    def __init__(self, path, meanwhile):
        self.path = path
        self.seen: list[tuple[str, str]] = []
        self.named: dict[str, str] = {}
        self._meanwhile = meanwhile
        self._numbers = itertools.count(100)

    def __call__(self, handler):
        received = handler.received
        title = title_of(received)
        self.seen.append((received.method, title))
        with Journal.open(self.path) as journal:
            self._meanwhile(journal, title)
        if received.method == "POST":
            name = str(next(self._numbers))
            self.named[title] = name
            content = {"message": "Annotation added", "id": int(name)}
        else:
            assert received.path == f"/api/annotations/{self.named[title.replace('end', 'start')]}"
            content = {"message": "Annotation patched"}
        handler.answer(200, json.dumps(content).encode(), {"content-type": "application/json"})


def title_of(received):
    words = received.json()["text"].replace("<", " ").replace(">", " ").split()
    place = next(place for place, word in enumerate(words) if word in {"start", "end"})
    return " ".join(words[place : place + 2])


def flushed(path, meanwhile):
    annotations = Annotations(path, meanwhile)
    with Receiver(always=annotations) as receiver, Journal.open(path) as journal:
        report = deliver(journal, [grafana(receiver.url)], budget=PLENTY)
        waiting = journal.counts().waiting
    assert (report.problems, report.parked, waiting) == ((), 0, 0)
    return annotations.seen


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def test_an_end_that_comes_while_its_start_is_sent_brings_it_up_to_date_in_the_same_flush(path):
    with Journal.open(path) as journal:
        for number in OTHERS:
            end(journal, number)
        for number in OWN:
            begin(journal, number)

    def settled_at_once(journal, title):
        word, number = title.split()
        if word == "start":
            end(journal, int(number))

    seen = flushed(path, settled_at_once)
    assert seen == [
        *(("POST", f"end {number}") for number in OTHERS),
        *(("POST", f"start {number}") for number in OWN),
        *(("PATCH", f"end {number}") for number in OWN),
    ]


def test_a_start_whose_event_ends_while_those_before_it_are_sent_is_never_sent(path):
    with Journal.open(path) as journal:
        for number in OTHERS:
            end(journal, number)
        begin(journal, 10)

    def settled_early(journal, title):
        if title == "end 2":  # the first of a batch that goes on to those before the start
            end(journal, 10)

    assert flushed(path, settled_early) == [*(("POST", f"end {number}") for number in OTHERS), ("POST", "end 10")]


def test_a_start_at_the_head_of_a_batch_keeps_its_place_before_its_end(path):
    with Journal.open(path) as journal:
        end(journal, 1)
        begin(journal, 10)
        end(journal, 2)

    def settled_at_once(journal, title):
        if title == "start 10":
            end(journal, 10)
            assert journal.claim(["one"], 9, 9) == [], "nobody overtakes it"

    assert flushed(path, settled_at_once) == [
        ("POST", "end 1"),
        ("POST", "start 10"),
        ("POST", "end 2"),
        ("PATCH", "end 10"),
    ]
