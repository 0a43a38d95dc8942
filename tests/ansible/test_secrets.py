"""Secrets planted in every corner of a play: none of them in the journal, in what is sent, in what we say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ansible import late_secrets, templated_secrets
from tests.support.receiver import Receiver
from tests.support.secrets import assert_nowhere, found_in

if TYPE_CHECKING:
    from tests.ansible.command import Machine

EVERYWHERE = {
    "planted-vaulted-extra": "an inline-vaulted extra variable",
    "planted-vaulted-host": "an inline-vaulted variable of a host",
    "planted-whole-file": "under a secret's name in a file that is vaulted as a whole",
    "planted-play-var": "under a secret's name among the play's variables",
    "planted-environment": "a task's environment",
    "planted-no-log": "the output of a task with no_log",
    "planted-item-one": "a loop's item",
    "planted-item-two": "a loop's item",
    "planted-content": "the content of a file",
    "planted-in-url": "an address",
    "planted-stat": "under a secret's name in set_stats",
    "planted-extra-plain": "under a secret's name on the command line",
}


def play_planted(machine: Machine, *words: str, **environ: str):
    vault = machine.playbooks / "vault"
    return machine.run(
        "ansible-playbook", "-i", str(vault / "hosts.yml"), "-e", f"out={machine.folder}",
        "-e", f"@{vault / 'inline.yml'}", "-e", f"@{vault / 'whole.yml'}", "-e", "db_pass=planted-extra-plain",
        "--vault-password-file", str(vault / "password"), str(machine.playbooks / "planted.yml"), *words, **environ,
    )  # fmt: skip


def check(machine: Machine, *words: str, asked_for: str = "", **environ: str):
    with Receiver() as receiver:
        ran = play_planted(machine, *words, TFEVENT_WEBHOOK_URL=receiver.url, **environ)
        assert ran.code == 0, ran.out + ran.err
        assert len(receiver.accepted) == 1
        assert_nowhere(EVERYWHERE.keys() - {asked_for}, machine.state, receiver.accepted[0].body, *ran.said)
    return ran


def test_no_planted_secret_is_reported(machine):
    ran = check(machine)
    assert ran.event["playbook"]["plays"] == ["Play with (sensitive)"]
    assert "Login with (sensitive)" in [change["name"] for change in ran.event["changes"]]
    assert ran.task("Write a file")["task"]["things"] == [f"{machine.folder}/(sensitive).conf"]
    assert ran.task("Says nothing")["task"]["censored"]
    assert "token=(sensitive)" in json.dumps(ran.task("Fails and quotes everything"))
    assert ran.event["data"] == {"api_key": "(sensitive)", "note": "with (sensitive)"}
    assert ran.event["playbook"]["variables"] == ["api_token", "db_pass", "out", "vaulted"]


@pytest.mark.slow
def test_nor_with_diff_on_and_its_contents_asked_for(machine):
    ran = check(machine, "--diff", asked_for="planted-content", TFEVENT_ANSIBLE_DIFF_CONTENTS="true")
    (difference,) = [line for line in ran.task("Write a file")["task"]["diff"] if "+2" in line]
    assert "+password=(sensitive)" in difference


def check_late(machine: Machine):
    with Receiver() as receiver:
        ran = late_secrets.play(machine, TFEVENT_WEBHOOK_URL=receiver.url)
        assert ran.code == 0, ran.out + ran.err
        printed = set(found_in(late_secrets.PLANTED, ran.out.encode()))
        # before ansible-core 2.19, `fail` prints a vaulted message as it stands in the file
        assert late_secrets.PLANTED - printed <= {"planted-argument-8CqQ"}, "Ansible itself prints them"
        sent = [accepted.body for accepted in receiver.accepted]
        assert_nowhere(late_secrets.PLANTED, machine.state, *sent, *ran.said)
    quoted = [change for event in ran.events for change in event.get("changes", ()) if change["task"].get("failures")]
    assert len(quoted) == 15
    for change in quoted:
        if change["name"] != "An argument":
            assert "(sensitive)" in change["task"]["failures"][0]["error"]


@pytest.mark.slow
def test_no_secret_is_reported_that_was_not_there_when_the_play_began(machine):
    check_late(machine)


def check_templated(machine: Machine):
    with Receiver() as receiver:
        ran = templated_secrets.play(machine, TFEVENT_WEBHOOK_URL=receiver.url)
        assert ran.code == 0, ran.out + ran.err
        said = set(found_in(templated_secrets.PLANTED, ran.out.encode()))
        assert templated_secrets.PLANTED - said <= {"Planted-path-8CqQ"}, "Ansible prints them"
        sent = [accepted.body for accepted in receiver.accepted]
        shown = (
            machine.tfevent("show", ran.event["id"], "--json").stdout + machine.tfevent("show", ran.event["id"]).stdout
        )
        assert_nowhere(templated_secrets.PLANTED, machine.state, *sent, *ran.said, shown)
    quoted = [change for change in ran.event["changes"] if change["task"].get("failures")]
    assert len(quoted) >= 20
    text = json.dumps(quoted)
    for harmless in ("no access with (sensitive)", "rejected (sensitive) by web1", "today", "db.example"):
        assert harmless in text, harmless


@pytest.mark.slow
def test_no_secret_is_reported_that_templates_and_lookups_give(machine):
    check_templated(machine)
