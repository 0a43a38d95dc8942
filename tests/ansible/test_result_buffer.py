"""What the callback keeps: in order, looked at in time, and not lost where Ctrl-C comes while it is looked at."""

from functools import partial

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils.result_buffer import BEGINS, WHOLE, ResultBuffer


def kept(waiting):
    seen = []
    waiting.look(lambda _when, *one: seen.append(one))
    return seen


def test_an_interrupt_loses_the_one_that_was_looked_at():
    waiting = ResultBuffer()
    waiting.begin()
    for number in range(5):
        waiting.keep("ok", f"web{number}", "task")

    def interrupted(_when, _what, host, _task):
        if host == "web2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        waiting.look(interrupted)
    assert kept(waiting) == [("ok", "web3", "task"), ("ok", "web4", "task")]
    assert kept(waiting) == []


@pytest.mark.parametrize(("what", "most"), [(WHOLE, 100), (BEGINS, 1_000), ("ok", 1_000)])
def test_many_are_looked_at_at_once(monkeypatch, what, most):
    monkeypatch.setattr(f"{ResultBuffer.__module__}.time", lambda: 0.0)  # on a slow machine, it is due earlier
    waiting = ResultBuffer()
    waiting.begin()
    keep = waiting.keep_whole if what == WHOLE else partial(waiting.keep, what)
    due = [keep(None, None) for _ in range(most)]
    assert due == [False] * (most - 1) + [True]


def test_the_longer_the_run_the_longer_they_wait(monkeypatch):
    moments = iter([0.0, 10.0, 10.9, 11.1, 200.0, 204.9, 205.1, 300.0, 90.0])
    monkeypatch.setattr(f"{ResultBuffer.__module__}.time", lambda: next(moments))
    waiting = ResultBuffer()
    waiting.begin()
    assert [waiting.keep("ok", "a", "b") for _ in range(3)] == [False, False, True]
    assert len(kept(waiting)) == 3
    assert [waiting.keep("ok", "a", "b") for _ in range(3)] == [False, False, True]
    assert len(kept(waiting)) == 3
    assert [waiting.keep("ok", "a", "b") for _ in range(2)] == [False, True], "the clock was set back"
