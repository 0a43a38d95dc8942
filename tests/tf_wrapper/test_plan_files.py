"""Plan files as they lie on disk: encodings, several in one, and what is no plan at all."""

import codecs
import json

import pytest

from change_events.errors import InputError
from change_events.redact import Redactor
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan, read_plans, remember_secrets

TEXT = document(entry("aws_x.größe", "create", after={"name": "Zürich ☂"})).decode()
PRETTY = json.dumps(json.loads(TEXT), indent=2, ensure_ascii=False)
ENCODED = {
    "utf-8": PRETTY.encode(),
    "utf-8 with mark": codecs.BOM_UTF8 + PRETTY.encode(),
    "utf-16 little": codecs.BOM_UTF16_LE + PRETTY.encode("utf-16-le"),
    "utf-16 big": codecs.BOM_UTF16_BE + PRETTY.encode("utf-16-be"),
    "utf-16 without mark": PRETTY.encode("utf-16-le"),
    "utf-16 big without mark": PRETTY.encode("utf-16-be"),
    "windows line ends": PRETTY.replace("\n", "\r\n").encode(),
    "space around": b"\r\n " + PRETTY.encode() + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", ENCODED.values(), ids=ENCODED)
def test_a_plan_is_read_in_any_encoding(data):
    plan = read_plan(data, name="p", redactor=Redactor())
    assert [change.address for change in plan.changes] == ["aws_x.größe"]
    assert plan.changes[0].attributes[0].after.text == '"Zürich ☂"'


def test_bytes_that_are_no_text_do_not_cost_the_plan():
    plan = read_plan(
        document(entry("a.b", "create", after={"x": "?"})).replace(b"?", b"\xe4"), name="p", redactor=Redactor()
    )
    assert plan.counts.create == 1


def test_several_plans_in_one_file_are_several_plans():
    data = b"\n".join([document(entry("a.b", "create")), document(), document(entry("a.c", "delete"))])
    plans = read_plans(codecs.BOM_UTF8 + data, name="all.json", redactor=Redactor())
    assert [(plan.counts.create, plan.counts.destroy) for plan in plans] == [(1, 0), (0, 0), (0, 1)]
    assert [plan.name for plan in plans] == [f"all.json (plan {number})" for number in (1, 2, 3)]
    with pytest.raises(InputError, match="3 plans"):
        read_plan(data, name="all.json", redactor=Redactor())


def test_one_plan_is_a_list_of_one():
    assert [plan.name for plan in read_plans(document(), name="p", redactor=Redactor())] == ["p"]


WRONG = {
    "empty": (b"", "empty"),
    "space": (b" \n", "empty"),
    "text": (b"Terraform will perform", "not JSON"),
    "cut": (document(entry("a.b", "create"))[:-9], "not JSON"),
    "rest": (document() + b"\n  },\n", "not JSON"),
    "plan file": (b"PK\x03\x04....", "terraform show -json"),
    "array": (b"[1, 2]", "not a plan"),
    "number": (b"7", "not a plan"),
    "other object": (b'{"name": "x"}', "not a plan"),
    "raw state": (b'{"version":4,"serial":1,"lineage":"x","outputs":{},"resources":[]}', "state"),
    "shown state": (b'{"format_version":"1.0","values":{"root_module":{}}}', "state"),
    "shown empty state": (b'{"format_version":"1.0"}', "holds no plan"),
    "configuration alone": (b'{"format_version":"1.0","configuration":{"root_module":{}}}', "holds no plan"),
    "schemas": (b'{"format_version":"1.0","provider_schemas":{}}', "holds no plan"),
    "shown state with checks": (b'{"format_version":"1.0","values":{"root_module":{}},"checks":[]}', "state"),
    "encrypted": (b'{"encrypted_data":"x","meta":{}}', "encrypted"),
    "bookmark": (b'{"remote_plan_format":1,"run_id":"run-1","hostname":"h"}', "HCP"),
    "log": (b'{"@level":"info","@message":"x","type":"version"}\n{"@level":"info"}\n', "log of a run"),
    "wrong type": (document(variables=[1]), "not a plan"),
    "checks": (document(checks=[{"instances": 1}]), "not a plan"),
    "invocations": (document(action_invocations=[{"address": {}}]), "not a plan"),
    "deep": (b'{"format_version":"1.2","resource_changes":[' + b"[" * 100_000, "deep|not JSON|not a plan"),
}


PARTS = ["planned_values", "resource_changes", "resource_drift", "output_changes", "checks", "deferred_changes"]


@pytest.mark.parametrize("part", [*PARTS, "action_invocations", "errored"])
def test_one_part_of_a_plan_is_enough(part):
    empty = {"output_changes": {}, "planned_values": {}, "errored": False}.get(part, [])
    data = json.dumps({"format_version": "1.2", part: empty}).encode()
    assert read_plan(data, name="p", redactor=Redactor()).changes == ()


def test_the_values_of_its_prior_state_make_no_state_of_a_plan():
    drift = [entry("a.b", "update", before={"x": 1}, after={"x": 2})]
    prior = {"format_version": "1.0", "values": {"root_module": {}}}
    data = json.dumps({"format_version": "1.2", "prior_state": prior, "resource_drift": drift}).encode()
    assert read_plan(data, name="p", redactor=Redactor()).counts.drift == 1


@pytest.mark.parametrize(("data", "word"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("read", [read_plan, read_plans])
def test_what_is_no_plan_is_refused_with_a_reason(data, word, read):
    with pytest.raises(InputError, match=rf"(?s)given\.json.*({word})"):
        read(data, name="given.json", redactor=Redactor())


@pytest.mark.parametrize(("data", "word"), WRONG.values(), ids=WRONG)
def test_remembering_refuses_it_too(data, word):
    with pytest.raises(InputError):
        remember_secrets(data, Redactor())
