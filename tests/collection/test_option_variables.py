"""Options of the callback that variables set: only those, in any form, and none of them costs an event."""

from __future__ import annotations

import pytest

from tests.ansible.cores import CORES, with_tfevent
from tests.collection.controller import Controller

TASKS = """
- name: record
  tfevent.infra.change_event: {title: done}
- name: look
  ansible.builtin.debug: {msg: "{{ query('tfevent.infra.changes', '*') | map(attribute='title') | list }}"}
"""
VARIABLES = {
    "tfevent_title": "{{ nowhere }}",  # the user's own, as are the next two
    "tfevent_hosts": ["web1"],
    "tfevent_version": {"a": 1},
    "tfevent_include_hosts": ["web1"],  # the callback's alone
    "tfevent_environment": "{{ nowhere }}",
    "tfevent_service": "{{ ['sh', 'op'] | join }}",
    "tfevent_tags": {"team": "{{ 'web' }}", "n": 2},
    "tfevent_redact_names": ["color", "{{ 'shape' }}"],
    "tfevent_report": None,
}
WARNING = "the variable tfevent_environment cannot be used and is left out: "


def check(controller):
    done = controller.play(TASKS.replace("title: done", "title: done, data: {color: red1red1, shape: sq1sq1, n: 3}"),
                           vars=VARIABLES)  # fmt: skip
    assert done.code == 0, done.out
    (event,) = controller.events()
    assert (event.environment, event.service, event.tags) == (None, "shop", {"team": "web", "n": "2"})
    assert (event.data["n"], "red1red1" in str(event.data), "sq1sq1" in str(event.data)) == (3, False, False)
    (warning,) = done.one("record")["warnings"]
    assert warning.startswith(WARNING)
    assert "nowhere" not in warning
    assert done.one("look")["msg"] == ["done"]


@pytest.fixture
def one_host(tmp_path):
    return Controller(tmp_path, hosts=["web1"])


def test_only_options_are_asked_for_and_none_costs_an_event(one_host):
    check(one_host)


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("core", CORES, ids=str)
def test_on_every_version(tmp_path, core):
    check(Controller(tmp_path, hosts=["web1"], python=str(with_tfevent(core).bin / "python")))


def test_a_variable_goes_before_ansible_cfg(one_host):
    (one_host.path / "ansible.cfg").write_text("[callback_tfevent]\nenvironment = cfg\nservice = cfg\n")
    done = one_host.play(TASKS, vars={"tfevent_environment": "variable"})
    assert done.code == 0, done.out
    (event,) = one_host.events()
    assert (event.environment, event.service) == ("variable", "cfg")
