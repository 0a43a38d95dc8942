"""W3C trace context: read from the environment, handed on to what a run starts."""

import re

import pytest

from change_events import trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("good", [GOOD, f" {GOOD}\n", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-later"])
def test_a_valid_parent_is_read(good):
    assert trace.parse(good) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        GOOD.upper(),
        "ff" + GOOD[2:],
        GOOD.replace(TRACE, "0" * 32),
        GOOD.replace(SPAN, "0" * 16),
        GOOD[:-3],
        GOOD[:-1],
        GOOD + "-more",
        GOOD.replace("4bf9", "4bg9"),
    ],
)
def test_an_invalid_parent_is_a_new_trace(bad):
    begun = trace.begin({"TRACEPARENT": bad})
    assert begun["parent_span_id"] is None
    assert re.fullmatch("[0-9a-f]{32}", begun["trace_id"])
    assert re.fullmatch("[0-9a-f]{16}", begun["span_id"])


def test_a_parent_is_continued_with_a_span_of_our_own():
    begun = trace.begin({"TRACEPARENT": GOOD, "TFEVENT_RUN_ID": "parent"})
    assert (begun["trace_id"], begun["parent_span_id"], begun["parent_run_id"]) == (TRACE, SPAN, "parent")
    assert begun["span_id"] != SPAN


def test_an_empty_run_id_is_no_parent():
    assert trace.begin({"TFEVENT_RUN_ID": ""})["parent_run_id"] is None


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_child_keeps_the_parents_sampling_and_state(flags):
    given = {"TRACEPARENT": GOOD[:-2] + flags, "TRACESTATE": "vendor=1", "A": "b"}
    child = trace.child_environment(given, run_id="run", trace_id=TRACE, span_id="1" * 16)
    assert child == given | {"TRACEPARENT": f"00-{TRACE}-{'1' * 16}-{flags}", "TFEVENT_RUN_ID": "run"}


def test_a_new_trace_drops_the_state_of_another():
    child = trace.child_environment({"TRACESTATE": "vendor=1"}, run_id="run", trace_id=TRACE, span_id=SPAN)
    assert child == {"TRACEPARENT": GOOD, "TFEVENT_RUN_ID": "run"}
