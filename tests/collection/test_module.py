"""The module change_event in real playbooks: what it records, returns, refuses, and never does to the run."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from change_events.journal import RecordState
from change_events.model import Link, Severity
from change_events.summary.explicit_message import own_part
from tests.collection.controller import Controller
from tests.support.receiver import Receiver, refused_url, status
from tests.support.secrets import PASSWORD, assert_nowhere
from tests.support.selection import slow, slow_except

SEVERAL = """
- name: each host
  tfevent.infra.change_event: {title: "patched {{ inventory_hostname }}"}
- name: once
  tfevent.infra.change_event: {title: "once {{ inventory_hostname }}", once: true}
- name: once an item
  tfevent.infra.change_event: {title: "item {{ item }}", once: true}
  loop: [one, two]
- name: run once
  tfevent.infra.change_event: {title: by Ansible's own word, hosts: "{{ omit }}"}
  run_once: true
- name: another host
  tfevent.infra.change_event: {title: delegated, once: true}
  delegate_to: db1
- name: no host
  tfevent.infra.change_event: {title: about others, once: true, hosts: [lb1, lb2], failed_hosts: [lb2, lb3]}
"""


@pytest.fixture(scope="module", params=["linear", slow("free")])
def several(request, tmp_path_factory):
    """One run over hosts that cannot be connected to, with events of every breadth."""
    controller = Controller(tmp_path_factory.mktemp(request.param))
    unreachable = {"ansible_connection": "ssh", "ansible_port": 9}
    done = controller.play(SEVERAL, strategy=request.param, vars=unreachable)
    assert done.code == 0, done.out
    return done, {event.title: event for event in controller.events()}, controller.events(), request.param


def test_no_host_is_connected_to(several):
    done, _, _, _ = several
    assert not [result for result in done.results if result["status"] != "ok"]


def test_an_event_of_each_host_is_about_that_host(several):
    done, titled, _, _ = several
    for host in ("web1", "web2", "db1"):
        event = titled[f"patched {host}"]
        assert [(one.name, one.status) for one in event.hosts] == [(host, "changed")]
        assert done.one("each host", host)["id"] == event.id
        assert done.one("each host", host)["changed"]


def test_once_is_one_event_about_all_hosts_whose_id_each_host_has(several):
    done, _, events, strategy = several
    (event,) = [event for event in events if event.title.startswith("once ")]
    results = done.of("once")
    assert {result["id"] for result in results} == {event.id}
    assert sorted(result["changed"] for result in results) == [False, False, True]
    assert sorted(result["repeated"] for result in results) == [False, True, True]
    if strategy == "linear":
        assert sorted(host.name for host in event.hosts) == ["db1", "web1", "web2"]


def test_once_counts_each_item_of_a_loop(several):
    _, _, events, _ = several
    assert sorted(event.title for event in events if event.title.startswith("item")) == ["item one", "item two"]


def test_run_once_is_about_all_hosts(several):
    _, titled, events, strategy = several
    if strategy == "linear":
        assert sorted(host.name for host in titled["by Ansible's own word"].hosts) == ["db1", "web1", "web2"]
        assert [event.title for event in events].count("by Ansible's own word") == 1


def test_delegation_changes_nothing(several):
    done, _, events, _ = several
    assert [event.title for event in events].count("delegated") == 1
    assert len(done.of("another host")) == 3


def test_hosts_can_be_named(several):
    _, titled, _, _ = several
    hosts = {host.name: host.status for host in titled["about others"].hosts}
    assert hosts == {"lb1": "changed", "lb2": "failed", "lb3": "failed"}


WHOLE = """
- name: whole
  tfevent.infra.change_event:
    kind: deployment
    title: shop {{ version }} deployed
    message: "*All* pods."
    severity: warning
    environment: prod
    service: shop
    version: "{{ version }}"
    tags: {team: a, wave: 2, canary: true}
    data: {pods: 12, nested: {list: [1, two]}}
    started_at: 2026-11-25T14:00:00+01:00
    ended_at: "1795612200.5"
    links: [{title: notes, url: "https://user:hunter2hunter2@example.com/1"}]
    destinations: [a]
- name: start
  tfevent.infra.change_event: {state: started, title: maintenance, message: First., service: db, tags: {n: 1}}
  register: maintenance
- name: end
  tfevent.infra.change_event:
    {state: finished, id: "{{ maintenance.id }}", outcome: failed, message: Then., tags: {n: 2}}
- name: end again
  tfevent.infra.change_event: {state: finished, id: "{{ maintenance.id }}"}
- name: defaults
  tfevent.infra.change_event: {title: with defaults}
  module_defaults: {group/tfevent.infra.all: {service: by default, destinations: []}}
- name: environment
  tfevent.infra.change_event: {title: with an environment}
  environment: {TFEVENT_ENVIRONMENT: staging, TFEVENT_JOURNAL: "{{ playbook_dir }}/other.db"}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    controller = Controller(tmp_path_factory.mktemp("whole"), hosts=["web1"])
    with Receiver() as one, Receiver() as two:
        controller.configure(a=one.url, b=two.url)
        parent = {"TFEVENT_RUN_ID": "018f0000-0000-7000-8000-000000000000", "GITHUB_ACTIONS": ""}
        done = controller.play(WHOLE, "--diff", vars={"version": "2.1"}, env=parent)
        assert done.code == 0, done.out
        received = {"a": [r.json() for r in one.accepted], "b": [r.json() for r in two.accepted]}
    return controller, done, controller.events(), received


def test_everything_that_can_be_said_is_recorded(whole):
    _, _, events, _ = whole
    event = events[0]
    assert (event.kind, event.title, own_part(event)) == ("deployment", "shop 2.1 deployed", "*All* pods.")
    assert (event.severity, event.environment, event.service, event.version) == ("warning", "prod", "shop", "2.1")
    assert event.tags == {"team": "a", "wave": "2", "canary": "true"}
    assert event.data == {"pods": 12, "nested": {"list": [1, "two"]}}
    assert event.started_at == datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert event.ended_at == datetime(2026, 11, 25, 13, 10, 0, 500_000, tzinfo=UTC)
    assert (event.outcome, event.phase, event.explicit) == ("succeeded", "applied", True)
    assert (event.tool.name, event.actor.user) == ("ansible", "someone")


def test_credentials_in_a_link_are_hidden(whole):
    controller, done, events, received = whole
    assert isinstance(events[0].links[0], Link)
    assert_nowhere(["hunter2hunter2"], controller.journal_path, json.dumps(received), json.dumps(done.one("whole")))


def test_the_event_belongs_to_the_run_around_it(whole):
    _, _, events, _ = whole
    assert events[0].trace.parent_run_id == "018f0000-0000-7000-8000-000000000000"


def test_only_the_named_destinations_get_it_and_the_result_says_which(whole):
    _, done, events, received = whole
    assert done.one("whole")["delivered"] == ["a"]
    assert done.one("end")["delivered"] == ["a", "b"]
    assert done.one("defaults")["delivered"] == []
    assert [event["id"] for event in received["a"]] == [events[0].id, events[1].id, done.one("environment")["id"]]
    assert [event["id"] for event in received["b"]] == [events[1].id, done.one("environment")["id"]]


def test_the_result_is_what_was_sent(whole):
    _, done, _, received = whole
    result = done.one("whole")
    assert (result["changed"], result["recorded"], result["repeated"]) == (True, True, False)
    assert (result["state"], result["waiting"], result["parked"]) == ("event", [], [])
    assert result["event"] == received["a"][0]
    assert result["title"] == result["event"]["title"]


def test_started_is_under_way_and_the_end_settles_it(whole):
    _, done, events, _ = whole
    start, end = done.one("start"), done.one("end")
    assert start["recorded"]
    assert "outcome" not in start["event"]
    assert (start["delivered"], end["id"]) == ([], start["id"])
    event = events[1]
    assert (event.id, event.outcome, event.title) == (start["id"], "failed", "maintenance — failed")
    assert (own_part(event), event.service, event.tags) == ("First.\n\nThen.", "db", {"n": "2"})
    assert event.severity is Severity.ERROR
    assert event.ended_at > event.started_at
    assert [host.name for host in event.hosts] == ["web1"]


def test_of_two_ends_the_first_counts(whole):
    _, done, _, _ = whole
    again = done.one("end again")
    assert (again["changed"], again["repeated"], again["event"]["outcome"]) == (False, True, "failed")


def test_diff_shows_the_event(whole):
    _, done, _, _ = whole
    diff = done.one("whole")["diff"]
    assert (diff["before"], diff["after_header"]) == ("", "shop 2.1 deployed")
    assert json.loads(diff["after"]) == done.one("whole")["event"]
    assert "diff" not in done.one("end again")


def test_defaults_and_the_environment_of_the_task_count(whole):
    controller, _, events, _ = whole
    assert events[2].service == "by default"
    assert len(events) == 3, "the last went to a journal of its own"
    (other,) = controller.events(controller.path / "other.db")
    assert (other.title, other.environment) == ("with an environment", "staging")


CHECK = """
- name: event
  tfevent.infra.change_event: {title: x}
- name: start
  tfevent.infra.change_event: {state: started, title: x}
  register: begun
- name: end
  tfevent.infra.change_event: {state: finished, id: "{{ begun.id }}"}
- name: all the same
  tfevent.infra.change_event: {title: really, dedup_key: k}
  check_mode: false
- name: again
  tfevent.infra.change_event: {title: really, dedup_key: k}
"""


@pytest.mark.slow
def test_check_mode_records_nothing_and_says_what_it_would(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    with Receiver() as receiver:
        controller.configure(hook=receiver.url)
        done = controller.play(CHECK, "--check", "--diff")
        assert done.code == 0, done.out
        for task, waiting in (("event", ["hook"]), ("start", []), ("end", ["hook"])):
            result = done.one(task)
            assert (result["changed"], result["recorded"], result["waiting"]) == (True, False, waiting)
            assert result["delivered"] == []
        assert done.one("event")["event"]["title"] == "x"
        assert '"title": "x"' in done.one("event")["diff"]["after"]
        assert done.one("end")["id"] == done.one("start")["id"]
        assert (done.one("again")["changed"], done.one("again")["repeated"]) == (False, True)
        assert [event.title for event in controller.events()] == ["really"]
        assert len(receiver.received) == 1


UNIQUE = """
- name: deployment
  tfevent.infra.change_event: {title: "shop {{ v }}", dedup_key: "shop-{{ v }}", dedup_window: "{{ within }}"}
"""


@pytest.mark.slow
def test_a_playbook_that_is_run_again_records_one_deployment_once(controller):
    first = controller.play(UNIQUE, "-e", "v=1.4 within=3600")
    again = controller.play(UNIQUE, "-e", "v=1.4 within=3600")
    assert [sum(r["changed"] for r in done.of("deployment")) for done in (first, again)] == [1, 0]
    assert len({r["id"] for done in (first, again) for r in done.of("deployment")}) == 1
    assert "changed=0" in again.out
    later = controller.play(UNIQUE, "-e", "v=1.4 within=0.001", "--limit", "web1")
    assert later.one("deployment")["changed"]
    assert len(controller.events()) == 2


WRONG = {
    "no title": ("{kind: build}", "title"),
    "a title without a word": ("{title: '  '}", "title: expected one line"),
    "an id of what is not settled": (
        "{title: x, id: 018f0000-0000-7000-8000-000000000001}",
        "id: only with state=finished",
    ),
    "an unknown argument": ("{title: x, titel: y}", "titel"),
    "an unknown kind": ("{title: x, kind: deploy}", "kind"),
    "no id": ("{state: finished}", "id"),
    "two ways of once": ("{title: x, once: true, dedup_key: k}", "once"),
    "no time": (
        "{title: x, started_at: yesterday}",
        "started_at: invalid time 'yesterday', expected a timestamp such as 2026-",
    ),
    "an end before the start": (
        "{title: x, started_at: 2026-11-25 12:00, ended_at: 2026-11-25 11:00}",
        "ended_at: is before the start",
    ),
    "an end of a start": ("{title: x, state: started, ended_at: 2026-11-25 11:00}", "ended_at: is that of the task"),
    "a start of an end": ("{id: x, state: finished, started_at: 2026-11-25 11:00}", "started_at: is that of the task"),
    "an outcome of a start": ("{title: x, state: started, outcome: failed}", "outcome: what has just started"),
    "a state of old": (
        "{id: x, state: failed}",
        "value of state must be one of: event, started, finished, got: failed",
    ),
    "no seconds": ("{title: x, dedup_key: k, dedup_window: 0}", "dedup_window: expected a number"),
    "a link without address": ("{title: x, links: [{title: y}]}", "url"),
}


def test_wrong_arguments_fail_and_are_named(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    tasks = [
        f"- name: {name}\n  tfevent.infra.change_event: {arguments}\n  ignore_errors: true"
        for name, (arguments, _) in WRONG.items()
    ]
    asynchronous = "- name: async\n  tfevent.infra.change_event: {title: x}\n  async: 10\n  ignore_errors: true"
    done = controller.play("\n".join([*tasks, asynchronous]))
    assert done.code == 0, done.out
    for name, (_, words) in WRONG.items():
        assert words in done.one(name)["msg"], name
        assert name in done.failed
    assert "async" in done.one("async")["msg"]
    assert controller.events() == []


TROUBLE = """
- name: waits
  tfevent.infra.change_event: {title: waits, destinations: [down], required: true}
- name: refused
  tfevent.infra.change_event: {title: refused, destinations: [strict]}
- name: nowhere
  tfevent.infra.change_event: {title: nowhere, destinations: [pager]}
- name: no start
  tfevent.infra.change_event: {state: finished, id: 018f0000-0000-7000-8000-000000000001}
- name: no id
  tfevent.infra.change_event: {state: finished, id: maintenance}
- name: no start, required
  tfevent.infra.change_event: {state: finished, id: 018f0000-0000-7000-8000-000000000001, required: true}
  ignore_errors: true
"""


@pytest.mark.slow
def test_trouble_is_a_warning_and_a_failure_only_where_it_is_asked_for(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    with Receiver(always=status(400)) as strict:
        controller.configure(down=refused_url(), strict=strict.url)
        done = controller.play(TROUBLE)
    assert done.code == 0, done.out
    waits, refused, nowhere = (done.one(task) for task in ("waits", "refused", "nowhere"))
    assert (waits["changed"], waits["waiting"], refused["parked"]) == (True, ["down"], ["strict"])
    assert "the event waits" in waits["warnings"][0]
    assert "the event is parked" in refused["warnings"][0]
    assert nowhere["warnings"] == ["destinations: tfevent.yaml has none named 'pager'; it has down, strict"]
    assert nowhere["recorded"]
    for task in ("no start", "no id"):
        result = done.one(task)
        assert (result["changed"], result["recorded"], bool(result["warnings"])) == (False, False, True)
        assert result["id"]
    assert "[WARNING]: id: 'maintenance' is not an event ID" in done.out
    assert done.failed == ["no start, required"]
    assert "no started event with this ID in this journal" in done.one("no start, required")["msg"]


BROKEN = """
- name: warns
  tfevent.infra.change_event: {state: started, title: x}
  register: begun
- name: ends all the same
  tfevent.infra.change_event: {state: finished, id: "{{ begun.id }}"}
- name: fails
  tfevent.infra.change_event: {title: x, required: true}
  ignore_errors: true
"""


def test_a_journal_that_cannot_be_written_is_a_warning(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    done = controller.play(BROKEN, env={"TFEVENT_JOURNAL": "/proc/no/journal.db"})
    assert done.code == 0, done.out
    assert "/proc/no/journal.db" in done.one("warns")["warnings"][0]
    assert (done.one("warns")["changed"], done.one("ends all the same")["changed"]) == (False, False)
    assert done.failed == ["fails"]
    assert "/proc/no/journal.db" in done.one("fails")["msg"]


@pytest.fixture
def no_package(tmp_path):
    """Ansible's Python has a broken tfevent package, as one for another Python would be."""
    package = tmp_path / "broken" / "change_events"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('planted')\n")
    return str(package.parent)


def test_without_the_package_one_sentence_says_what_to_do(tmp_path, no_package):
    controller = Controller(tmp_path, hosts=["web1"])
    done = controller.play(BROKEN, env={"PYTHONPATH": no_package, "PATH": "/usr/bin:/bin"})
    assert done.code == 0, done.out
    assert "install the tfevent package for that Python" in done.one("warns")["warnings"][0]
    assert "install the tfevent package for that Python" in done.one("fails")["msg"]
    assert done.one("warns")["id"]
    assert "planted" not in done.out


@pytest.mark.slow
def test_without_the_package_the_command_does_it(tmp_path, no_package):
    controller = Controller(tmp_path, hosts=["web1"])
    command = tmp_path / "bin" / "tfevent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {controller.bin}/tfevent "$@"\n')
    command.chmod(0o755)
    with Receiver() as receiver:
        controller.configure(hook=receiver.url)
        env = {"PYTHONPATH": no_package, "PATH": f"{command.parent}:/usr/bin:/bin"}
        done = controller.play(BROKEN + TROUBLE, env=env)
        assert done.code == 0, done.out
        assert (done.one("warns")["changed"], done.one("ends all the same")["delivered"]) == (True, ["hook"])
        assert done.one("nowhere")["warnings"] == ["destinations: tfevent.yaml has none named 'pager'; it has hook"]
        assert "no started event with this ID in this journal" in done.one("no start")["warnings"][0]
        assert done.failed == ["no start, required"]
        assert len(receiver.accepted) == 2
    assert [record.state for record in controller.records()].count(RecordState.SETTLED) == len(controller.records())


SECRET = """
- name: no log
  tfevent.infra.change_event:
    title: deployed with {{ plain_word }}
    message: "{{ plain_word }}"
    data: {note: "{{ plain_word }}"}
    tags: {x: "{{ plain_word }}"}
    links: [{title: y, url: "https://example.com/{{ plain_word }}"}]
    service: shop
  no_log: true
- name: vaulted
  tfevent.infra.change_event:
    title: title {{ vaulted }}
    message: "inside {{ vaulted | b64encode }}"
- name: by name
  tfevent.infra.change_event: {title: x, message: "with {{ db_password }}", data: {api_token: opensesame99}}
- name: environment
  tfevent.infra.change_event: {title: x, message: value-of-the-environment}
  environment: {MY_SECRET: value-of-the-environment}
- name: in an error
  tfevent.infra.change_event: {title: x, started_at: "{{ vaulted }}"}
  ignore_errors: true
"""


def test_no_secret_is_reported(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    (tmp_path / "vault").write_text("vault-password")
    words = ("--vault-password-file", "vault", "--name", "vaulted", PASSWORD)
    inline = controller.run("ansible-vault", "encrypt_string", *words).out
    inline = inline[inline.index("vaulted:") : inline.rindex("Encryption") if "Encryption" in inline else None]
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(
        f"{inline}\nplain_word: nobody-marked-this-one\ndb_password: swordfish-swordfish\n"
    )
    with Receiver() as receiver:
        controller.configure(hook=receiver.url)
        done = controller.play(SECRET, "--vault-password-file", "vault", "--diff", "-vvv")
        assert done.code == 0, done.out
        sent = b"\n".join(request.body for request in receiver.received)
    assert len(controller.events()) == 4
    nowhere = ["nobody-marked-this-one", "opensesame99", PASSWORD, "swordfish-swordfish", "value-of-the-environment"]
    assert_nowhere(nowhere, sent, *controller.journal_path.parent.glob("journal.db*"))
    results = [json.dumps(done.of(task)) for task in ("no log", "vaulted", "by name", "environment")]
    assert_nowhere(nowhere, *results)
    censored = controller.events()[0]
    assert censored.service == "shop"
    assert (own_part(censored), censored.data, censored.tags, censored.links) == ("", {}, {}, ())
    assert "censored" in done.one("no log")


def test_mistakes_in_the_settings_are_reported_and_the_event_is_recorded(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    (tmp_path / "tfevent.yaml").write_text("enviroment: prod\n")
    done = controller.play("- name: x\n  tfevent.infra.change_event: {title: x}")
    assert (done.code, len(controller.events())) == (0, 1)
    assert "did you mean environment" in done.one("x")["warnings"][0]


def test_an_ad_hoc_command_sends_one(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    done = controller.run(
        "ansible", "-i", "inventory.yml", "web1", "-m", "tfevent.infra.change_event", "-a", "title='by hand' kind=build"
    )
    assert done.code == 0, done.out
    assert [(event.title, event.kind) for event in controller.events()] == [("by hand", "build")]
    assert os.stat(controller.journal_path).st_mode & 0o077 == 0


CONTRADICTIONS = """
- name: future
  tfevent.infra.change_event: {title: x, started_at: "{{ next_year }}"}
  ignore_errors: true
- name: backwards
  tfevent.infra.change_event: {title: x, started_at: "2026-11-02T00:00:00Z", ended_at: "2026-11-01T00:00:00Z"}
  ignore_errors: true
- name: key
  tfevent.infra.change_event: {title: "two", dedup_key: "shop-{{ b_token }}"}
  vars: {b_token: Kd83-nfQ2-vv71-Zp0x}
  ignore_errors: true
- name: begin
  tfevent.infra.change_event: {title: begun, state: started}
  register: begun
- name: end before it
  tfevent.infra.change_event: {state: finished, id: "{{ begun.id }}", ended_at: "2020-01-01T00:00:00Z"}
  ignore_errors: true
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", slow_except(["package", "command"], "package"))
def test_an_event_that_contradicts_itself_fails_the_task(tmp_path, no_package, way):
    controller = Controller(tmp_path, hosts=["web1"])
    env = {}
    if way == "command":
        command = tmp_path / "bin" / "tfevent"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {controller.bin}/tfevent "$@"\n')
        command.chmod(0o755)
        env = {"PYTHONPATH": no_package, "PATH": f"{command.parent}:/usr/bin:/bin"}
    later = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    done = controller.play(CONTRADICTIONS, env=env, vars={"next_year": later})
    assert done.code == 0, done.out
    messages = {name: done.one(name)["msg"] for name in ("future", "backwards", "key", "end before it")}
    assert "started_at: is in the future: expected a time up to" in messages["future"]
    assert "ended_at: is before the start: expected a time from 2026-11-02" in messages["backwards"]
    assert "dedup_key: looks like a secret" in messages["key"]
    assert "ended_at: is before the start: the event began at" in messages["end before it"]
    assert [event.title for event in controller.events()] == ["begun"]
