"""How far it is from what happened to the journal and to a backend: calls that lead from one module into another.

Counted are the calls on the way, each pair of functions once, in a real run: not those that compute something and
return, and not the start of a process. A walk that gets longer is harder to follow; shorten it, or say why here.
"""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tests.ansible.command import ROOT, Machine
from tests.support.live import Stack
from tests.support.receiver import Receiver

TRACED = ROOT / "tests" / "support" / "traced"
RESULT = "RunLog.task_result PipeSession.checkpoint PipeSession.settle RecoverableRun.checkpoint Journal.settle"
APPLY = (
    "spawn StreamReader.feed read_plan resource_outcome Journal.start Journal.settle "
    "Worker.send render HttpTransport.send Deliveries.delivered"
)
# where the way of a result begins: the hook that takes it, the one that ends the run, and a document that is read
STARTS = {"_keeps.<locals>.kept", "CallbackModule.v2_playbook_on_stats", "_answer"}
MOST = {"result": 20, "apply": 35}


def traced(folder, marks):
    """The variables that trace a command, and the file with what it called."""
    log = folder / "trace"
    return {"PYTHONPATH": str(TRACED), "TRACE_MARKS": marks, "TRACE_LOG": str(log)}, log


def ways(log):
    """Each stack that led to a mark, as functions with their modules."""
    return [[tuple(call) for call in json.loads(line)] for line in log.read_text().splitlines()]


def hops(stacks):
    """The calls from one module into another."""
    pairs = {pair: None for stack in stacks for pair in pairwise(stack)}
    return [f"{caller[0]}:{caller[1]} → {called[0]}:{called[1]}" for caller, called in pairs if caller[0] != called[0]]


def since(stack, names):
    """The stack from the first of these functions on; empty where it has none."""
    return next((stack[index:] for index, (_, name) in enumerate(stack) if name in names), [])


def reached(stacks, marks):
    assert {stack[-1][1] for stack in stacks} == set(marks.split())


def test_calls_within_a_module_and_calls_made_again_are_no_hops():
    stack = [("a.py", "f"), ("a.py", "g"), ("b.py", "h"), ("a.py", "k")]
    assert hops([stack, stack[:3]]) == ["a.py:g → b.py:h", "b.py:h → a.py:k"]


@pytest.mark.ansible
def test_an_ansible_result_to_the_journal(tmp_path):
    environ, log = traced(tmp_path, RESULT)
    machine = Machine(tmp_path)
    (tmp_path / "one.yml").write_text(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n"
        "  - ansible.builtin.copy: {content: x, dest: '{{ playbook_dir }}/made'}\n"
    )
    ran = machine.run("ansible-playbook", str(tmp_path / "one.yml"), **environ)
    assert ran.event["summary"]["hosts"] == {"changed": 1}, ran.err
    found = ways(log)
    reached(found, RESULT)
    counted = hops([way for stack in found if (way := since(stack, STARTS))])
    assert 10 < len(counted) <= MOST["result"], "\n".join(counted)


def test_an_apply_to_a_backend(tmp_path):
    environ, log = traced(tmp_path, APPLY)
    stack = Stack(tmp_path)
    with Receiver() as receiver:
        done = stack.apply('resource "terraform_data" "one" {}', TFEVENT_WEBHOOK_URL=receiver.url, **environ)
        assert (done.code, len(receiver.accepted)) == (0, 1), done.err
    found = ways(log)
    reached(found, APPLY)
    counted = hops(found)
    assert 20 < len(counted) <= MOST["apply"], "\n".join(counted)
