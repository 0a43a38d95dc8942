"""What is read from a stream, and that odd input says nothing instead of raising."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_wrapper.stream.reader import StreamReader, read_stream

STREAMS = Path(__file__).parent.parent / "golden" / "streams"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def read(name):
    with (STREAMS / f"{name}.jsonl").open("rb") as stream:
        return read_stream(stream)


def line(kind, **fields):
    return json.dumps({"@message": "", "@timestamp": "2026-11-23T13:00:00.000000Z", "type": kind, **fields}).encode()


def hook(kind, address, action=None, **fields):
    return line(kind, hook={"resource": {"addr": address}, "action": action, **fields})


def test_a_failed_apply_reports_what_was_done_and_what_not():
    result = read("partial_failure_json.stdout")
    assert (result.tool, result.version, result.complete, result.summary_counts) == ("terraform", "1.11.4", False, None)
    assert {change.address for change in result.planned_changes} - set(result.runs) == {"terraform_data.dep"}
    (bad,) = result.runs["terraform_data.bad"]
    assert (bad.action, bad.completed, bad.errored, bad.provision_error) == ("create", False, True, True)
    (good,) = result.runs["terraform_data.ok[2]"]
    assert (good.completed, good.id_key, good.elapsed) == (True, "id", 0.0)
    assert good.ended > good.started
    (error,) = result.diagnostics
    assert (error.severity, error.address, error.file, error.line) == ("error", "terraform_data.bad", "main.tf", 7)
    assert error.context == 'resource "terraform_data" "bad"'


def test_a_replacement_is_two_runs_of_one_address():
    result = read_stream(
        [
            hook("apply_start", "x.a", "delete", id_key="id", id_value="old"),
            hook("apply_complete", "x.a", "delete", elapsed_seconds=2),
            hook("apply_start", "x.a", "create"),
            hook("provision_errored", "x.a", provisioner="local-exec"),
            hook("apply_errored", "x.a", "create", elapsed_seconds=3),
        ]
    )
    first, second = result.runs["x.a"]
    assert (first.action, first.completed, first.id_value, first.elapsed) == ("delete", True, "old", 2.0)
    assert (second.action, second.errored, second.provision_error, second.elapsed) == ("create", True, True, 3.0)


def test_a_deposed_object_beside_its_resource_is_kept_apart_by_its_action():
    result = read_stream(
        [
            hook("apply_start", "x.a", "delete"),
            hook("apply_start", "x.a", "update"),
            hook("apply_complete", "x.a", "delete", elapsed_seconds=1),
        ]
    )
    assert [(run.action, run.completed) for run in result.runs["x.a"]] == [("delete", True), ("update", False)]


def test_an_interrupt_and_a_dump_are_noted_and_the_dump_is_not_kept():
    assert read("sigint_once.stdout").interrupted
    result = read("state_emergency_dump.stdout")
    assert result.emergency_dump
    assert not result.complete
    assert "lineage" not in repr(result)


def test_only_the_summary_of_the_apply_completes_it():
    plan = line("change_summary", changes={"add": 3, "operation": "plan"})
    assert not read_stream([plan]).complete
    done = line("change_summary", changes={"add": 1, "import": 2, "forget": 3, "operation": "apply"})
    result = read_stream([plan, done])
    assert result.complete
    assert (result.summary_counts.add, result.summary_counts.imported, result.summary_counts.forgotten) == (1, 2, 3)


def test_text_of_a_provisioner_is_never_taken_for_a_message():
    assert read("provisioner_verbose__0.apply").summary_counts.add == 1


def test_outputs_are_those_after_the_apply():
    assert read("checks__0.apply").outputs == ("o",)
    assert read_stream([line("outputs", outputs={"o": {"sensitive": False, "action": "create"}})]).outputs == ()


def test_actions_are_distinguished_by_what_triggered_them():
    def action(kind, trigger):
        return line(kind, hook={"action": {"addr": "action.x.y"}, "lifecycle": {"resource": {"addr": trigger}}})

    result = read_stream(
        [action("action_start", "a.a"), action("action_start", "b.b"), action("action_errored", "b.b")]
    )
    assert [(run.address, run.action, run.errored) for run in result.actions] == [
        ("action.x.y", "invoke", False),
        ("action.x.y", "invoke", True),
    ]
    assert [run.trigger.resource for run in result.actions] == ["a.a", "b.b"]


@pytest.mark.parametrize(
    ("begun", "ended", "seconds"),
    [
        ("2026-01-01T00:00:01.500000Z", "2026-01-01T00:00:03.750000Z", 2.25),
        (None, "2026-01-01T00:00:03.750000Z", None),
        ("2026-01-01T00:00:01.500000", "2026-01-01T00:00:03.750000Z", None),
        ("2026-01-01T00:00:01.500000Z", "later", None),
    ],
)
def test_an_action_took_as_long_as_lies_between_its_messages(begun, ended, seconds):
    hook = {"action": {"addr": "action.x.y"}}
    messages = [("action_start", begun)] * bool(begun) + [("action_complete", ended)]
    result = read_stream([line(kind, hook=hook, **{"@timestamp": time}) for kind, time in messages])
    assert [run.elapsed for run in result.actions] == [seconds]


def test_an_array_reads_like_lines():
    lines = (STREAMS / "checks__0.apply.jsonl").read_bytes().splitlines()
    array = json.dumps([json.loads(each) for each in lines], indent=1).encode().splitlines(keepends=True)
    assert read_stream(array) == read_stream(lines)


def test_a_last_line_that_is_cut_off_says_nothing():
    data = (STREAMS / "checks__0.apply.jsonl").read_bytes()
    whole = read_stream(data.splitlines()[:-1])
    assert read_stream(data[:-40].splitlines()) == whole


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_odd_shapes_of_known_messages_say_nothing(value):
    reader = StreamReader()
    for kind in reader._handlers:
        for field in ("hook", "change", "changes", "diagnostic", "outputs", "@message"):
            reader.feed(json.dumps({"type": kind, field: value}).encode())
    assert reader.result().planned_changes == ()


@given(st.binary())
def test_no_bytes_raise(data):
    read_stream(data.splitlines(keepends=True))


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus here")
def test_every_stream_of_the_corpus_is_read():
    rows = (CORPUS / "UI.tsv").read_text().splitlines()
    names = rows[0].split("\t")
    checked = 0
    for row in rows[1:]:
        facts = dict(zip(names, row.split("\t"), strict=False))
        with (CORPUS / facts["path"]).open("rb") as stream:
            result = read_stream(stream)
        if "apply_start" in facts["types"] and "terraform.ui" in facts["module"]:
            checked += 1
            assert result.runs, facts["path"]
    assert checked > 10
