"""The facts of a run and the environments made for it."""

import re
import uuid

import pytest

from tf_wrapper import launch

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def facts(argv=("apply",), **environ):
    return launch.new_facts("/bin/terraform", "apply", argv, environ)


def test_ids_are_version_7_and_sort_by_time():
    ids = [launch.uuid7() for _ in range(200)]
    assert {uuid.UUID(text).version for text in ids} == {7}
    assert len(set(ids)) == 200
    stamps = [text[:13] for text in ids]
    assert stamps == sorted(stamps)


def test_a_parent_trace_is_continued():
    found = facts(TRACEPARENT=GOOD, TFEVENT_RUN_ID="parent")
    assert (found["trace_id"], found["parent_span_id"]) == (
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
    )
    assert found["parent_run_id"] == "parent"
    child = launch.child_environment({"A": "b"}, found)
    assert re.fullmatch(rf"00-{found['trace_id']}-{found['span_id']}-01", child["TRACEPARENT"])
    assert child["TFEVENT_RUN_ID"] == found["id"]
    assert child["A"] == "b"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        GOOD.upper(),
        "ff" + GOOD[2:],
        GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        GOOD[:-4],
    ],
)
def test_an_invalid_parent_is_a_new_trace(bad):
    found = facts(TRACEPARENT=bad)
    assert found["parent_span_id"] is None
    assert re.fullmatch("[0-9a-f]{32}", found["trace_id"])


@pytest.mark.parametrize(
    "argv",
    [
        ["apply", "-var", "pw=hunter2"],
        ["apply", "-var=pw=hunter2"],
        ["apply", "--var=pw=hunter2"],
        ["apply", "-backend-config", "token=hunter2"],
    ],
)
def test_values_on_the_command_line_are_not_kept(argv):
    assert "hunter2" not in str(facts(argv))
    assert "pw" in str(facts(argv)) or "token" in str(facts(argv))


def test_commands_of_our_own_leave_the_users_log_alone():
    environ = launch.helper_environment(
        {"TF_LOG": "trace", "TF_LOG_PATH": "log", "TF_CLI_ARGS": "-no-color", "TF_DATA_DIR": "d"}
    )
    assert environ["TF_DATA_DIR"] == "d"
    assert not {"TF_LOG", "TF_LOG_PATH", "TF_CLI_ARGS"} & set(environ)
