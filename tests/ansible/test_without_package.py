"""Ansible on a Python that cannot have the package: the command on PATH records, and without it nothing is harmed."""

from __future__ import annotations

import signal

import pytest

from tests.ansible.command import ROOT, Machine
from tests.ansible.cores import TOO_OLD_A_PYTHON, only_tfevent, without_tfevent
from tests.ansible.normalised_event import normal
from tests.ansible.test_ansible_core_versions import words_of_any_version
from tests.ansible.test_exit_hooks import cut_short
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SYSTEM = "/usr/bin:/bin"


@pytest.fixture
def machine(tmp_path):
    """The collection is found by ``ANSIBLE_COLLECTIONS_PATH``; the package is nowhere, and neither is the command."""
    (tmp_path / "tmp").mkdir()
    made = Machine(tmp_path, without_tfevent(TOO_OLD_A_PYTHON))
    made.environ["PATH"] = SYSTEM
    return made


@pytest.fixture
def path():
    return f"{only_tfevent().bin}:{SYSTEM}"


@pytest.mark.parametrize("name", ["changed", "rescued", "failed_says_changed", "delegated"])
def test_the_command_records_and_delivers_the_same_event(machine, path, name):
    with Receiver() as receiver:
        ran = machine.play(name, PATH=path, TFEVENT_WEBHOOK_URL=receiver.url)
        assert len(receiver.accepted) == 1, ran.err
    bare = machine.play(name, PATH=path, **machine.without_callback())
    assert ran.code == bare.code
    golden = (ROOT / "tests" / "golden" / "ansible" / f"{name}.txt").read_text()
    assert words_of_any_version(normal(ran.event, str(machine.folder))) == words_of_any_version(golden)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_the_command_records_how_a_signal_ended_the_run(machine, path, number):
    bare = cut_short(machine, number)
    assert bare.events == []
    machine.environ["PATH"] = path
    ran = cut_short(machine, number)
    assert ran.code == bare.code
    assert (ran.event["outcome"], ran.task("Wait")["outcome"]) == ("cancelled", "unknown")


def test_without_the_command_there_is_one_sentence(machine):
    ran = machine.play("rescued")
    bare = machine.play("rescued", **machine.without_callback())
    assert (ran.code, ran.events) == (bare.code, [])
    said = " ".join(ran.err.split())  # the lines are folded
    assert said.count("[WARNING]") == said.count("tfevent is not installed for") == 1
    assert f"not installed for {machine.installation.bin}/python," in said
    assert "install the tfevent package for that Python (the collection's README says how)" in said
    assert not machine.state.exists()
