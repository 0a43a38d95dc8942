"""How a service ended: every result that systemd.exec(5) defines, and exit codes as shells report them."""

import pytest

from change_events.machine.service import by_exit_code, by_systemd
from change_events.model import Outcome


def result(service_result, code="", status=""):
    environ = {"SERVICE_RESULT": service_result, "EXIT_CODE": code, "EXIT_STATUS": status, "INVOCATION_ID": "abc"}
    found = by_systemd({name: value for name, value in environ.items() if value})
    return found.outcome, found.detail


@pytest.mark.parametrize(
    ("given", "outcome", "detail"),
    [
        (("success", "exited", "0"), Outcome.SUCCEEDED, ""),
        (("success", "killed", "TERM"), Outcome.SUCCEEDED, ""),
        (("exit-code", "exited", "3"), Outcome.FAILED, "exit code 3"),
        (("signal", "killed", "KILL"), Outcome.FAILED, "killed by SIGKILL"),
        (("core-dump", "dumped", "SEGV"), Outcome.FAILED, "killed by SIGSEGV, dumped core"),
        (("oom-kill", "killed", "KILL"), Outcome.FAILED, "killed by SIGKILL: the system was out of memory"),
        (("timeout", "killed", "KILL"), Outcome.FAILED, "killed by SIGKILL: it timed out"),
        (("timeout", "exited", "0"), Outcome.FAILED, "it timed out"),
        (("watchdog", "killed", "ABRT"), Outcome.FAILED, "killed by SIGABRT: its watchdog did not hear of it"),
        (("protocol",), Outcome.FAILED, "it did not start as its unit says"),
        (("start-limit-hit",), Outcome.FAILED, "it was started too often"),
        (("resources",), Outcome.FAILED, "the system lacked resources"),
        (("exec-condition", "exited", "1"), Outcome.NO_CHANGE, "exit code 1: a condition of its unit did not hold"),
        (("something-new", "exited", "0"), Outcome.FAILED, "something-new"),
        (("signal",), Outcome.FAILED, "signal"),
    ],
)  # fmt: skip
def test_what_systemd_says(given, outcome, detail):
    assert result(*given) == (outcome, detail)


def test_a_script_that_has_its_own_exit_code_variable_is_not_taken_for_systemd():
    assert by_systemd({"EXIT_CODE": "3", "EXIT_STATUS": "3"}) is None


def test_systemds_own_words_are_kept():
    environ = {"SERVICE_RESULT": "exit-code", "EXIT_CODE": "exited", "EXIT_STATUS": "3", "INVOCATION_ID": "abc"}
    assert by_systemd(environ).data == {
        "service_result": "exit-code", "exit_code": "exited", "exit_status": "3", "invocation_id": "abc",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "outcome", "detail"),
    [
        (0, Outcome.SUCCEEDED, ""),
        (143, Outcome.SUCCEEDED, ""),
        (130, Outcome.SUCCEEDED, ""),
        (1, Outcome.FAILED, "exit code 1"),
        (137, Outcome.FAILED, "killed by SIGKILL"),
        (139, Outcome.FAILED, "killed by SIGSEGV"),
        (255, Outcome.FAILED, "exit code 255"),
    ],
)
def test_what_an_exit_code_says(code, outcome, detail):
    found = by_exit_code(code)
    assert (found.outcome, found.detail) == (outcome, detail)
