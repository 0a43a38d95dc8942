"""The benchmarks of the journal and of the flush can fail."""

from __future__ import annotations

import pytest

from benchmarks import flush, journal


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"list": 25.0, "send": 1.0}, []),
        ({"list": 25.1, "send": 1.0}, ["list: 25.1 times doing nothing, the most is 25.0"]),
        ({"list": 1.0, "send": 26.0}, ["send: 26.0 times doing nothing, the most is 25.0"]),
    ],
)
def test_a_slow_journal_is_named(figures, expected):
    assert journal.beyond(figures) == expected


@pytest.mark.parametrize(
    ("memory", "arrived", "expected"),
    [
        (1.0, True, []),
        (2.0, True, ["memory grows 2.00 times, the most is 1.5"]),
        (1.0, False, ["not all events have arrived"]),
    ],
)
def test_a_flush_that_grows_or_loses_is_named(memory, arrived, expected):
    assert flush.beyond(memory, arrived=arrived) == expected


@pytest.mark.slow
def test_the_journal_is_measured_at_the_size_that_is_asked_for(tmp_path, capsys):
    journal.fill(tmp_path / "journal.db", 50)
    assert set(journal.measured(tmp_path / "journal.db", 50)) == set(journal.LIMITS)
    printed = capsys.readouterr().out
    assert "among 50:" in printed
    assert "send beside 50:" in printed
