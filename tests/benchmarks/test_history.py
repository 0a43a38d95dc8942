"""The benchmark of history measures what it says, at any size, and can fail."""

from __future__ import annotations

from benchmarks import history


def test_every_figure_has_a_limit_and_a_goal(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "_ROUNDS", 2)
    monkeypatch.setattr(history, "pace", lambda: 1.0)
    history.fill(tmp_path / "journal.db", 60)
    figures = history.write(tmp_path) | history.answers(tmp_path / "journal.db", 60)
    assert {*figures, "why, the command"} == set(history.LIMITS) == set(history.GOALS)
