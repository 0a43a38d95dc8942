"""What is passed on to a command, decided from who heard what and when."""

import os

import pytest

from change_events.process import signal_relay
from change_events.process.signal_relay import SignalRelay


class Clock:
    """Time that moves only by its methods."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(signal_relay, "time", made)
    return made


class Child:
    received_before = 0

    def __init__(self):
        self.sent = []

    def send(self, number):
        self.sent.append(number)


class Signals:
    def __init__(self, *received):
        self.received = list(received)


class Witness:
    """One that has heard these signals, and answers at once unless it is ``slow``."""

    reader = 0
    gone = False

    def __init__(self, clock, heard=(), *, slow=False):
        self.heard = dict.fromkeys(heard, clock.now)
        self.last_pong = 0.0
        self._clock = clock
        self._slow = slow

    def ping(self):
        if not self._slow:
            self.last_pong = self._clock.now

    def listen(self):
        pass


def pass_on(child, signals, witness, clock, seconds=0.4):
    """Let time pass, a tick at a time; gives what was sent to the command."""
    deciding = SignalRelay(child, signals, witness)
    end = clock.now + seconds
    while clock.now < end:
        deciding.tick()
        clock.now += deciding.patience
    return child.sent


@pytest.mark.parametrize("watched", [True, False])
def test_what_came_while_the_command_was_being_started_is_passed_on(clock, watched):
    assert pass_on(Child(), Signals(15), Witness(clock) if watched else None, clock) == [15]


def test_what_had_come_before_it_was_started_is_not(clock):
    child = Child()
    child.received_before = 1
    assert pass_on(child, Signals(15), None, clock) == []


def test_what_the_witness_heard_is_not_and_other_signals_are(clock):
    assert pass_on(Child(), Signals(15, 10), Witness(clock, [15]), clock) == [10]


def test_what_the_witness_heard_long_ago_was_another_one(clock):
    witness = Witness(clock, [15])
    clock.now += 60
    assert pass_on(Child(), Signals(15), witness, clock) == [15]


def test_nothing_is_passed_on_at_once(clock):
    """A group may be signalled one by one: ours may be the first of it."""
    assert pass_on(Child(), Signals(15), Witness(clock), clock, seconds=0.25) == []


def test_a_witness_that_does_not_answer_may_only_be_slow(clock):
    assert pass_on(Child(), Signals(15), Witness(clock, slow=True), clock, seconds=1.5) == []
    assert pass_on(Child(), Signals(15), Witness(clock, slow=True), clock, seconds=2.5) == [15]


def test_a_witness_that_is_gone_is_not_waited_for(clock):
    gone = signal_relay.SignalProbe.__new__(signal_relay.SignalProbe)  # as it is when somebody has killed the process
    gone.last_pong, gone.gone, gone.heard = 0.0, False, {}
    gone.reader, notice = os.pipe()
    os.set_blocking(gone.reader, False)
    listens, gone._ping = os.pipe()  # who was killed a moment ago may still hold his ends
    deciding = SignalRelay(Child(), Signals(15), gone)
    deciding.tick()
    assert deciding.descriptors == (gone.reader,)
    os.close(notice)
    os.close(listens)
    deciding.tick()
    assert gone.gone
    assert deciding.descriptors == (), "the end of its pipe would wake us again and again"
    assert pass_on(Child(), Signals(15), gone, clock) == [15]
    for descriptor in (gone.reader, gone._ping):
        os.close(descriptor)
