"""Commands of `ansible` itself: their titles name module and pattern, and no argument."""

from __future__ import annotations

import pytest

from tests.support.selection import slow


def ad_hoc(machine, *words):
    inventory = str(machine.playbooks / "inventory.yml")
    return machine.run("ansible", "-i", inventory, *words, ANSIBLE_LOAD_CALLBACK_PLUGINS="1")


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("web1", "-m", "shell", "-a", "exit 1 # planted-8CqQ"), "ad-hoc shell on web1: 1 failed"),
        slow(("web1:web2", "-a", "echo planted-8CqQ"), "ad-hoc command on web1:web2: 1 task changed 2 hosts"),
        slow(
            ("web1", "-C", "-m", "file", "-a", "path={folder}/planted-8CqQ state=touch"),
            "ad-hoc file on web1: 1 task would change 1 host",
        ),
    ],
)
def test_an_ad_hoc_command_is_named_by_module_and_pattern(machine, words, title):
    ran = ad_hoc(machine, *(word.replace("{folder}", str(machine.folder)) for word in words))
    assert ran.event["title"] == title
    assert ran.event["playbook"]["plays"] == [
        title.partition(":")[0] if words[0] == "web1" else "ad-hoc command on web1:web2"
    ]
    if "file" not in words:
        assert "planted-8CqQ" not in str(ran.event)


def test_an_ad_hoc_command_that_changes_nothing_leaves_no_event(machine):
    ran = ad_hoc(machine, "web1", "-m", "ping")
    assert (ran.code, ran.events, ran.said) == (0, [], [])
