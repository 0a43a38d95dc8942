"""`tfevent events show --tree`: what started an event and what it started."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.journal import Journal
from change_events.model import ChangeEvent, Kind, Outcome, Phase, Trace
from change_events.redact import Redactor
from tests.cli.home import Home

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def run_id(number):
    return f"019ab0f1-5e{number:02x}-7aaa-8bbb-{number:012x}"


def event(number, parent=None, *, outcome=Outcome.SUCCEEDED, minutes=1, **fields):
    """The event of a run: ``parent`` is a number, too, or any run's id."""
    parent = run_id(parent) if isinstance(parent, int) else parent
    return ChangeEvent(
        id=run_id(number), kind=Kind.DEPLOYMENT, phase=Phase.APPLIED, title=f"step {number}", outcome=outcome,
        started_at=NOON + timedelta(minutes=number), explicit=True,
        ended_at=NOON + timedelta(minutes=number + minutes) if outcome else None,
        trace=Trace(run_id=run_id(number), parent_run_id=parent), **fields,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def tree(home, *words):
    """The drawn lines, without ids."""
    text = home.events("show", "--tree", *words)
    return [re.sub(r"  019ab0f1-5e[0-9a-f]{2}", "", line) for line in text.splitlines()]


def test_the_whole_tree_is_drawn_from_anywhere_in_it(home):
    home.fill(
        event(1, minutes=9), event(2, 1), event(3, 2, outcome=Outcome.FAILED), event(4, 1, outcome=None), event(5, 2),
        event(9),
    )  # fmt: skip
    drawn = [
        "step 1  succeeded  9 min 00 s",
        "├─ step 2  succeeded  1 min 00 s",
        "│  ├─ step 3  failed  1 min 00 s ←",
        "│  └─ step 5  succeeded  1 min 00 s",
        "└─ step 4  running",
    ]
    assert tree(home, run_id(3)) == drawn
    assert tree(home, run_id(1)) == [drawn[0] + " ←", *drawn[1:2], drawn[2].removesuffix(" ←"), *drawn[3:]]
    assert tree(home, "last") == ["step 9  succeeded  1 min 00 s ←"], "no child, no parent"


def test_children_come_in_the_order_in_which_they_began(home):
    home.fill(event(1), event(7, 1), event(3, 1), event(5, 1))
    assert [line[3:9] for line in tree(home, run_id(1))[1:]] == ["step 3", "step 5", "step 7"]


def test_a_parent_that_is_not_in_this_journal_is_said(home):
    home.fill(event(2, "some-run-elsewhere"), event(3, 2))
    lines = tree(home, run_id(3))
    assert lines[0] == "started by some-run-elsewhere, which is not in this journal"
    assert lines[1].startswith("step 2")


def test_runs_that_name_each_other_are_drawn_once(home):
    home.fill(event(1, 2), event(2, 3), event(3, 1))
    assert sorted(re.findall(r"step \d", "".join(tree(home, run_id(2))))) == ["step 1", "step 2", "step 3"]
    home.fill(event(4, 4))
    assert tree(home, run_id(4)) == ["step 4  succeeded  1 min 00 s ←"]


def test_many_children_are_cut_and_counted(home):
    home.fill(event(1), *(event(number, 1) for number in range(2, 72)))
    assert len(tree(home, run_id(1))) == 52
    assert tree(home, run_id(1))[-1] == "└─ … and 20 more"
    assert len(tree(home, run_id(1), "--limit", "0")) == 71
    assert tree(home, run_id(1), "--limit", "1")[1:] == ["├─ step 2  succeeded  1 min 00 s", "└─ … and 69 more"]


def test_a_deep_chain_ends(home):
    with Journal.open(home.journal_path) as journal:
        for number in range(200):
            journal.settle(Redactor().seal(event(number, number - 1 if number else None)), [])
    lines = tree(home, run_id(0))
    assert len(lines) == 52
    assert lines[-1].strip() == "└─ … and 1 more"


def test_an_event_without_a_trace_is_its_own_tree(home):
    home.fill(msgspec.structs.replace(event(1), trace=None))
    assert tree(home, run_id(1)) == ["step 1  succeeded  1 min 00 s ←"]


def test_titles_of_others_cannot_draw_on_the_terminal(home):
    home.store_raw(msgspec.structs.replace(event(1), title="a\x1b[2Jb\nc"))
    assert tree(home, run_id(1)) == ["a\\x1b[2Jb\\nc  succeeded  1 min 00 s ←"]


def test_a_list_marks_what_something_else_started(home):
    home.fill(event(1), event(2, 1))
    shown = home.on_terminal("list", columns=120).text
    assert "↳ step 2" in shown
    assert "↳ step 1" not in shown
    assert "↳" not in home.events("list"), "a pipe gets titles as they are"
