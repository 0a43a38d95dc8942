"""What of a refresh-only plan counts as drift, what rules ignore, and what is only read back differently."""

from __future__ import annotations

import pytest

from change_events.drift.results import Terms
from change_events.errors import InputError
from change_events.model import Action
from change_events.redact import Redactor
from change_events.settings.drift_rules import IgnoreRule
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.drift.findings import read_findings

SECRET = "correct-horse-battery"


def update(address="aws_instance.web", before=None, after=None, **more):
    return entry(address, "update", before=before, after=after, **more)


def found(*drift, rules=(), ignore=(), directory="/code/prod/network", **more):
    data = document(resource_drift=list(drift), **more)
    return read_findings(data, directory, Terms(ignore, rules), Redactor())


def paths(findings):
    return {one.drift.address: [item.path for item in one.drift.attributes] for one in findings.drifted}


def test_a_change_and_a_deletion_are_drift():
    findings = found(
        update(before={"size": "small", "id": "i-1"}, after={"size": "large", "id": "i-1"}),
        entry("aws_instance.gone", "delete", before={"id": "i-2", "name": "gone"}),
        entry("aws_instance.moved", "no-op", before={"id": "i-3"}, after={"id": "i-3"}),
    )
    assert paths(findings) == {"aws_instance.web": ["size"], "aws_instance.gone": []}
    assert [one.drift.action for one in findings.drifted] == [Action.UPDATE, Action.DESTROY]
    assert findings.drifted[0].drift.type == "aws_instance"
    assert findings.drifted[1].names == ("i-2", "gone")
    assert (findings.ignored, findings.noise) == ((), 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"tags": None}, {"tags": {}}),
        ({"note": ""}, {"note": None}),
        ({"rules": []}, {"rules": None}),
        ({"seen": "2026-01-01T00:00:00Z"}, {"seen": "2026-01-02T00:00:00Z"}),
    ],
)
def test_what_is_only_read_back_differently_is_no_drift(before, after):
    findings = found(update(before=before, after=after))
    assert (findings.drifted, findings.noise) == ((), 1)


def configured(*names, module=None):
    resource = {"mode": "managed", "type": "aws_instance", "name": "web", "expressions": {one: {} for one in names}}
    inner = {"resources": [resource]}
    return {"root_module": {"module_calls": {module: {"module": inner}}} if module else inner}


def test_a_timestamp_that_the_configuration_sets_is_drift():
    times = {"before": {"seen": "2026-01-01T00:00:00Z"}, "after": {"seen": "2026-01-02T00:00:00Z"}}
    assert found(update(**times), configuration=configured("seen")).drifted
    assert not found(update(**times), configuration=configured("other")).drifted
    deep = update('module.eu["a.module.b"].aws_instance.web', **times, module_address='module.eu["a.module.b"]')
    deep |= {"type": "aws_instance", "name": "web"}
    assert found(deep, configuration=configured("seen", module="eu")).drifted
    assert not found(deep, configuration=configured("seen", module="us")).drifted


def test_only_attributes_that_were_changed_are_listed():
    findings = found(update(before={"size": "s", "tags": None, "at": "2026-01-01"}, after={"size": "l", "tags": {}}))
    assert paths(findings) == {"aws_instance.web": ["at", "size"]}


CHANGED = {"before": {"size": "s", "tags": {"a": "1"}}, "after": {"size": "l", "tags": {"a": "2"}}}


@pytest.mark.parametrize(
    ("rule", "left", "ignored"),
    [
        ({"attribute": "size"}, ["tags.a"], 0),
        ({"attribute": "tags"}, ["size"], 0),
        ({"attribute": "tags.*", "type": "aws_*"}, ["size"], 0),
        ({"attribute": "tags.*", "type": "google_*"}, ["size", "tags.a"], 0),
        ({"address": "aws_instance.web"}, None, 1),
        ({"address": "aws_instance.w*", "type": "aws_instance"}, None, 1),
        ({"address": "aws_instance.other"}, ["size", "tags.a"], 0),
        ({"type": "aws_instance", "directory": "prod/*"}, None, 1),
        ({"type": "aws_instance", "directory": "/code/prod/network"}, None, 1),
        ({"type": "aws_instance", "directory": "staging/*"}, ["size", "tags.a"], 0),
    ],
)
def test_rules_ignore_what_they_cover_and_nothing_else(rule, left, ignored):
    findings = found(update(**CHANGED), rules=[IgnoreRule(reason="known", **rule)])
    assert paths(findings) == ({} if left is None else {"aws_instance.web": left})
    assert len(findings.ignored) == ignored


def test_brackets_of_an_address_stand_for_themselves():
    rule = IgnoreRule(reason="known", address="aws_instance.web[0]")
    kept = found(update("aws_instance.web0", **CHANGED), update("aws_instance.web[0]", **CHANGED), rules=[rule])
    assert list(paths(kept)) == ["aws_instance.web0"]


def test_rules_together_may_cover_a_whole_resource_and_none_of_an_attribute_covers_a_deletion():
    rules = [IgnoreRule(reason="known", attribute=name) for name in ("size", "tags")]
    gone = entry("aws_instance.gone", "delete", before={"size": "s"})
    findings = found(update(**CHANGED), gone, rules=rules)
    assert findings.ignored == ("aws_instance.web",)
    assert list(paths(findings)) == ["aws_instance.gone"]


def test_paths_of_the_key_ignore_are_no_drift():
    assert found(update(**CHANGED), ignore=["size", "tags"]).ignored == ("aws_instance.web",)


def test_no_secret_is_in_what_was_found_and_its_rotation_still_shows():
    mask = {"password": True, "id": True}

    def one(password):
        before, after = {"password": SECRET, "id": "i-1"}, {"password": password, "id": "i-1"}
        return update(before=before, after=after, before_sensitive=mask, after_sensitive=mask)

    first, again, other = (found(one(f"{SECRET}-{n}")) for n in (1, 1, 2))
    assert SECRET not in repr(first)
    assert first.drifted[0].names == ()  # an id that is marked is sent nowhere
    assert first.drifted[0].fingerprints.keys() == {"password"}
    assert len(again.drifted) == len(other.drifted) == 1


def test_objects_of_one_address_are_distinguished():
    gone = {"before": {"size": "s"}}
    findings = found(entry("aws_instance.web", "delete", **gone, deposed="0123abcd"), update(**CHANGED))
    assert list(paths(findings)) == ["aws_instance.web (deposed 0123abcd)", "aws_instance.web"]


def test_what_is_no_plan_is_refused():
    with pytest.raises(InputError, match="the plan"):
        read_findings(b"[]", "/code", Terms(), Redactor())
