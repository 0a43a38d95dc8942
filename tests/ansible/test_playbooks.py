"""Every situation that a playbook can be in, and the event it leaves: golden files."""

from __future__ import annotations

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import STATUSES

from tests.ansible.normalised_event import normal
from tests.support.selection import slow_except

# playbook: exit code, further words of the command line
LEAVES_AN_EVENT = {
    "any_errors_fatal": (2,),
    "async_asked": (2,),
    "async_forgotten": (0,),
    "async_hidden": (0,),
    "async_waited": (0,),
    "between_plays": (4,),
    "changed": (0,),
    "check": (0, "--check", "--diff"),
    "check_only": (2, "--check"),
    "clear_errors": (0,),
    "delegated": (2,),
    "delegated_in_loops": (0,),
    "delegated_partly": (4,),
    "diff": (0, "--diff"),
    "diff_of_files": (0, "--diff"),
    "end_early": (0,),
    "failed_says_changed": (2,),
    "handler_fails": (2,),
    "handlers": (0,),
    "ignore_unreachable": (0,),
    "ignored": (0,),
    "include_missing": (2,),
    "includes": (0,),
    "loop": (0,),
    "loop_fails": (2,),
    "loops_partly": (0,),
    "max_fail": (2,),
    "modules": (0,),
    "no_log": (0,),
    "no_log_at_times": (2,),
    "recap": (2,),
    "rescue_fails": (2,),
    "rescue_imports_fail": (2,),
    "rescued": (0,),
    "rescued_imports": (0,),
    "rescued_in_always": (2,),
    "retries": (2,),
    "role_missing": (2,),
    "rounds": (0,),
    "run_once": (0,),
    "serial": (0,),
    "skipped": (0,),
    "stats": (0,),
    "strategy_free": (2,),
    "strategy_host_pinned": (2,),
    "tagged": (0, "--tags", "deploy,config", "--skip-tags", "config", "--limit", "web1:web2"),
    "templated": (0,),
    "unreachable": (4,),
}
LEAVES_NONE = {
    "does_not_parse": (4,),
    "facts_only": (0,),
    "knowledge": (0,),
    "no_hosts": (0,),
    "nothing_changed": (0,),
}
# one of each kind of situation; all of them run in `make e2e`, there on every version of ansible-core as well
QUICK = (
    "any_errors_fatal",
    "async_asked",
    "changed",
    "check",
    "delegated_partly",
    "diff",
    "handler_fails",
    "includes",
    "loop_fails",
    "no_log_at_times",
    "rescue_fails",
    "rescued_imports",
    "retries",
    "run_once",
    "strategy_free",
    "tagged",
    "unreachable",
)


@pytest.mark.parametrize("name", slow_except(LEAVES_AN_EVENT, *QUICK))
def test_a_playbook_and_its_event(machine, golden, name):
    code, *words = LEAVES_AN_EVENT[name]
    (machine.folder / "t.j2").write_text("{{ 1 + 1 }}\n")
    ran = machine.play(name, *words)
    assert (ran.code, len(ran.said)) == (code, 1), ran.err
    assert not ran.recap or figures(ran) == ran.recap
    golden(f"ansible/{name}.txt")(normal(ran.event, str(machine.folder)))


def test_handlers_that_fail_within_a_block_are_rescued_as_the_recap_has_it(machine):
    ran = machine.play("rescued_handlers")
    assert (ran.code, figures(ran)) == (2, ran.recap)
    counted = [change["task"]["hosts"] for change in ran.event["changes"] if change["task"].get("handler")]
    web1 = ran.recap["web1"]
    assert sum(hosts.get("failed", 0) for hosts in counted) == web1["failed"]
    assert sum(hosts.get("rescued", 0) for hosts in counted) == web1["rescued"]


def figures(ran):
    """Those of the event's hosts that the recap knows."""
    hosts = {host["name"]: {name: host.get(name, 0) for name in STATUSES} for host in ran.event["hosts"]}
    return {host: numbers for host, numbers in hosts.items() if any(numbers.values())}


@pytest.mark.parametrize("name", slow_except(LEAVES_NONE, "does_not_parse", "nothing_changed"))
def test_a_playbook_that_leaves_no_event(machine, name):
    code, *words = LEAVES_NONE[name]
    ran = machine.play(name, *words)
    assert (ran.code, ran.events, ran.said) == (code, [], [])
