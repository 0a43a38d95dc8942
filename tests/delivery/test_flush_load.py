"""An outbox of 10,000 events: all arrive, in order, fast, and memory does not grow with their number."""

from __future__ import annotations

import pytest

from benchmarks.flush import FEW, MANY, fill, flush, receiver
from change_events.journal import Journal

pytestmark = pytest.mark.slow
FASTEST_ALLOWED = 500  # deliveries a second


@pytest.mark.timeout(300)
def test_ten_thousand_waiting_events(tmp_path):
    done = {}
    with receiver() as url:
        for number in (FEW, MANY):
            path = tmp_path / f"{number}.db"
            fill(path, number, ["one"])
            done[number] = flush(path, {"one": url})
            assert (done[number]["sent"], done[number]["waiting"]) == (number, 0)
    with Journal.open(tmp_path / f"{MANY}.db") as journal:
        assert journal.counts().delivered == MANY
    assert done[MANY]["peak"] < done[FEW]["peak"] * 1.1, "memory is flat"
    # of CPU time: a busy machine must not decide
    assert MANY / done[MANY]["cpu"] > FASTEST_ALLOWED
