"""What a new event leaves open is filled in; what it says itself stays."""

from datetime import UTC, datetime

import msgspec
import pytest

from change_events import trace
from change_events.context import Context
from change_events.context.stamp import stamp
from change_events.model import Actor, ChangeEvent, Kind, Link, Phase, Trace, Vcs
from change_events.redact import Redactor
from change_events.settings import Settings

OPEN = ChangeEvent(
    id="e1", kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=datetime(2026, 11, 23, tzinfo=UTC), title=""
)
PAGE = Link(title="CI run", url="https://ci.example/1")
AROUND = Context(Actor(user="ann", host="runner"), Vcs(commit="a" * 40), (PAGE,))
SETTINGS = Settings(environment="{workspace}", service="{directory}", tags={"team": "shop", "tier": "1"})


def stamped(event=OPEN, context=AROUND, redactor=None, settings=SETTINGS):
    begun = trace.begin({"TFEVENT_RUN_ID": "outer"})
    places = {"workspace": "blue", "directory": "net"}
    return stamp(event, settings, redactor or Redactor(), context, trace=begun, **places)


def test_what_is_open_is_filled_in():
    event = stamped()
    assert (event.environment, event.service, event.tags) == ("blue", "net", SETTINGS.tags)
    assert (event.actor, event.vcs, event.links) == (AROUND.actor, AROUND.vcs, (PAGE,))
    assert (event.trace.run_id, event.trace.parent_run_id) == ("e1", "outer")


def test_what_the_event_says_takes_precedence():
    own = {
        "environment": "prod", "service": "web", "vcs": Vcs(commit="b" * 40), "trace": Trace(run_id="r"),
        "tags": {"tier": "2"}, "actor": Actor(user="bob"),
    }  # fmt: skip
    event = stamped(msgspec.structs.replace(OPEN, **own))
    assert {name: getattr(event, name) for name in ("environment", "service", "vcs", "trace")} == {
        name: own[name] for name in ("environment", "service", "vcs", "trace")
    }
    assert event.tags == {"team": "shop", "tier": "2"}
    assert event.actor == Actor(user="bob", host="runner"), "each part that it does not say"


def test_a_page_is_linked_once_under_the_event_s_own_title():
    own = Link(title="Deploy log", url=PAGE.url)
    assert stamped(msgspec.structs.replace(OPEN, links=(own,))).links == (own,)


def test_without_surroundings_only_settings_and_trace_are_filled_in():
    event = stamped(context=None)
    assert (event.environment, event.actor, event.vcs, event.links) == ("blue", None, None, ())
    assert event.trace is not None


@pytest.mark.parametrize("name", ["environment", "service"])
def test_a_secret_in_a_setting_is_redacted_before_a_title_is_made_of_it(name):
    redactor = Redactor()
    redactor.remember("planted-8CqQ-value")
    settings = msgspec.structs.replace(SETTINGS, **{name: "x planted-8CqQ-value"})
    assert getattr(stamped(redactor=redactor, settings=settings), name) == "x (sensitive)"
