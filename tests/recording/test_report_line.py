"""The one line after a run stays one that can be read, however many destinations there are."""

from datetime import UTC, datetime

from change_events.model import ChangeEvent, Kind, Outcome, Phase
from change_events.recording import report_line
from change_events.recording.writer import RecordResult
from change_events.redact import Redactor

EVENT = ChangeEvent(
    id="019ab000-0000-7aaa-8bbb-000000000001",
    kind=Kind.CUSTOM,
    phase=Phase.APPLIED,
    outcome=Outcome.SUCCEEDED,
    started_at=datetime(2026, 11, 26, tzinfo=UTC),
    title="Out",
)


def line(states, problems=()):
    places = tuple(f"{name} {state}" for name, state in states.items())
    settled = RecordResult(Redactor().seal(EVENT), recorded=True, places=places, states=states, problems=problems)
    return report_line(settled).partition(" → ")[2]


def test_a_few_are_named():
    assert line({"a": "delivered", "b": "waiting", "c": "delivered"}) == "a delivered; b waiting; c delivered"
    assert line({}) == "journal"


def test_of_many_those_that_have_it_are_counted():
    states = {"a": "delivered", "b": "waiting", "c": "delivered", "d": "parked", "e": "delivered"}
    assert line(states) == "3 delivered; b waiting; d parked"
    assert line(dict.fromkeys("abcde", "waiting")) == "; ".join(f"{name} waiting" for name in "abcde")


def test_of_many_problems_the_first_are_reported():
    problems = tuple(f"{name}: refused" for name in "abcde")
    text = line(dict.fromkeys("abcde", "waiting"), problems)
    assert text.endswith(f"(a: refused; b: refused; c: refused; 2 more: see `tfevent events show {EVENT.id}`)")
    assert line({"a": "waiting"}, ("a: refused",)) == "a waiting (a: refused)"
