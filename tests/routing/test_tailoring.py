"""What a destination gets of a sealed event: less of it, or other words for it, and never more than was sealed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from change_events.delivery.rendering import rendered
from change_events.delivery.tailoring import shaped
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError
from change_events.destinations.shared import mapping
from change_events.destinations.shared.route import Routing, Shape
from change_events.model import Action, Change, ChangeOutcome, Risk, Signal, ValueKind
from change_events.redact import MARK, Redactor, RedactPolicy
from change_events.settings import Settings
from change_events.signals.names import WITHOUT_VALUES
from change_events.summary.composing import compose
from tests.cli.sample import partial, succeeded
from tests.destinations.kit.events import NAMES, event
from tests.summary.typical_events import EVENTS
from tests.support import secrets as planted
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.record import outcome

PLANS = sorted((Path(__file__).parents[1] / "golden" / "plans").glob("*.json"))
KEY = b"k" * 32


def sealed(one=None):
    return Redactor().seal(one or partial())


def values_of(one):
    attributes = [a for part in (*one.changes, *one.drift) for a in part.attributes]
    return [side for a in (*attributes, *one.outputs) for side in (a.before, a.after)]


def recorded(path, values):
    redactor = Redactor(RedactPolicy(values=values), KEY)
    plan = read_plan(path.read_bytes(), name="p", redactor=redactor)
    return redactor.seal(compose(outcome.planned(succeeded(), plan), Settings()))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_values_hidden_later_leave_what_values_hidden_at_once_would_have(path):
    late, at_once = shaped(recorded(path, "safe"), Shape(values="names")).sealed.event, recorded(path, "names").event
    without = {"signals": (), "message": "", "title": ""}
    assert msgspec.structs.replace(late, **without) == msgspec.structs.replace(at_once, **without)
    if late.signals == at_once.signals:
        assert (late.title, late.message) == (at_once.title, at_once.message)


@pytest.mark.parametrize("policy", ["names", "none"])
@pytest.mark.parametrize("name", [*NAMES, "partial sample"])
def test_no_value_is_left_in_any_text(name, policy):
    original = sealed() if name == "partial sample" else event(name)
    left = shaped(original, Shape(values=policy)).sealed
    assert not [side for side in values_of(left.event) if side.text or side.fingerprint or side.size is not None]
    for side in values_of(original.event):
        if side.kind is ValueKind.VALUE and len(side.text) > 9:
            assert side.text not in left.event.message
            assert side.text.strip('"') not in left.event.message


def test_what_was_read_off_values_is_reported_in_other_words():
    base = EVENTS["updated"] if "updated" in EVENTS else succeeded()
    risky = Change(
        address="aws_thing.web",
        type="aws_thing",
        action=Action.UPDATE,
        outcome=ChangeOutcome.APPLIED,
        risks=tuple(Risk(name=name, reason="s3 lets in 0.0.0.0/0") for name in WITHOUT_VALUES),
    )
    composed = compose(msgspec.structs.replace(base, changes=(risky,)), Settings())
    assert {signal.name for signal in composed.signals} > set(WITHOUT_VALUES), "and what some of them are together"
    left = shaped(sealed(composed), Shape(values="names")).sealed.event
    assert {one.name: one.reason for one in left.signals if one.name in WITHOUT_VALUES} == WITHOUT_VALUES
    assert all("s3" not in signal.reason for signal in left.signals)
    assert all(reason in left.message for reason in WITHOUT_VALUES.values())
    assert all("s3" not in risk.reason for change in left.changes for risk in change.risks)
    assert "s3" not in left.message
    assert "0.0.0.0" not in left.message


def test_a_signal_of_another_version_keeps_its_name_only():
    other = msgspec.structs.replace(succeeded(), signals=(Signal(name="cost_raised", reason="3 to 9", address="a.b"),))
    assert [s.reason for s in shaped(sealed(other), Shape(values="names")).sealed.event.signals] == ["cost raised"]


def test_what_a_person_wrote_stays():
    written = msgspec.structs.replace(partial(), explicit=True, title="Cut over to 14.9 → 16.2", message="14.9 → 16.2")
    left = shaped(sealed(written), Shape(values="names")).sealed.event
    assert (left.title, left.message) == (written.title, written.message)


def test_nothing_to_do_is_nothing_done():
    one = sealed()
    assert shaped(one, None).sealed is one
    assert shaped(one, Shape()).sealed == one


def test_templates_are_those_of_this_destination():
    shape = Shape(title_template="{{ environment|upper }}: {{ title }}", message_template="{{ counts.create }} created")
    left, problems = shaped(sealed(), shape)
    assert problems == ()
    assert left.event.title == f"PROD: {partial().title}"
    assert left.event.message == "1 created"
    assert msgspec.json.decode(left.body)["title"] == left.event.title, "the bytes say the same"


def test_a_template_that_fails_leaves_the_event_s_own_text_and_says_so():
    shape = Shape(title_template="{{ event.vcs.nope }}", message_template="kept")
    left, problems = shaped(sealed(), shape)
    assert (left.event.title, left.event.message) == (partial().title, "kept")
    (problem,) = problems
    assert problem.startswith("title_template, line 1: ")


def test_a_template_sees_no_hidden_value():
    everything = "{% for c in event.changes %}{% for a in c.attributes %}{{ a.after.text }}{% endfor %}{% endfor %}"
    assert "16.2" in shaped(sealed(), Shape(message_template=everything)).sealed.event.message
    assert set(shaped(sealed(), Shape(message_template=everything, values="names")).sealed.event.message) <= set("None")


def test_tags_are_added_and_named_and_those_of_the_destination_win():
    shape = Shape(tags={"team": "core", "tier": "gold"}, map_tags={"team": "squad", "env": "environment"})
    assert shaped(sealed(), shape).sealed.event.tags == {"squad": "core", "tier": "gold"}


def test_what_all_events_have_as_tags_is_named_too():
    options = {"token": "t", "receiver": "http://127.0.0.1:1"}
    shape = Shape(map_tags={"env": "environment", "team": "squad", "outcome": "env"})
    with_names = DestinationSettings("one", "sematext", options, Routing(shape=shape))
    tags = json.loads(rendered(with_names, sealed()).request.body)["tags"]
    assert {"environment:prod", "squad:infra", "env:partial"} <= set(tags)
    assert not [tag for tag in tags if tag.startswith(("outcome:", "team:"))]
    assert {"env:prod", "team:infra"} <= set(mapping.tags(partial())), "names end with the request they were for"


@pytest.mark.parametrize("secret", planted.TOKENS.values(), ids=planted.TOKENS)
def test_what_is_made_here_passes_the_last_pass_too(secret):
    half = len(secret) // 2
    joined = f"{{{{ '{secret[:half]}' ~ '{secret[half:]}' }}}}"
    shape = Shape(title_template=joined, message_template=f"see {joined} there", tags={"note": secret})
    planted.assert_nowhere([secret], shaped(sealed(), shape).sealed.body)


def test_an_update_that_the_settings_do_not_allow_any_more_becomes_a_new_event(monkeypatch):
    def update(*_):
        raise OptionError("token: missing")

    grafana = get("grafana")
    monkeypatch.setattr(
        "change_events.destinations.grafana.DESTINATION", msgspec.structs.replace(grafana, update=update)
    )
    marks = DestinationSettings("marks", "grafana", {"url": "https://grafana.example", "token": "t"})
    request = rendered(marks, sealed(), handle="7").request
    assert (request.method, request.url) == ("POST", "https://grafana.example/api/annotations")


def test_a_tag_under_a_secret_s_name_is_hidden():
    shape = Shape(tags={"note": "hunter2-and-more"}, map_tags={"note": "db_password"})
    assert shaped(sealed(), shape).sealed.event.tags["db_password"] == MARK


def test_the_user_s_own_rules_hold_for_what_is_made_here():
    shape = Shape(
        message_template="acme-{{ '1' * 4 }} and {{ 'x' }}",
        tags={"shibboleth": "mellon"},
        redact_patterns=("acme-[0-9]{4}",),
        redact_names=("shibboleth",),
    )
    left = shaped(sealed(), shape).sealed.event
    assert left.message == f"{MARK} and x"
    assert left.tags["shibboleth"] == MARK


@pytest.mark.parametrize("secret", planted.ALL)
def test_what_was_hidden_when_it_was_recorded_stays_hidden(secret):
    redactor = Redactor()
    redactor.remember(secret)
    one = redactor.seal(msgspec.structs.replace(partial(), message=f"see {secret}", tags={"a": secret}))
    shape = Shape(values="names", message_template="{{ message }} {{ tags.a }} {{ event }}", tags={"b": "c"})
    planted.assert_nowhere([secret], shaped(one, shape).sealed.body)


def test_every_text_comes_from_the_event_or_the_settings():
    """Word for word: whatever stands in the shaped event stood in the sealed one or is the settings' own."""
    shape = Shape(tags={"added": "word"}, title_template="literal {{ environment }}", map_tags={"team": "squad"})
    original = sealed()
    allowed = set(re.findall(r"\w+", original.body.decode() + " added word literal squad"))
    assert set(re.findall(r"\w+", shaped(original, shape).sealed.body.decode())) <= allowed
