"""Which of two settings decides, said case by case."""

import pytest

from change_events import routing
from change_events.destinations.base import DestinationSettings
from change_events.destinations.shared.conditions import FIGURES, Figure, When, Words, figure
from change_events.destinations.shared.route import Routing
from change_events.model import ChangeEvent, Counts, Kind, Outcome, Phase, Playbook, StateCounts, Summary
from change_events.settings import Settings
from tests.cli.sample import partial, running, succeeded
from tests.support.sealed import EPOCH


def event(**fields):
    given = {"id": "x", "kind": Kind.INFRASTRUCTURE, "phase": Phase.APPLIED, "started_at": EPOCH, "title": "x"}
    return ChangeEvent(**{**given, "outcome": Outcome.SUCCEEDED, **fields})


def decided(what, general, **own):
    """Whether it goes to a destination with these words of its own, and whether it is kept."""
    one = DestinationSettings("one", "webhook", {}, Routing(**own))
    settings = Settings(**general, destinations=(one,))
    return bool(routing.destinations(what, settings)), routing.is_worth_recording(what, settings)


PLAN = event(phase=Phase.PLANNED)
NOTHING = event(outcome=Outcome.NO_CHANGE)
DECLINED = event(outcome=Outcome.DECLINED)
NO_PLAN = event(phase=Phase.PLANNED, outcome=Outcome.NO_CHANGE)
ON_PURPOSE = event(explicit=True, outcome=Outcome.NO_CHANGE)


@pytest.mark.parametrize(
    ("what", "settings", "goes", "kept"),
    [
        (PLAN, {}, False, True),
        (PLAN, {"plans": "off"}, False, False),
        (PLAN, {"plans": "send"}, True, True),
        (NOTHING, {}, False, False),
        (NOTHING, {"report": "always"}, True, True),
        (DECLINED, {}, False, True),
        (event(), {}, True, True),
        (event(), {"report": "failed"}, False, True),
    ],
)
def test_what_holds_for_all(what, settings, goes, kept):
    assert decided(what, settings) == (goes, kept)


@pytest.mark.parametrize(
    ("what", "general", "own", "goes", "kept"),
    [
        (PLAN, {"plans": "journal"}, {"plans": "send"}, True, True),
        (PLAN, {"plans": "off"}, {"plans": "send"}, True, True),
        (PLAN, {"plans": "send"}, {"plans": "off"}, False, True),
        (NOTHING, {"report": "changed"}, {"report": "always"}, True, True),
        (event(), {"report": "failed"}, {"report": "changed"}, True, True),
        (event(), {"report": "always"}, {"report": "failed"}, False, True),
        (NO_PLAN, {"plans": "send"}, {}, False, False),
        (NO_PLAN, {"plans": "off"}, {"plans": "send", "report": "always"}, True, True),
        (ON_PURPOSE, {"report": "failed"}, {"report": "failed", "plans": "off"}, True, True),
        (ON_PURPOSE, {}, {"when": (When(explicit=False),)}, False, True),
        (event(), {}, {"when": (When(explicit=True), When(kind=Words(("infra*",))))}, True, True),
    ],
)
def test_its_own_word_goes_first_and_what_it_gets_is_kept(what, general, own, goes, kept):
    assert decided(what, general, **own) == (goes, kept)


def test_what_was_done_counts_and_not_what_was_meant():
    planned, done = Counts(destroy=3, drift=2), Counts(destroy=1)
    failed = event(outcome=Outcome.FAILED, summary=Summary(counts=planned))
    assert figure(failed, "destroy") == 0, "nothing was done"
    assert figure(failed, "drift") == 2, "that is found, not done"
    partly = event(outcome=Outcome.PARTIAL, summary=Summary(counts=planned, applied=done))
    assert figure(partly, "destroy") == 1
    assert figure(event(outcome=None, summary=Summary(counts=planned)), "destroy") == 3, "under way"
    assert figure(event(phase=Phase.PLANNED, summary=Summary(counts=planned)), "destroy") == 3
    for kind_of_run in ({"explicit": True}, {"playbook": Playbook()}):  # these report what was done, and nothing else
        assert figure(event(summary=Summary(counts=planned), **kind_of_run), "destroy") == 3


def test_entries_of_the_state_have_figures_of_their_own():
    edited = event(summary=Summary(counts=Counts(destroy=7), state=StateCounts(removed=2, moved=1)))
    figures = {name: figure(edited, name) for name in FIGURES if name.startswith("state_")}
    assert figures == {
        **dict.fromkeys((f"state_{name}" for name in StateCounts.__struct_fields__), 0),
        "state_removed": 2,
        "state_moved": 1,
    }
    wanted = When(counts={"state_removed": Figure.parse(">0")})
    assert wanted.hold(edited)
    assert not wanted.hold(event(summary=Summary(counts=Counts(destroy=7), applied=Counts(destroy=7))))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_that_can_be_named_is_there(name):
    for one in (partial(), succeeded(), running()):
        assert figure(one, name) >= 0


def test_globs_mind_case_and_take_the_absent_for_an_empty_text():
    assert not Words.of("prod").match("Prod")
    assert Words.of("").match("")
    assert Words.of("*").match("")
    assert not Words.of("?*").match("")
    assert Words.of("*", "!prod-*").match("dev")
    assert not Words.of("*", "!prod-*").match("prod-eu")
