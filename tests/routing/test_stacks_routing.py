"""Whether a destination gets the event of a run of many stacks, those of its units, or both."""

import pytest

from change_events import routing
from change_events.destinations.base import DestinationSettings
from change_events.destinations.shared.route import Routing
from change_events.model import ChangeEvent, Kind, Outcome, Phase, Stacks, Trace
from change_events.settings import Settings
from tests.support.sealed import EPOCH


def event(**fields):
    given = {"id": "x", "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "started_at": EPOCH, "title": "x"}
    return ChangeEvent(**{**given, "outcome": Outcome.SUCCEEDED, **fields})


IN_STACKS, IN_ANOTHER = Trace(run_id="x", parent_run_id="p", unit=True), Trace(run_id="x", parent_run_id="p")
WHOLE, NESTED = event(stacks=Stacks()), event(stacks=Stacks(), trace=IN_STACKS)
UNIT, FAILED = event(trace=IN_STACKS), event(trace=IN_STACKS, outcome=Outcome.PARTIAL)
UNKNOWN, SENT = event(trace=IN_STACKS, outcome=Outcome.UNKNOWN), event(trace=IN_STACKS, explicit=True)
ORDINARY = event(trace=IN_ANOTHER)


def goes(what, **own):
    one = DestinationSettings("one", "webhook", {}, Routing(**own))
    decided = bool(routing.destinations(what, Settings(destinations=(one,))))
    assert decided is (routing.refusal(what, one, Settings()) is None), "what is said is what is done"
    return decided


@pytest.mark.parametrize(
    ("stacks", "expected"),
    [
        ("failed", [WHOLE, FAILED, UNKNOWN]),
        ("parent", [WHOLE]),
        ("children", [UNIT, FAILED, UNKNOWN, NESTED]),
        ("both", [WHOLE, UNIT, FAILED, UNKNOWN, NESTED]),
    ],
)
def test_who_gets_what(stacks, expected):
    everything = [WHOLE, UNIT, FAILED, UNKNOWN, NESTED]
    assert [one for one in everything if goes(one, stacks=stacks)] == [one for one in everything if one in expected]
    assert goes(SENT, stacks=stacks), "what is sent on purpose within such a run goes where it always does"
    assert goes(ORDINARY, stacks=stacks), "and so does a run under any other parent"


def test_the_default_is_the_whole_and_what_failed():
    assert [goes(one) for one in (WHOLE, UNIT, FAILED)] == [True, False, True]


def test_other_settings_hold_beside_it():
    assert goes(FAILED, stacks="both", report="failed")
    assert not goes(UNIT, stacks="both", report="failed")
    assert not goes(event(stacks=Stacks(), phase=Phase.PLANNED), stacks="parent")
    assert goes(event(stacks=Stacks(), phase=Phase.PLANNED), stacks="parent", plans="send")


@pytest.mark.parametrize(
    ("stacks", "what", "delivered"),
    [("failed", UNIT, False), ("failed", WHOLE, True), ("children", UNIT, True), ("children", WHOLE, False)],
)
def test_starts_are_those_of_what_it_gets(stacks, what, delivered):
    one = DestinationSettings("one", "webhook", {}, Routing(stacks=stacks, include_started=True))
    started = event(stacks=what.stacks, trace=what.trace, outcome=None)
    assert bool(routing.started(started, Settings(destinations=(one,)))) is delivered


def test_a_refusal_names_the_setting():
    one = DestinationSettings("one", "webhook", {}, Routing(stacks="parent"))
    assert routing.refusal(FAILED, one, Settings()) == (
        "units of a run of many stacks are not delivered to it (`stacks: parent`)"
    )
    other = DestinationSettings("one", "webhook", {}, Routing(stacks="children"))
    assert routing.refusal(WHOLE, other, Settings()) == (
        "the event of a run of many stacks is not delivered to it (`stacks: children`)"
    )
