"""What a task says, as the document of an event: plain data in, plain data out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.tfevent.infra.plugins.modules import change_event as documentation
from ansible_collections.tfevent.infra.plugins.plugin_utils import explicit_document, timestamps
from hypothesis import given
from hypothesis import strategies as st

from change_events.model import Kind, Outcome, Severity

DEFAULTS = {name: spec.get("default") for name, spec in explicit_document.ARGUMENTS.items()}


def built(*, hosts=("web1",), key="task", no_log=False, **arguments):
    return explicit_document.document({**DEFAULTS, **arguments}, ansible="2.19.0", hosts=hosts, key=key, no_log=no_log)


def test_the_vocabularies_are_those_of_the_events():
    assert set(explicit_document.KINDS) == {kind.value for kind in Kind}
    assert set(explicit_document.SEVERITIES) == {severity.value for severity in Severity}
    assert set(explicit_document.OUTCOMES) == {o.value for o in Outcome} - {Outcome.DECLINED, Outcome.NO_CHANGE}


def test_the_documentation_has_the_arguments_of_the_action():
    import yaml

    options = yaml.safe_load(documentation.DOCUMENTATION)["options"]
    assert set(options) == set(explicit_document.ARGUMENTS)
    for name, spec in explicit_document.ARGUMENTS.items():
        documented = options[name]
        for key in ("type", "choices", "elements"):
            assert documented.get(key) == spec.get(key), f"{name}: {key}"
        if spec.get("default"):
            assert documented["default"] == spec["default"], name
        assert bool(documented.get("required")) == bool(spec.get("required")), name


def test_only_what_is_said_is_in_the_event():
    assert built(title="x") == {
        "api": 1,
        "event": {
            "explicit": True,
            "kind": "custom",
            "title": "x",
            "outcome": "succeeded",
            "tool": {"name": "ansible", "version": "2.19.0"},
            "hosts": [{"name": "web1", "status": "changed"}],
        },
    }


def test_an_end_says_nothing_of_hosts_unless_it_is_reported():
    end = built(state="finished", id="x")
    assert (end["state"], end["event"]["id"]) == ("finished", "x")
    assert "hosts" not in end["event"]
    assert "title" not in end["event"]
    named = built(state="finished", id="x", outcome="partial", hosts=["a"], failed_hosts=["b"])
    assert {"name": "b", "status": "failed"} in named["event"]["hosts"]


def test_keys():
    assert "dedup_window" not in built(title="x")
    once = built(title="x", once=True, key="task")
    assert (once["event"]["dedup_key"], once["dedup_window"]) == ("task", explicit_document.ONE_RUN)
    own = built(title="x", dedup_key="mine", dedup_window=5.0)
    assert (own["event"]["dedup_key"], own["dedup_window"]) == ("mine", 5.0)
    assert "dedup_window" not in built(state="finished", id="x", once=True)


def test_the_key_of_a_task_distinguishes_tasks_and_items_and_nothing_of_them():
    keys = [
        explicit_document.task_key([uuid, item]) for uuid in ("u1", "u2") for item in (None, "secret", {"b": 1, "a": 2})
    ]
    assert len(set(keys)) == len(keys)
    assert explicit_document.task_key(["u1", {"a": 2, "b": 1}]) == keys[2]
    assert not [key for key in keys if "secret" in key or "u1" in key]


def test_no_log_leaves_names_only():
    event = built(
        title="x", message="m", data={"a": 1}, tags={"a": "b"}, links=[{"title": "t", "url": "u"}], no_log=True,
        service="shop",
    )["event"]  # fmt: skip
    assert {"message", "data", "tags", "links"}.isdisjoint(event)
    assert event["service"] == "shop"


def test_one_end_of_an_event_is_both_its_ends():
    assert built(title="x", ended_at="1000")["event"]["started_at"] == "1970-01-01T00:16:40+00:00"
    assert "ended_at" not in built(title="x", started_at="1000")["event"]


@given(st.floats(min_value=1e7, max_value=4e9))
def test_times_are_read_as_they_are_written(seconds):
    aware = datetime.fromtimestamp(seconds, UTC)
    assert timestamps.moment(aware.isoformat()) == aware
    assert timestamps.moment(aware.isoformat().replace("+00:00", "Z")) == aware
    assert timestamps.moment(str(aware)) == aware, "as YAML's own dates come"
    assert abs(timestamps.moment(repr(aware.timestamp())) - aware) < timedelta(milliseconds=1)


@pytest.mark.parametrize(("text", "hours"), [("90m", 1.5), ("2h", 2), ("1.5 d", 36), ("1w", 168), ("30s", 1 / 120)])
def test_ages_count_back_from_now(text, hours):
    earliest = datetime.now(UTC) - timedelta(hours=hours)
    found = timestamps.age_or_moment(text)
    slack = timedelta(milliseconds=1)  # ages are floating-point numbers
    assert earliest - slack <= found <= datetime.now(UTC) - timedelta(hours=hours) + slack


@pytest.mark.parametrize("text", ["", "yesterday", "2h ago", "9" * 30, "9" * 12 + "w", "2026-13-01", "-5", "1e5", "h"])
def test_what_is_no_time_says_what_to_write(text):
    with pytest.raises(ValueError, match=r"such as 2026-11-25|longer ago"):
        timestamps.age_or_moment(text)


class Text(str):  # noqa: SLOT000 - as Ansible has them
    """As Ansible's own types are: a subclass that other libraries do not know."""


class Number(int):
    pass


def test_plain_values_are_of_no_other_type():
    given = {Text("a"): [Text("b"), Number(3), (True, None, 1.5), {Text("c")}], "d": datetime(2026, 1, 2, tzinfo=UTC)}
    found = explicit_document.plain(given)
    assert found == {"a": ["b", 3, [True, None, 1.5], ["c"]], "d": "2026-01-02 00:00:00+00:00"}
    types = {type(part) for part in [*found, *found["a"], *found["a"][2], *found["a"][3]]}
    assert types <= {str, int, list, bool, type(None), float}


def test_nothing_of_ansible_is_needed():
    code = (
        "import sys; sys.path.insert(0, 'tests/collections'); sys.modules['ansible'] = None\n"
        "from ansible_collections.tfevent.infra.plugins.plugin_utils import "
        "callback_options, explicit_document, history, timestamps"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
