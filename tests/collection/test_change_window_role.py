"""The role change_window: one event around a maintenance, which ends as it would without the role."""

from __future__ import annotations

import sys

import pytest

from change_events.journal import RecordState
from change_events.recording import history
from change_events.summary.explicit_message import own_part
from tests.ansible.cores import CORES, with_tfevent
from tests.collection.controller import Controller
from tests.support.selection import slow, slow_except

PLAY = """
- hosts: all
  gather_facts: false
  strategy: "%(strategy)s"
  serial: %(serial)s
  tasks:
    - name: Maintain
      ansible.builtin.include_role: {name: tfevent.infra.change_window}
      when: inventory_hostname != 'lb1'
      vars:
        change_window_title: Patch the web servers
        change_window_tasks: "{{ playbook_dir }}/maintain.yml"
        change_window_once: %(once)s
        change_window_service: shop
        change_window_tags: {team: web}
    - name: afterwards
      ansible.builtin.debug: {msg: reached}
"""
MAINTAIN = """
- name: patch
  ansible.builtin.debug: {msg: patched}
  failed_when: inventory_hostname in (failing | default('')).split(',')
"""
HOSTS = ("web1", "web2", "db1", "lb1")


@pytest.fixture
def maintain(tmp_path):
    def run(*words, once="true", strategy="linear", serial=0, tasks=MAINTAIN, how="include_role"):
        controller = Controller(tmp_path, hosts=HOSTS)
        (tmp_path / "maintain.yml").write_text(tasks)
        play = PLAY.replace("include_role", how) % {"once": once, "strategy": strategy, "serial": serial}
        done = controller.playbook(play, *words)
        return done, controller.records()

    return run


def statuses(record):
    return {host.name: host.status for host in record.event.hosts}


ASK = """
- name: ask
  ansible.builtin.debug: {msg: "{{ query('tfevent.infra.changes', '*', outcome='running') }}"}
"""


def test_one_event_from_start_to_end(maintain):
    done, (record,) = maintain(tasks=MAINTAIN + ASK)
    assert done.code == 0, done.out
    event = record.event
    assert (record.state, record.outcome, event.title) == (RecordState.SETTLED, "succeeded", "Patch the web servers")
    assert (event.service, event.tags, own_part(event)) == ("shop", {"team": "web"}, "")
    assert statuses(record) == dict.fromkeys(("web1", "web2", "db1"), "changed"), "lb1 took no part"
    assert event.ended_at > event.started_at
    assert len(done.of("afterwards")) == 4
    under_way = [len(result["msg"]) for result in done.of("tfevent.infra.change_window : ask")]
    assert under_way == [1, 1, 1], "while the run goes on"


def test_a_host_that_fails_is_reported_and_fails_as_before(maintain):
    done, (record,) = maintain("-e", "failing=web1")
    assert done.code == 2
    assert done.failed == ["tfevent.infra.change_window : patch"]
    assert "rescued=1" not in done.out
    assert {r["host"] for r in done.results if r["task"] == "afterwards"} == {"web2", "db1", "lb1"}, "in any order"
    assert (record.outcome, record.title) == ("partial", "Patch the web servers — partially failed")
    assert statuses(record) == {"web1": "failed", "web2": "changed", "db1": "changed"}
    assert own_part(record.event) == "Not finished on web1."


@pytest.mark.slow
def test_all_hosts_that_fail_are_reported(maintain):
    done, (record,) = maintain("-e", "failing=web1,db1")
    assert (done.code, own_part(record.event)) == (2, "Not finished on web1, db1.")
    assert "change_window_id" not in done.out
    assert "[DEPRECATION" not in done.out


@pytest.mark.slow
def test_if_no_host_comes_through_it_failed(maintain):
    done, (record,) = maintain("-e", "failing=web1,web2,db1")
    assert (done.code, record.outcome, record.severity) == (2, "failed", "error")


@pytest.mark.slow
def test_a_missing_file_of_tasks_is_a_failure_that_is_reported(maintain):
    done, (record,) = maintain("-e", "change_window_tasks=/no/such/file.yml")
    assert (done.code, record.state, record.outcome) == (2, RecordState.SETTLED, "failed")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["linear", slow("free")])
def test_an_event_of_each_host(maintain, strategy):
    done, records = maintain("-e", "failing=web2", once="false", strategy=strategy)
    assert done.code == 2
    found = {host: (record.outcome, record.state) for record in records for host in statuses(record)}
    assert found == {
        "web1": ("succeeded", RecordState.SETTLED),
        "web2": ("failed", RecordState.SETTLED),
        "db1": ("succeeded", RecordState.SETTLED),
    }
    assert len(records) == 3


@pytest.mark.slow
def test_each_batch_of_a_play_has_its_own(maintain):
    done, records = maintain("-e", "failing=db1", serial=2)
    assert done.code == 2, done.out
    assert [(record.outcome, sorted(statuses(record))) for record in records] == [
        ("succeeded", ["web1", "web2"]),
        ("failed", ["db1"]),
    ]


@pytest.mark.slow
def test_twice_in_one_play_is_two_events(maintain, tmp_path):
    twice = MAINTAIN.replace("failing | default('')", "failing | default('') if round == 'b' else ''")
    controller = Controller(tmp_path, hosts=["web1"])
    (tmp_path / "maintain.yml").write_text(twice)
    text = PLAY % {"once": "true", "strategy": "linear", "serial": 0}
    text = text.replace("      when: inv", "      loop: [a, b]\n      loop_control: {loop_var: round}\n      when: inv")
    done = controller.playbook(text, "-e", "failing=web1")
    assert done.code == 2
    assert [record.outcome for record in controller.records()] == ["succeeded", "failed"]


@pytest.mark.slow
def test_check_mode_records_nothing(maintain):
    done, records = maintain("--check")
    assert (done.code, records) == (0, [])


@pytest.mark.slow
def test_a_mistake_is_reported_before_anything_is_done(maintain):
    done, records = maintain("-e", "change_window_kind=deploy")
    assert (done.code, records) == (2, [])
    assert "value of change_window_kind must be one of" in done.out


IMPORTED = """
- hosts: all
  gather_facts: false
  serial: "{{ serial | default(0) }}"
  roles:
    - role: tfevent.infra.change_window
      when: inventory_hostname in part.split(',')
      vars:
        change_window_title: Patch
        change_window_tasks: "{{ playbook_dir }}/maintain.yml"
        change_window_once: "{{ once | default(true) }}"
  post_tasks:
    - name: afterwards
      ansible.builtin.debug: {msg: reached}
"""


def imported(path, *words, python=sys.executable):
    controller = Controller(path, hosts=HOSTS, python=python)
    (path / "maintain.yml").write_text(MAINTAIN)
    return controller.playbook(IMPORTED, *words), controller.records()


def check_without_the_first_host(done, records):
    (record,) = records
    assert (done.code, record.outcome) == (0, "succeeded"), done.out
    assert set(statuses(record)) == {"web2", "db1"}
    assert {r["host"] for r in done.results if r["task"].endswith("patch") and r["status"] == "ok"} == {"web2", "db1"}
    assert len(done.of("afterwards")) == 4


@pytest.mark.slow
def test_an_imported_role_in_which_the_first_host_takes_no_part(tmp_path):
    check_without_the_first_host(*imported(tmp_path, "-e", "part=web2,db1"))


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("core", CORES, ids=str)
def test_an_imported_role_on_every_version(tmp_path, core):
    python = str(with_tfevent(core).bin / "python")
    check_without_the_first_host(*imported(tmp_path, "-e", "part=web2,db1", python=python))


@pytest.mark.slow
def test_an_imported_role_in_batches_and_by_host(tmp_path):
    done, records = imported(tmp_path, "-e", "part=web2,db1 serial=2")
    assert (done.code, [set(statuses(record)) for record in records]) == (0, [{"web2"}, {"db1"}])
    done, records = imported(tmp_path, "-e", "part=web2,db1 once=false")
    assert (done.code, sorted(str(set(statuses(record))) for record in records[2:])) == (0, ["{'db1'}", "{'web2'}"])


@pytest.mark.slow
def test_an_imported_role_in_which_nobody_takes_part(tmp_path):
    done, records = imported(tmp_path, "-e", "part=nobody")
    assert (done.code, records, len(done.of("afterwards"))) == (0, [], 4)


ENDS = {
    "end_play": "- name: stop here\n  ansible.builtin.meta: end_play",
    "unreachable": "- name: where is it\n  ansible.builtin.ping:\n"
    "  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9}",
}


@pytest.mark.parametrize("end", slow_except(ENDS, "end_play"))
def test_an_end_that_nobody_says_is_reported_as_unknown_after_the_run(maintain, tmp_path, monkeypatch, end):
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    done, (record,) = maintain(tasks=ENDS[end])
    assert record.state is RecordState.STARTED, done.out
    (event,) = history.events(str(tmp_path), {"TFEVENT_JOURNAL": str(tmp_path / "state" / "journal.db")}, print)
    assert (event["outcome"], event["title"]) == ("unknown", "Patch the web servers — outcome unknown")


NESTED = """
- name: prepare
  ansible.builtin.debug: {msg: before}
- name: inner
  ansible.builtin.%(how)s: {name: tfevent.infra.change_window}
  vars:
    change_window_title: Inner database
    change_window_once: "{{ inner_once | default(true) | bool }}"
    change_window_tasks: "{{ playbook_dir }}/inner.yml"
- name: after the inner one
  ansible.builtin.debug: {msg: after}
  failed_when: inventory_hostname in (failing_after | default('')).split(',')
"""
INNER = """
- name: inside
  ansible.builtin.debug: {msg: inside}
  failed_when: inventory_hostname in (failing | default('')).split(',')
"""


@pytest.mark.parametrize(
    ("how", "once"), [("include_role", "true"), slow("include_role", "false"), slow("import_role", "true")]
)
def test_events_stand_inside_one_another(maintain, tmp_path, how, once):
    (tmp_path / "inner.yml").write_text(INNER)
    done, records = maintain("-e", f"inner_once={once}", tasks=NESTED % {"how": how}, how=how)
    assert done.code == 0, done.out
    titles = sorted(record.event.title for record in records)
    assert titles == ["Inner database"] * (1 if once == "true" else 3) + ["Patch the web servers"]
    assert {record.outcome for record in records} == {"succeeded"}


@pytest.mark.slow
def test_an_import_inside_an_include_is_refused_and_no_endless_loop(maintain, tmp_path):
    (tmp_path / "inner.yml").write_text(INNER)
    done, (record,) = maintain(tasks=NESTED % {"how": "import_role"})
    assert (done.code, record.outcome) == (2, "failed")
    assert "write include_role for the inner one, too" in done.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "inner", "outer"), [("failing_after", "succeeded", "failed"), slow("failing", "failed", "failed")]
)
def test_each_of_two_nested_events_has_its_own_end(maintain, tmp_path, variable, inner, outer):
    (tmp_path / "inner.yml").write_text(INNER)
    everywhere = "web1,web2,db1"
    done, records = maintain("-e", f"{variable}={everywhere}", tasks=NESTED % {"how": "include_role"})
    assert done.code == 2
    found = {record.event.title.partition(" —")[0]: record.outcome for record in records}
    assert found == {"Inner database": inner, "Patch the web servers": outer}


@pytest.mark.slow
def test_two_events_one_after_the_other_do_not_mix(maintain, tmp_path):
    (tmp_path / "inner.yml").write_text(INNER)
    twice = (NESTED % {"how": "include_role"}) * 2
    done, records = maintain("-e", "failing=web1", tasks=twice)
    assert done.code == 2, done.out
    outcomes = sorted((record.event.title.partition(" —")[0], record.outcome) for record in records)
    assert outcomes == [
        ("Inner database", "partial"), ("Inner database", "succeeded"), ("Patch the web servers", "partial"),
    ]  # fmt: skip
