"""The facts of a run and the environments made for it."""

import re

import pytest

from tf_wrapper.launch import environment

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def facts(argv=("apply",), **environ):
    return environment.new_facts("/bin/terraform", "apply", argv, environ)


def test_every_run_has_an_id_that_sorts_by_time():
    ids = [facts()["id"] for _ in range(50)]
    assert ids == sorted(set(ids))


def test_the_facts_continue_the_parents_trace():
    found = facts(TRACEPARENT=GOOD, TFEVENT_RUN_ID="parent")
    assert (found["trace_id"], found["parent_span_id"]) == (
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
    )
    assert found["parent_run_id"] == "parent"
    child = environment.child_environment({"A": "b"}, found)
    assert re.fullmatch(rf"00-{found['trace_id']}-{found['span_id']}-01", child["TRACEPARENT"])
    assert child["TFEVENT_RUN_ID"] == found["id"]
    assert child["A"] == "b"


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
    environ = environment.helper_environment(
        {
            "TF_LOG": "trace", "TF_LOG_PATH": "log", "TF_LOG_SDK_PROTO": "trace", "TF_CLI_ARGS": "-no-color",
            "TF_CLI_ARGS_state_pull": "-help", "TF_CLI_ARGS_version": "-json", "TF_DATA_DIR": "d",
        }
    )  # fmt: skip
    assert environ["TF_DATA_DIR"] == "d"
    assert not [name for name in environ if name.startswith(("TF_LOG", "TF_CLI_ARGS"))]
