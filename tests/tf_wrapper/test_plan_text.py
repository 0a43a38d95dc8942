"""What the plan's text lets through, what it holds back, and what is read from it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_wrapper.plan.text_filter import PlanTextFilter

HEAD = "x.a: Refreshing state... [id=1]\n\nTerraform will perform the following actions:\n\nPlan: 1 to add.\n"
BOX = (
    "\x1b[33m╷\x1b[0m\x1b[0m\n"
    "\x1b[33m│\x1b[0m \x1b[0m\x1b[1m\x1b[33mWarning: \x1b[0m\x1b[0m\x1b[1mOld thing\x1b[0m\n"
    "\x1b[33m│\x1b[0m \x1b[0m\n"
    '\x1b[33m│\x1b[0m \x1b[0m\x1b[0m  on main.tf line 9, in resource "x" "a":\n'
    "\x1b[33m│\x1b[0m \x1b[0m   9: old\n"
    "\x1b[33m│\x1b[0m \x1b[0m\n"
    "\x1b[33m│\x1b[0m \x1b[0mDo not.\n"
    "\x1b[33m│\x1b[0m \x1b[0m\n"
    "\x1b[33m│\x1b[0m \x1b[0m(and 2 more similar warnings elsewhere)\n"
    "\x1b[33m╵\x1b[0m\x1b[0m\n"
)
PLAIN = '\nWarning: Check block assertion failed\n\n  on main.tf line 3, in check "c":\n   3: x\n\nBad.\n\nVery.\n'
OTHER = "\nWarning: Resource targeting is in effect\n\nYou are creating a plan.\n"
COMPACT = (
    "\n\x1b[1m\x1b[33mWarnings:\x1b[0m\n\n\x1b[0m- Old thing\n  on main.tf line 9 (and 2 more)\n- Other\n"
    "\nTo see the full warning notes, run Terraform without -compact-warnings.\n"
)
ERROR = (
    '\nError: It went wrong\n\n  with x.a["k"],\n  on m/main.tf line 7, in resource "x" "a":\n   7: y\n\n'
    "A long text that was\nwrapped here.\n\n- one\n- two\n"
)


def split(text, size=10_000):
    data = text.encode()
    plan = PlanTextFilter()
    shown = b"".join(plan.feed(data[at : at + size]) for at in range(0, len(data), size))
    rest, warnings, errors = plan.finish()
    return shown.decode(), rest.decode(), warnings, errors


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", [BOX, BOX * 2, PLAIN, PLAIN + OTHER, COMPACT])
def test_trailing_warnings_are_held_and_nothing_else(tail, end, size):
    head, tail = HEAD.replace("\n", end), tail.replace("\n", end)
    shown, rest, warnings, errors = split(head + tail, size)
    assert (shown, rest, errors) == (head, tail, [])
    if not tail.lstrip().startswith("\x1b[1m"):
        assert "".join(warning.text for warning in warnings) == tail.replace("\r\n", "\n")


@pytest.mark.parametrize("early", [BOX, PLAIN, OTHER, COMPACT])
def test_warnings_that_are_not_the_end_are_shown(early):
    assert split(early + HEAD)[:3] == (early + HEAD, "", [])


def test_what_warnings_say():
    (box,) = split(BOX)[2]
    assert (box.summary, box.file, box.line, box.count, box.is_check) == ("Old thing", "main.tf", 9, 3, False)
    check, other = split(PLAIN + OTHER)[2]
    assert (check.line, check.is_check, other.file, other.is_check) == (3, True, None, False)
    first, second = split(COMPACT)[2]
    assert (first.summary, first.line, first.count) == ("Old thing", 9, 3)
    assert (second.summary, second.file, second.count) == ("Other", None, 1)


@pytest.mark.parametrize("before", ["", BOX, PLAIN])
@pytest.mark.parametrize("prompt", ["var.x\n  Enter a value: ", "\n  Enter a value: "])
def test_a_prompt_is_never_held_back(before, prompt):
    plan = PlanTextFilter()
    text = before + prompt
    assert plan.feed(text.encode()) == text.encode()


def test_the_end_of_the_text_before_a_box_is_not_part_of_it():
    shown, rest, _, _ = split("Plan: 1 to add.\n\x1b[0m" + BOX)
    assert (shown, rest) == ("Plan: 1 to add.\n\x1b[0m", BOX)


def boxed(text):
    lines = "".join(f"\x1b[31m│\x1b[0m \x1b[0m{line}\n" for line in text.strip("\n").split("\n"))
    return f"\x1b[31m╷\x1b[0m\x1b[0m\n{lines}\x1b[31m╵\x1b[0m\x1b[0m\n"


@pytest.mark.parametrize("text", [ERROR, boxed(ERROR), HEAD + ERROR, PLAIN + ERROR, BOX + boxed(ERROR)])
def test_errors_are_read(text):
    _, _, _, (error,) = split(text)
    assert (error.summary, error.address) == ("It went wrong", 'x.a["k"]')
    assert (error.file, error.line) == ("m/main.tf", 7)
    assert error.detail == "A long text that was wrapped here.\n\n- one\n- two"


@pytest.mark.parametrize("text", [ERROR + ERROR, boxed(ERROR) * 2])
def test_each_of_several_errors_is_read(text):
    assert [error.summary for error in split(text)[3]] == ["It went wrong"] * 2


def test_an_error_without_more_than_a_summary():
    (error,) = split("\nError: stopped\n\n")[3]
    assert (error.summary, error.detail, error.file) == ("stopped", "", None)


def test_imports_are_noted():
    plan = PlanTextFilter()
    plan.feed(b'\x1b[0m\x1b[1mx.a["b: c"]: Preparing import... [id=some-id]\x1b[0m\n')
    assert plan.imports == {'x.a["b: c"]': "id=some-id"}


PIECES = st.lists(st.sampled_from([BOX, PLAIN, OTHER, COMPACT, ERROR, HEAD, "\n", "text\n", "\x1b[0m", "no end", "╷"]))


@given(PIECES, st.lists(st.integers(0, 4000)))
def test_no_byte_is_lost_or_moved_however_the_text_arrives(pieces, cuts):
    data = "".join(pieces).encode()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    plan = PlanTextFilter()
    shown = b"".join(plan.feed(data[start:end]) for start, end in pairwise(places))
    assert shown + plan.finish()[0] == data
