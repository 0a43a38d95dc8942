"""The thread that writes a run's record: its tasks are done in order, and the run waits for it only so long."""

import threading
from types import SimpleNamespace

import pytest

from change_events.process.background import INTERRUPTED, LATE, BackgroundRecorder
from tests.support.speed import limit


@pytest.fixture
def gate():
    """Holds up a task until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def recorder(signals=None, *, budget=60.0):
    background = BackgroundRecorder(signals)
    background.budget = budget
    background.start()
    return background


def test_tasks_are_done_in_order_and_the_last_is_waited_for():
    done = []
    background = recorder()
    for number in range(3):
        background.submit(lambda number=number: done.append(number))
    assert background.finish(lambda: done.append("last")) == ""
    assert (done, background.failed) == ([0, 1, 2, "last"], "")


def test_a_task_that_fails_costs_no_other_one_and_the_first_failure_is_kept():
    background = recorder()
    background.submit(lambda: {}["first"])
    background.submit(lambda: {}["second"])
    done = []
    assert background.finish(lambda: done.append("last")) == ""
    assert done == ["last"]
    assert "KeyError" in background.failed


def test_a_last_task_that_fails_is_not_waited_for_any_longer():
    background = recorder()
    assert background.finish(lambda: {}["last"]) == ""
    assert background.failed


def test_the_wait_ends_when_the_budget_is_spent(gate):
    assert recorder(budget=0.0).finish(lambda: gate.wait(limit(60))) == LATE


def test_a_signal_ends_the_wait_and_one_from_before_does_not(gate):
    signals = SimpleNamespace(received=[2])
    background = recorder(signals)
    assert background.finish(lambda: None) == ""
    background = recorder(signals)

    def task():
        signals.received.append(15)
        gate.wait(limit(60))

    assert background.finish(task) == INTERRUPTED


def test_what_was_submitted_can_be_waited_for_and_a_signal_ends_that_too(gate):
    signals = SimpleNamespace(received=[])
    done = []
    background = recorder(signals)
    background.submit(lambda: done.append("read"))
    background.wait(60)
    assert done == ["read"]
    background.submit(lambda: signals.received.append(2) or gate.wait(limit(60)))
    background.wait(limit(60))
    assert not gate.is_set(), "the wait ended although the task goes on"
