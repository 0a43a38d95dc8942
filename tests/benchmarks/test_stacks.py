"""Many units at once, exact; and the benchmark of it fails where something is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import stacks

GOOD = stacks.Found(0.3, 0.3, 150, (), ())


@pytest.mark.parametrize(
    "number", [pytest.param(80, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.exhaustive)]
)
def test_nothing_is_lost_of_many_units_50_at_once(tmp_path, number):
    """With a stand-in for terraform that costs next to nothing: what is tried is the journal, and tfevent itself."""
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    found = stacks.measure(tmp_path, str(stacks.STAND_IN), tfevent, number=number)
    assert stacks.beyond(found, number) == []
    assert found.cpu > 0


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (GOOD, []),
        (GOOD._replace(recorded=149), ["149 of 150 events recorded"]),
        (GOOD._replace(wrong=("failed: 9 instead of 10",)), ["the whole has failed: 9 instead of 10"]),
        (GOOD._replace(locked=("a", "b")), ["2 lines about a locked database: a"]),
    ],
)
def test_the_benchmark_says_what_must_not_be(found, expected):
    assert stacks.beyond(found) == expected
