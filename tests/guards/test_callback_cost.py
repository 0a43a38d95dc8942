"""Promise 7, fast: a result costs the callback no I/O and no deep copy, and checkpoints a share of the time only."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils.observer import Observer
from ansible_collections.tfevent.infra.plugins.plugin_utils.records import OK, Circumstances, Result, Task

from tests.ansible.command import ROOT, Machine

_WATCHED = ("open", "os.", "socket.", "subprocess.", "sqlite3.", "shutil.", "tempfile.")
_seen: list[str] = []
_watching = [False]


def _watch(name, _arguments):
    if _watching[0] and name.startswith(_WATCHED):
        _seen.append(name)


sys.addaudithook(_watch)  # for as long as the process lives: there is no way to take one back


class Session:
    """Takes documents, and as long for each as it is set to."""

    def __init__(self, seconds=0.0):
        self.checkpoints = 0
        self._seconds = seconds

    def start(self, document):
        pass

    def checkpoint(self, document):
        time.sleep(self._seconds)
        self.checkpoints += 1


class Core:
    where = "here"

    def __init__(self, session):
        self._session = session

    def session(self, **_named):
        return self._session


def observing(session):
    observer = Observer(
        Core(session),
        lambda _name: None,
        {},
        gather=lambda: None,
        error=lambda: None,
        warn=pytest.fail,
        say=lambda _text: None,
    )
    observer._exit_hooks.arm = lambda: None  # this process has handlers of its own
    observer.playbook_starts(Circumstances("/srv/site.yml", "/srv", ("site.yml",)))
    observer.play_starts("p", "Play")
    observer.task_starts(Task("t", "Install", "ansible.builtin.package", file="/srv/site.yml", line=3))
    return observer


def test_a_result_costs_no_io_and_no_deep_copy(monkeypatch):
    observer = observing(Session())
    monkeypatch.setattr(copy, "deepcopy", lambda *_given: pytest.fail("a deep copy"))
    data = {"changed": True, "name": "nginx", "stdout": "x" * 10_000, "diff": {"before": "a\n", "after": "b\n"}}
    _watching[0] = True
    try:
        for number in range(1_000):
            host = f"web{number}"
            observer.host_seen(host, ("web",))
            observer.task_started("t", host, time.time())
            observer.task_result(Result("t", host, OK, data))
    finally:
        _watching[0] = False
    assert _seen == []


def test_the_guard_sees_what_it_guards_against(tmp_path):
    _watching[0] = True
    try:
        (tmp_path / "x").write_text("x")
    finally:
        _watching[0] = False
    assert _seen
    _seen.clear()


NAMES_AT_THE_END = """
import atexit, os, sys
if sys.argv[0].endswith("ansible-playbook"):
    pid = os.getpid()
    atexit.register(lambda: os.getpid() == pid and open({path!r}, "w").write("\\n".join(sys.modules)))
"""


@pytest.mark.ansible
def test_ansibles_process_which_each_worker_copies_has_nothing_of_the_core(tmp_path):
    (tmp_path / "tmp").mkdir()
    machine, loaded = Machine(tmp_path), tmp_path / "loaded"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NAMES_AT_THE_END.format(path=str(loaded)))
    ran = machine.play("ignored", PYTHONPATH=str(tmp_path / "site"))
    assert ran.event["outcome"] == "succeeded", ran.err
    names = loaded.read_text().split()
    assert "ansible_collections.tfevent.infra.plugins.plugin_utils.observer" in names
    core = ("change_events.", "tf_wrapper", "msgspec", "sqlite3", "httpx", "regex")
    assert [name for name in names if name.startswith(core)] == []


COLLECTIONS = """
import gc, os, sys
from tf_wrapper.__main__ import main
before = sum(generation["collections"] for generation in gc.get_stats())
code = main(["events", "record"])
print(sum(generation["collections"] for generation in gc.get_stats()) - before, "httpx" in sys.modules)
sys.exit(code)
"""


def test_the_process_that_records_rarely_looks_for_garbage_among_what_it_imports(tmp_path):
    event = {"kind": "deployment", "title": "shop 2.1", "outcome": "succeeded"}
    url = "http://127.0.0.1:9/"  # nobody is there: the client is imported all the same
    done = subprocess.run(
        [sys.executable, "-c", COLLECTIONS],
        input=json.dumps({"api": 1, "event": event}),
        cwd=tmp_path,
        env={**os.environ, "TFEVENT_STATE_DIR": str(tmp_path), "TFEVENT_WEBHOOK_URL": url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    collections, has_client = done.stdout.splitlines()[-1].split()
    assert has_client == "True", done.stderr
    assert int(collections) <= 3  # by CPython's own measure, 70


def test_checkpoints_take_no_more_than_their_share():
    seconds = 0.02
    session = Session(seconds)
    observer = observing(session)
    for number in range(200):  # as many tasks as there is no time for
        observer.task_starts(Task(f"u{number}", "Next", "ansible.builtin.debug", file="/srv/site.yml", line=number))
    assert 1 <= session.checkpoints <= 0.1 / seconds + 2
