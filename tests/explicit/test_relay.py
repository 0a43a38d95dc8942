"""What is passed on to a command, decided from who heard what and when."""

import time

import pytest

from change_events.relay import _GRACE, Relay


class Child:
    told = 0

    def __init__(self):
        self.sent = []

    def send(self, number):
        self.sent.append(number)


class Signals:
    def __init__(self, *received):
        self.received = list(received)


class Witness:
    reader = 0

    def __init__(self, heard=()):
        self.heard = {number: time.monotonic() for number in heard}
        self.last_pong = 0.0
        self.pings = 0

    def ping(self):
        self.pings += 1
        self.last_pong = time.monotonic() + 9

    def listen(self):
        pass


def settle(relay):
    end = time.monotonic() + _GRACE + 0.1
    while time.monotonic() < end:
        relay.tick()
        time.sleep(0.01)


@pytest.mark.parametrize("witness", [None, Witness()])
def test_what_came_while_the_command_was_being_started_is_passed_on(witness):
    child, signals = Child(), Signals(15)
    settle(Relay(child, signals, witness))
    assert child.sent == [15]


def test_what_had_come_before_it_was_started_is_not():
    child, signals = Child(), Signals(15)
    child.told = 1
    settle(Relay(child, signals, None))
    assert child.sent == []


def test_what_the_witness_heard_is_not_and_other_signals_are():
    child = Child()
    settle(Relay(child, Signals(15, 10), Witness([15])))
    assert child.sent == [10]


def test_what_the_witness_heard_long_ago_was_another_one():
    child, witness = Child(), Witness([15])
    witness.heard[15] -= 60
    settle(Relay(child, Signals(15), witness))
    assert child.sent == [15]


def test_a_witness_that_does_not_answer_is_waited_for(monkeypatch):
    child, witness = Child(), Witness()
    witness.ping = lambda: None
    monkeypatch.setattr("change_events.relay._WITNESS_SECONDS", 0.8)
    relay = Relay(child, Signals(15), witness)
    settle(relay)
    assert child.sent == [], "it may only be slow"
    settle(relay)
    assert child.sent == [15]
