"""Drift as terraform shows it: what nobody changed, or nothing depends on, is a figure and nothing else."""

import json
from pathlib import Path

import msgspec
import pytest

from change_events.model import Action, ChangeOutcome
from change_events.redact import Redactor
from change_events.signals import signals
from tests.summary.typical_events import event
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SOON, LATER = "2026-11-29T10:00:00Z", "2026-11-29T10:05:00Z"


def plan(drifted, *changes, relevant=(), **more):
    """A plan in which `x_y.a` drifted from one object to another."""
    before, after = drifted
    drift = entry("x_y.a", "update" if after is not None else "delete", before=before, after=after)
    attributes = [{"resource": "x_y.a", "attribute": path} for path in relevant]
    data = document(resource_drift=[drift], resource_changes=list(changes), relevant_attributes=attributes, **more)
    return read_plan(data, name="", redactor=Redactor())


def updates(before, after, action="update", **more):
    return entry("x_y.a", action, before=before, after=after, **more)


OTHER = entry("x_y.b", "update", before={"v": 1}, after={"v": 2})


def shown(found):
    return [attribute.path for drift in found.drift for attribute in drift.attributes]


def overwritten(found):
    done = [msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED) for change in found.changes]
    return [s.name for s in signals(event(*done, drift=found.drift)) if s.name == "drift_overwritten"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {}),
        ({}, None),
        (None, []),
        (None, ""),
        ("", None),
        ([{"a": None, "b": 1}], [{"a": "", "b": 1}]),
        ({"deep": {"list": None}}, {"deep": {"list": []}}),
        (SOON, LATER),
    ],
)
@pytest.mark.parametrize("relevant", [(), (["tags"],), ([],)])
def test_what_a_provider_reads_back_in_another_way_is_no_drift(before, after, relevant):
    found = plan(({"tags": before}, {"tags": after}), OTHER, relevant=relevant)
    assert (found.drift, found.counts.drift, found.counts.drift_not_shown) == ((), 0, 1)


def test_null_that_became_empty_is_not_overwritten_by_a_first_tag():
    change = updates({"tags": {}, "at": LATER}, {"tags": {"Team": "core"}}, after_unknown={"at": True})
    found = plan(({"tags": None, "at": SOON}, {"tags": {}, "at": LATER}), change)
    assert (found.drift, found.counts.drift, overwritten(found)) == ((), 0, [])


@pytest.mark.parametrize(
    ("relevant", "expected"),
    [
        ((), []),
        ((["size"],), ["size"]),
        ((["name"],), []),
        (([],), ["size"]),  # the plan depends on all of the resource
        ((["size", 0, "x"],), ["size"]),  # what does not lead further is judged above
    ],
)
def test_what_the_plan_depends_on_is_reported(relevant, expected):
    found = plan(({"size": 1, "name": "n"}, {"size": 2, "name": "n"}), OTHER, relevant=relevant)
    assert shown(found) == expected
    assert found.counts.drift + found.counts.drift_not_shown == 1


def test_a_path_into_a_block_is_reported_only_if_that_part_drifted():
    sides = ({"net": [{"id": 1, "ip": 1}, {"id": 2, "ip": 2}]}, {"net": [{"id": 1, "ip": 1}, {"id": 2, "ip": 3}]})
    assert shown(plan(sides, OTHER, relevant=(["net", 0, "ip"],))) == []
    assert shown(plan(sides, OTHER, relevant=(["net", 1, "ip"],))) == ["net[1].ip"]


def test_what_the_plan_sets_back_is_reported_and_overwritten():
    change = updates({"size": 2, "name": "n"}, {"size": 1, "name": "n"})
    found = plan(({"size": 1, "name": "m"}, {"size": 2, "name": "n"}), change)
    assert (shown(found), found.drift[0].set_anew) == (["size"], ("size",))
    assert overwritten(found) == ["drift_overwritten"]


@pytest.mark.parametrize(
    "change",
    [
        updates({"size": 2, "x": 1}, {"size": 2, "x": 2}),
        updates({"size": 2, "x": 1}, {"x": 2}, after_unknown={"size": True}),
        updates({"size": 2}, {"size": 2}, "no-op"),
        entry("x_y.a", "delete", before={"size": 2}),
    ],
)
def test_what_the_plan_leaves_as_it_was_found_is_not(change):
    found = plan(({"size": 1}, {"size": 2}), change)
    assert (found.drift, overwritten(found)) == ((), [])


def test_what_was_deleted_is_reported_if_it_is_created_again_or_depended_on():
    gone = ({"size": 1}, None)
    again = plan(gone, entry("x_y.a", "create", after={"size": 1}))
    assert ([d.action for d in again.drift], overwritten(again)) == ([Action.DESTROY], ["drift_overwritten"])
    assert len(plan(gone, OTHER, relevant=(["size"],)).drift) == 1
    assert plan(gone, OTHER).drift == ()


def test_a_refresh_only_plan_and_one_before_terraform_1_2_report_all():
    sides = ({"tags": None, "size": 1}, {"tags": {}, "size": 2})
    for found in (plan(sides, applyable=True), plan(sides, OTHER, format_version="1.0")):
        assert (shown(found), found.counts.drift, found.counts.drift_not_shown) == (["size", "tags"], 1, 0)


def test_a_plan_without_changes_that_is_no_refresh_reports_none():
    assert plan(({"size": 1}, {"size": 2}), applyable=False).drift == ()


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
@pytest.mark.parametrize(
    ("path", "expected", "hidden"),
    [
        ("oocx__tfplan2md/firewall-rules-demo__plan3.json", [], 6),
        ("opentofu__opentofu/equivalence__drift_refresh_only.json", ["string"], 0),
        ("opentofu__opentofu/equivalence__drift_relevant_attributes.json", ["number", "string"], 0),
        ("opentofu__opentofu/equivalence__drift_simple.json", ["string"], 0),
        ("opentofu__opentofu/equivalence__moved_with_drift.json", ["string"], 0),
        ("opentofu__opentofu/show-json__drift.json", ["ami"], 0),
    ],
)
def test_drift_of_real_plans(path, expected, hidden):
    found = read_plan((CORPUS / "plans" / path).read_bytes(), name=path, redactor=Redactor())
    assert (shown(found), found.counts.drift_not_shown) == (expected, hidden)


def test_the_figure_of_what_is_not_shown_is_in_the_json():
    counts = plan(({"size": 1}, {"size": 2}), OTHER).counts
    assert json.loads(msgspec.json.encode(counts))["drift_not_shown"] == 1
