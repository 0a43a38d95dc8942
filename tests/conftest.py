"""What all tests share: golden files, which `--update-golden` writes anew, and markers that follow from the code."""

import os
import signal
import sys
import threading
from pathlib import Path

import hypothesis
import pytest

import tests.support.patient.sitecustomize  # noqa: F401 - before anything of the product is imported
from tests.support import selection

# `make properties` takes the other one, by --hypothesis-profile
hypothesis.settings.register_profile("quick", selection.QUICK)
hypothesis.settings.register_profile("thorough", selection.THOROUGH)
hypothesis.settings.load_profile("quick")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", default=False, help="write golden files anew; look at the diff then"
    )


def pytest_configure(config):
    for number in (
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
    ):  # nohup and `&` have them ignored, and what we start too
        if signal.getsignal(number) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if config.getoption("--update-golden") and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise pytest.UsageError(
            "--update-golden is refused where CI is set: goldens are written by a person who looks at the diff"
        )


def pytest_runtest_setup():
    """A git that hung in another test of this process is asked again."""
    if module := sys.modules.get("change_events.context.git_command"):
        module._Hung.until = float("-inf")


@pytest.fixture
def golden(request):
    """``golden(name)`` gives a function that compares a text with ``tests/golden/<name>``, or writes it."""

    def of(name):
        path = GOLDEN / name

        def compare(text):
            if request.config.getoption("--update-golden"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
                return
            assert path.exists(), f"{path.name} is not there: pytest --update-golden writes it"
            assert path.read_bytes().decode() == text, f"{path.name} differs: pytest --update-golden, then git diff"

        return compare

    return of


# The ways to start Ansible in the folders that test it: classes a module imports, fixtures a test asks for.
_ANSIBLE_FOLDERS = {Path(__file__).parent / "ansible", Path(__file__).parent / "collection"}
_ANSIBLE_NAMES = {"Machine", "Controller", "machine", "controller"}
_RERUNS = 2  # of a test that races with a terminal or a signal


def pytest_collection_modifyitems(config, items):
    reruns = config.pluginmanager.hasplugin("rerunfailures")
    for item in items:
        names = {*vars(item.module), *item.fixturenames}
        if item.path.parent in _ANSIBLE_FOLDERS and names & _ANSIBLE_NAMES:
            item.add_marker("ansible")
        if reruns and item.get_closest_marker("races"):
            item.add_marker(pytest.mark.flaky(reruns=_RERUNS))


_current = []  # the test under way, with its fixtures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _current.append(item)
    try:
        return (yield)
    finally:
        _current.pop()


def _starts(event, arguments):
    """Fail a test that starts Ansible without the marker: `-m "not ansible"` would not leave it out."""
    if event != "subprocess.Popen" or not _current or _current[-1].get_closest_marker("ansible"):
        return
    if os.path.basename(os.fsdecode(arguments[0])).startswith("ansible"):
        pytest.fail(f"{_current[-1].nodeid} starts Ansible: mark it with pytest.mark.ansible")


sys.addaudithook(_starts)
