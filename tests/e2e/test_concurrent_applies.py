"""Applies that end at the same time, with one journal and one backend: the benchmark `crowd`, smaller."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import crowd
from tests.support.receiver import Receiver

RUNS = 6


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")
def test_all_are_delivered_when_the_last_one_has_ended_and_cost_little(tmp_path):
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    with Receiver() as receiver:
        (found,) = crowd.measure(tmp_path, shutil.which("terraform"), tfevent, receiver.url, runs=RUNS, rounds=1)
        ids = [request.headers["webhook-id"] for request in receiver.accepted]
    assert found.delivered == RUNS
    assert len(ids) == len(set(ids)) == RUNS + 1, "the first one is to get ready"
    assert crowd.beyond([found], RUNS) == []


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([(20, 2.0), (20, 9.0)], []),
        ([(20, 2.0), (19, 2.0)], ["19 of 20 delivered when the last one ended"]),
        ([(20, 9.0), (20, 8.0)], ["our CPU is 8.0 starts of Python, the most is 4.0"]),
    ],
)
def test_the_benchmark_says_what_is_beyond_its_limits(rounds, expected):
    found = [crowd.Round(3.0, 0.3, 0.2, delivered, starts, 2.5) for delivered, starts in rounds]
    assert crowd.beyond(found) == expected
