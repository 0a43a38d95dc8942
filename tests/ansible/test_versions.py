"""The same playbooks on other versions of ansible-core leave the same events, but for the wording of errors."""

from __future__ import annotations

import json
import os

import pytest

from tests.ansible import test_ends, test_secrets
from tests.ansible.command import ROOT, Machine
from tests.ansible.normal import normal
from tests.ansible.test_playbooks import LEAVES_AN_EVENT, LEAVES_NONE
from tests.ansible.test_trouble import command
from tests.ansible.versions import VERSIONS, installation
from tests.conftest import GOLDEN

pytestmark = pytest.mark.e2e


@pytest.fixture(params=VERSIONS, ids=str)
def version(request):
    return request.param


@pytest.fixture
def machine(tmp_path, version):
    """A controller of this version: it imports tfevent where it can, and finds the command where it cannot."""
    machine = Machine(tmp_path, installation(version))
    machine.environ |= {"PYTHONPATH": str(ROOT)} if version.package else command(machine)
    machine.environ["PATH"] = f"{machine.environ['PATH']}{os.pathsep}{os.environ['PATH']}"
    return machine


@pytest.mark.parametrize("name", LEAVES_AN_EVENT)
def test_a_playbook_leaves_the_same_event(machine, name):
    code, *words = LEAVES_AN_EVENT[name]
    (machine.folder / "t.j2").write_text("{{ 1 + 1 }}\n")
    ran = machine.play(name, *words)
    assert (ran.code, len(ran.said)) == (code, 1), ran.err
    expected = essence((GOLDEN / "ansible" / f"{name}.txt").read_text())
    assert essence(normal(ran.event, str(machine.folder))) == expected


@pytest.mark.parametrize("name", LEAVES_NONE)
def test_a_playbook_that_leaves_no_event(machine, name):
    code, *words = LEAVES_NONE[name]
    ran = machine.play(name, *words)
    assert (ran.code, ran.events, ran.said) == (code, [], [])


@pytest.mark.parametrize("name", test_ends.ENDS)
def test_a_signal_leaves_one_event_and_the_exit_code_as_it_was(machine, name):
    test_ends.test_a_signal_leaves_one_event_and_the_exit_code_as_it_was(machine, name)


def test_two_playbooks(machine):
    test_ends.test_two_playbooks_are_two_events_below_one_of_the_command(machine)


def test_no_planted_secret_is_told(machine):
    test_secrets.check(machine)


def test_nor_with_diff_on(machine):
    test_secrets.check(machine, "--diff")


def essence(text):
    """An event without the wording of errors, which is each version's own, and without what the file module adds."""
    made = json.loads(text[text.index("\n{\n") :])
    for failure in made.get("failures", ()):
        failure["summary"], failure["detail"] = failure["summary"].partition(":")[0], ""
    for change in made.get("changes", ()):
        change.pop("error", None)
        change["task"].pop("diff", None)
        if change["task"].get("censored"):
            change["task"].pop("items", None)  # before 2.21, or so, nothing is left of them
        for failure in change["task"].get("failures", ()):
            failure.pop("error", None)
    return made
