"""What may go wrong on our side, or around us: terraform does its work, its exit code stands, one line says it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.live import APPLY, ROOT, TFEVENT, Stack, outcomes
from tests.support.receiver import Receiver
from tests.support.selection import slow
from tests.support.speed import HANG
from tests.support.terraform import binaries, files_below

ONE = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
FAILING = ONE + 'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n    command = "exit 9"\n  }\n}\n'
TOGETHER = 50


@pytest.fixture
def stack(tmp_path):
    return Stack(tmp_path, ONE)


def in_state(stack):
    """Addresses of what terraform has made."""
    resources = json.loads((stack.code / "terraform.tfstate").read_bytes())["resources"]
    return {f"{resource['type']}.{resource['name']}" for resource in resources}


def assert_terraform_unharmed(stack, done, code=0):
    assert done.code == code, done.err
    assert "terraform_data.a: Creation complete" in done.out
    assert "terraform_data.a" in in_state(stack)
    assert not (stack.code / ".terraform.tfstate.lock.info").exists()
    assert "Traceback" not in done.err


# -- places that cannot be written ----------------------------------------------------------------------------------


def blocked(stack, how):
    """A state folder that cannot be made."""
    if how == "a file in its place":
        stack.write("not a folder", "../home/.local/state/tfevent")
        return {}
    return {"TFEVENT_STATE_DIR": "/proc/nowhere/tfevent", "HOME": "/proc/nowhere"}


@pytest.mark.parametrize("how", ["a file in its place", pytest.param("a read-only home", marks=pytest.mark.e2e)])
@pytest.mark.parametrize("code", [ONE, pytest.param(FAILING, marks=pytest.mark.e2e)], ids=["well", "failing"])
def test_without_a_journal_the_event_still_goes_out(stack, how, code):
    env = blocked(stack, how)
    with Receiver() as receiver:
        done = stack.apply(code, TFEVENT_WEBHOOK_URL=f"{receiver.url}/in", **env)
        assert_terraform_unharmed(stack, done, int(code == FAILING))
        [request] = receiver.accepted
        assert outcomes(request.json())["terraform_data.a"] == "applied"
    assert any("journal" in line for line in done.own)
    assert len(done.own) == len(set(done.own)), "nothing is said twice"
    assert not [name for name in files_below(stack.home) if "/runs/" in name], "the run's folder is gone"


@pytest.fixture
def tiny(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.e2e
def test_a_full_disk(stack, tiny):
    (tiny / "ballast").write_bytes(bytes(60_000))
    with Receiver() as receiver:
        env = {"TFEVENT_STATE_DIR": str(tiny / "state"), "TFEVENT_WEBHOOK_URL": f"{receiver.url}/in"}
        done = stack.apply(**env)
        assert_terraform_unharmed(stack, done)
        assert [outcomes(request.json()) for request in receiver.accepted] == [{"terraform_data.a": "applied"}]
    assert any("journal" in line for line in done.own)


@pytest.mark.e2e
def test_no_place_for_the_run_at_all(stack):
    """Only where /dev/shm cannot be written either; with one of them left, the run is recorded there."""
    bug = bug_in(stack, "change_events.files.rundir", "create", "lambda *_: None")
    done = stack.apply(**bug)
    assert_terraform_unharmed(stack, done)
    assert len(done.own) == 1
    assert "not recorded" in done.own[0]


# -- a journal that is none -----------------------------------------------------------------------------------------


def test_a_corrupt_journal_is_put_aside(stack):
    stack.write("this is no database " * 500, "../home/.local/state/tfevent/journal.db")
    stack.state.chmod(0o700)
    done = stack.apply()
    assert_terraform_unharmed(stack, done)
    assert any("journal" in line for line in done.own)
    assert outcomes(stack.event()) == {"terraform_data.a": "applied"}
    kept = [path for path in stack.state.iterdir() if b"this is no database" in _head(path)]
    assert kept, "what could not be read is kept for a look"


def _head(path):
    return path.read_bytes()[:100] if path.is_file() else b""


@pytest.mark.e2e
def test_a_journal_that_is_a_directory(stack):
    (stack.state / "journal.db").mkdir(parents=True)
    stack.state.chmod(0o700)
    with Receiver() as receiver:
        done = stack.apply(TFEVENT_WEBHOOK_URL=f"{receiver.url}/in")
        assert_terraform_unharmed(stack, done)
        assert len(receiver.accepted) == 1
    assert any("journal.db" in line for line in done.own)


# -- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("enviroment: prod\nbudget: soon\nservice: shop\n", ["did you mean environment?", "budget"]),
        pytest.param("environment: [\n", ["tfevent.yaml"], marks=pytest.mark.e2e),
        pytest.param("environment: \udcff\n", ["tfevent.yaml"], marks=pytest.mark.e2e),
        pytest.param("title_template: '{{ broken'\n", ["template"], marks=pytest.mark.e2e),
        pytest.param("message_template: '{{ 1 / 0 }}'\n", ["template"], marks=pytest.mark.e2e),
        pytest.param(
            "destinations:\n  sematext:\n    tokn: x\n", ["did you mean token?", "sematext.tokn"], marks=pytest.mark.e2e
        ),
    ],
)
def test_mistakes_in_the_settings_are_reported_and_the_run_goes_on(stack, content, expected):
    (stack.code / "tfevent.yaml").write_bytes(content.encode("utf-8", "surrogateescape"))
    done = stack.apply()
    assert_terraform_unharmed(stack, done)
    for words in expected:
        assert any(words in line for line in done.own), done.own
    assert done.err.index(expected[0]) < done.err.index(" → "), "reported before the run is over"
    event = stack.event()
    assert outcomes(event) == {"terraform_data.a": "applied"}
    assert event["title"]
    assert event.get("service") == ("shop" if "shop" in content else None)


def test_disabled_is_bare_terraform(stack):
    done = stack.apply(TFEVENT_DISABLE="1")
    assert_terraform_unharmed(stack, done)
    assert done.own == []
    assert not stack.state.exists()


@pytest.mark.e2e
def test_quiet_records_without_a_word(stack):
    done = stack.apply(TFEVENT_QUIET="1")
    assert_terraform_unharmed(stack, done)
    assert done.own == []
    assert stack.event()["outcome"] == "succeeded"


# -- bugs of our own ------------------------------------------------------------------------------------------------


def bug_in(stack, module, name, replacement="fail"):
    """The environment of a tfevent in which ``name`` of ``module`` is broken, as a bug of ours would break it."""
    owner, _, attribute = name.rpartition(".")
    target = f"module.{owner}" if owner else "module"
    text = f"""\
import sys
def fail(*_args, **_named):
    raise RuntimeError("planted")
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != {module!r}:
            return None
        sys.meta_path.remove(self)
        import importlib.util
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def broken(module):
            run(module)
            {target}.{attribute} = {replacement}
        spec.loader.exec_module = broken
        return spec
sys.meta_path.insert(0, Finder())
"""
    stack.write(text, "../bug/sitecustomize.py")
    return {"PYTHONPATH": os.pathsep.join([str(stack.code.parent / "bug"), str(ROOT)])}


BUGS = [
    ("tf_wrapper.launch.arguments", "parse"),
    ("tf_wrapper.modes.choice", "choose"),
    ("tf_wrapper.plan.text_filter", "PlanTextFilter.feed"),
    ("tf_wrapper.plan.text_filter", "PlanTextFilter.finish"),
    ("tf_wrapper.render.renderer", "HumanRenderer.feed"),
    ("tf_wrapper.render.renderer", "HumanRenderer.finish"),
    ("tf_wrapper.stream.reader", "StreamReader.feed"),
    ("tf_wrapper.stream.reader", "StreamReader.result"),
    ("tf_wrapper.record.run_event", "RunEvent.__init__"),
    ("tf_wrapper.record.run_event", "RunEvent.begin"),
    ("tf_wrapper.record.run_event", "RunEvent.read_plan"),
    ("tf_wrapper.record.run_event", "RunEvent.end_apply"),
    ("tf_wrapper.record.outcome", "of_apply"),
    ("tf_wrapper.plan.reader", "read_plan"),
    ("tf_wrapper.source", "with_sources"),
    ("change_events.settings", "load_leniently"),
    ("change_events.context", "detect"),
    ("change_events.summary", "compose"),
    ("change_events.journal", "Journal.open"),
    ("change_events.delivery", "deliver"),
    ("change_events.redact", "Redactor.seal"),
]
CORE_BUGS = {"HumanRenderer.feed", "RunEvent.begin", "parse"}


@pytest.mark.parametrize("code", [slow(ONE), FAILING], ids=["well", "failing"])
@pytest.mark.parametrize(
    ("module", "name"),
    [pytest.param(*bug, id=bug[1], marks=() if bug[1] in CORE_BUGS else pytest.mark.e2e) for bug in BUGS],
)
def test_a_bug_of_ours_costs_a_line_and_nothing_else(stack, module, name, code):
    done = stack.apply(code, **bug_in(stack, module, name))
    assert done.code == int(code == FAILING), done.err
    assert "terraform_data.a" in in_state(stack)
    assert "Traceback" not in done.err
    assert 1 <= len(done.own) <= 2, done.err
    assert "planted" not in done.err
    assert not (stack.code / ".terraform.tfstate.lock.info").exists()
    assert "terraform_data.a: Creation complete" in done.out


@pytest.mark.e2e
def test_what_a_bug_left_behind_is_settled_by_the_next_command(stack):
    stack.apply(**bug_in(stack, "tf_wrapper.record.run_event", "RunEvent.end_apply"))
    event = stack.event()
    assert (event["outcome"], outcomes(event)) == ("succeeded", {"terraform_data.a": "applied"})
    assert not stack.runs


# -- stdio ----------------------------------------------------------------------------------------------------------


def shell(stack, argv, redirection):
    command = f"{shlex.join(argv)} {redirection}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=stack.code,
        env=stack.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "redirection"),
    [
        (APPLY, "<&-"),
        pytest.param("apply", "<&-", marks=pytest.mark.e2e),
        (APPLY, "2>&-"),
        pytest.param(APPLY, ">&-", marks=pytest.mark.e2e),
        pytest.param(APPLY, "<&- >&- 2>&-", marks=pytest.mark.e2e),
        pytest.param(APPLY, ">/dev/full", marks=pytest.mark.e2e),
        pytest.param(APPLY, "2>/dev/full", marks=pytest.mark.e2e),
        pytest.param("plan", ">/dev/full", marks=pytest.mark.e2e),
        pytest.param("plan", "<&- 2>&-", marks=pytest.mark.e2e),
    ],
)
def test_odd_stdio_does_to_tfevent_what_it_does_to_terraform(stack, line, redirection):
    bare = shell(stack, [str(binaries()[0].path), *line.split()], redirection)
    made = (stack.code / "terraform.tfstate").exists()
    (stack.code / "terraform.tfstate").unlink(missing_ok=True)
    done = shell(stack, [*TFEVENT, *line.split()], redirection)
    assert done.returncode == bare.returncode, done.stderr
    assert (stack.code / "terraform.tfstate").exists() == made
    assert "Traceback" not in done.stderr
    [event] = stack.recorded()
    assert event["phase"] == ("planned" if line == "plan" else "applied")
    if line != "plan":
        assert outcomes(event) == {"terraform_data.a": "applied" if made else "not_attempted"}
    assert not stack.runs


# -- many -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_fifty_runs_at_once_are_fifty_records(stack):
    folders = [stack.code / f"n{number:02}" for number in range(TOGETHER)]
    for folder in folders:
        stack.write(ONE, f"{folder.name}/main.tf")

    def apply(folder):
        return subprocess.run(
            [*TFEVENT, *APPLY.split()], cwd=folder, env=stack.env, capture_output=True, text=True, check=False
        )

    with Receiver() as receiver, ThreadPoolExecutor(TOGETHER) as pool:
        stack.env["TFEVENT_WEBHOOK_URL"] = f"{receiver.url}/in"
        ended = list(pool.map(apply, folders))
        assert [done.returncode for done in ended] == [0] * TOGETHER, ended
        events = stack.recorded()
        assert sorted(event["tool"]["directory"] for event in events) == [str(folder) for folder in folders]
        assert {event["outcome"] for event in events} == {"succeeded"}
        stack.events("flush")
        assert {request.json()["id"] for request in receiver.accepted} == {event["id"] for event in events}
        assert len(receiver.accepted) == TOGETHER, "none was sent twice"
    assert not stack.runs
