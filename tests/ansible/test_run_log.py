"""What is kept of a run while it goes on, with plain data: figures that add up, in memory that does not grow."""

from __future__ import annotations

import tracemalloc

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils import run_document, trace
from ansible_collections.tfevent.infra.plugins.plugin_utils.records import (
    FAILED,
    OK,
    SKIPPED,
    Circumstances,
    Result,
    Task,
)
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_log import MOST_ROUNDS, RunLog
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import STATUSES, error_text
from hypothesis import given
from hypothesis import strategies as some

import change_events.trace
from change_events.recording.ingest import event_of
from change_events.redact import Redactor
from change_events.summary.playbook import became, title

ABOUT = Circumstances(file="/srv/site.yml", directory="/srv", playbooks=("site.yml",))
IDENTITY = run_document.Identity("01a20000-0000-7000-8000-000000000001", 1_000.0, {"run_id": "r"})
CHANGED = {"changed": True}
CHANGED_TOO = "changed"  # the figure


def running(*tasks, hosts=("a", "b"), **options):
    run = RunLog(**options)
    run.play_starts("p", "Play")
    for host in hosts:
        run.host_seen(host, ("web",))
    for task in tasks:
        run.task_starts(task)
    return run


def task(uuid="t", name="Task", line=1, **more):
    return Task(uuid, name, more.pop("action", "ansible.builtin.copy"), file="/srv/site.yml", line=line, **more)


def ended(run, host, uuid="t", status=OK, data=CHANGED, **more):
    run.task_started(uuid, host)
    run.task_result(Result(uuid, host, status, data, **more))


def event(run, **options):
    """The event, which must be one by the published schema."""
    made = run_document.event(run, ABOUT, IDENTITY, **options)
    event_of({"api": 1, "event": made}, Redactor())
    return made


# -- figures ------------------------------------------------------------------------------------------------------


def test_a_run_that_never_comes_to_its_recap_takes_what_was_followed_for_rescued():
    run = running(task(rescued=True), task("u", "Next", 2))
    ended(run, "a", status=FAILED, data={"msg": "no"})
    ended(run, "b", status=FAILED, data={"msg": "no"})
    ended(run, "a", "u")
    counts = event(run, over=True, end=run_document.SIGNALS[15])["changes"][0]["task"]["hosts"]
    assert counts == {FAILED: 1, "rescued": 1}


def test_the_recap_has_the_last_word_on_what_was_rescued():
    run = running(task(rescued=True), task("u", "Always", 2))
    ended(run, "a", status=FAILED, data={"msg": "no"})
    ended(run, "a", "u", data={})
    run.is_over({"a": {OK: 1, FAILED: 1}})
    assert (run.hosts["a"].status, set(run.reconciled)) == (FAILED, {"a"})
    run.is_over({"a": {OK: 1, "rescued": 1}})
    assert run.hosts["a"].status == "rescued"


def test_a_handler_that_fails_is_rescued_where_the_recap_says_so():
    handler = task("h", "Restart", 3, handler=True, rescued=None)
    run = running(handler, task("u", "Next", 2))
    ended(run, "a", "h", status=FAILED, data={"msg": "no"})
    ended(run, "b", "h", status=FAILED, data={"msg": "no"})
    ended(run, "a", "u")
    run.is_over({"a": {OK: 1, CHANGED_TOO: 1, "rescued": 1}, "b": {FAILED: 1}})
    assert run.reconciled == {}
    assert event(run, over=True)["changes"][0]["task"]["hosts"] == {FAILED: 1, "rescued": 1}


def test_where_the_recap_counts_otherwise_its_figures_are_recorded_and_the_event_says_so():
    run = running(task())
    ended(run, "a")
    run.is_over({"a": {OK: 3, CHANGED_TOO: 1}, "c": {SKIPPED: 1}})
    hosts = {host["name"]: host for host in event(run, over=True)["hosts"]}
    assert hosts["a"] == {"name": "a", "status": "changed", OK: 3, CHANGED_TOO: 1}
    assert hosts["c"] == {"name": "c", "status": SKIPPED, SKIPPED: 1}
    assert run.reconciled == {
        "a": {OK: {"recap": 3, "counted": 1}},
        "c": {SKIPPED: {"recap": 1, "counted": 0}},
    }


def test_figures_are_not_reconciled_where_some_tasks_are_left_out_on_purpose():
    run = running(task())
    ended(run, "a")
    run.is_over({"a": {OK: 3, CHANGED_TOO: 1}}, all_counted=False)
    assert (run.reconciled, run.hosts["a"].counts[OK]) == ({}, 1)


def test_a_job_asked_about_twice_is_one_change():
    run = running(task(), task("s", "Status", 2, action="ansible.builtin.async_status"))
    ended(run, "a", data={"changed": True, "ansible_job_id": "j1", "finished": 0})
    for _ in range(3):
        ended(run, "a", "s", data={"changed": True, "ansible_job_id": "j1", "finished": 1, "dest": "/x"})
    (change,) = event(run)["changes"]
    assert change["task"]["hosts"] == {"changed": 1}
    assert change["task"]["things"] == ["/x"]


def test_what_is_only_checked_in_a_real_run_changes_no_host():
    run = running(task())
    ended(run, "a", checked=True)
    recorded = event(run, over=True)
    assert (recorded["outcome"], recorded["summary"]["hosts"]) == ("no_change", {OK: 2})
    assert recorded["summary"]["counts"] == {"change": 0}
    assert recorded["changes"][0]["outcome"] == "planned"


@pytest.mark.parametrize("how", [{"failed": True}, {"changed": True, "exception": "(traceback unavailable)"}])
def test_a_loop_that_fails_in_the_middle_has_changed_something(how):
    items = [{"changed": True, "ansible_loop_var": "item", "dest": "/1"}, {**how, "ansible_loop_var": "item"}]
    run = running(task(loops=True))
    ended(run, "a", status=FAILED, data={"results": items, "msg": "One or more items failed"})
    recorded = event(run, over=True)
    assert recorded["outcome"] == "partial"
    assert recorded["changes"][0]["task"]["things"] == ["/1"]
    assert recorded["changes"][0]["task"]["items"] == {"ok": 0, "changed": 1, "failed": 1, "skipped": 0}


def test_results_named_results_are_no_loop():
    run = running(task(action="ansible.builtin.dnf"))
    ended(run, "a", data={"changed": True, "results": ["Installed: nginx"], "name": "nginx"})
    assert event(run)["changes"][0]["task"]["things"] == ["package nginx"]


@pytest.mark.parametrize("target", ["{{ item }}", "{{ item.host }}", "lb1"])
def test_the_real_machine_of_a_delegated_task(target):
    item = {"host": "lb1"} if "host" in target else "lb1"
    results = [{"changed": True, "ansible_loop_var": "item", "item": item}]
    run = running(task(loops=True))
    ended(run, "a", data={"changed": True, "results": results}, delegate_to=target)
    recorded = event(run)
    assert recorded["changes"][0]["task"]["delegated_to"] == ["lb1"]
    assert {host["name"]: host["status"] for host in recorded["hosts"]} == {"lb1": "changed", "a": OK, "b": OK}


def test_a_delegate_that_cannot_be_known_is_not_invented():
    run = running(task())
    ended(run, "a", delegate_to="{{ groups['lb'][0] }}")
    recorded = event(run)
    assert recorded["changes"][0]["task"]["delegated_to"] == ["{{ groups['lb'][0] }}"]
    assert {host["name"]: host["status"] for host in recorded["hosts"]} == {"a": OK, "b": OK}


def test_events_that_a_playbook_sent_belong_to_its_own_and_are_no_change():
    run = running(task(action="tfevent.infra.change_event"))
    ended(run, "a", data={"changed": True, "id": "01a2", "event": {"title": "Deploy"}})
    recorded = event(run, over=True)
    assert recorded["related"] == [{"id": "01a2", "relation": "sent", "title": "Deploy"}]
    assert (recorded["outcome"], recorded["changes"]) == ("no_change", [])


def test_nothing_of_a_censored_result_is_kept():
    run = running(task(no_log=True))
    ended(run, "a", status=FAILED, data={"msg": "secret", "dest": "/secret"}, censored=True)
    ended(run, "b", data={"changed": True, "dest": "/secret", "diff": {"before": "a", "after": "b"}})
    recorded = event(run)["changes"][0]
    assert recorded["task"]["censored"]
    assert "secret" not in str(recorded)


def test_hosts_of_a_large_run_are_cut_and_counted_the_worst_first():
    names = [f"h{number}" for number in range(run_document.MOST_HOSTS + 5)]
    run = running(task(), hosts=names)
    ended(run, names[-1], status=FAILED, data={})
    recorded = event(run)
    assert len(recorded["hosts"]) == run_document.MOST_HOSTS
    assert recorded["hosts"][0] == {"name": names[-1], "status": FAILED, FAILED: 1}
    assert recorded["truncated"] == {"changes": 0, "hosts": 5}
    assert recorded["summary"]["hosts"] == {FAILED: 1, OK: len(names) - 1}


def test_tasks_beyond_the_most_are_cut_and_counted_failed_ones_kept():
    run = running(*(task(f"t{n}", f"Task {n}", n) for n in range(run_document.MOST_CHANGES + 3)))
    for number in range(run_document.MOST_CHANGES + 3):
        last = number == run_document.MOST_CHANGES + 2
        ended(run, "a", f"t{number}", status=FAILED if last else OK)
    recorded = event(run)
    assert recorded["truncated"] == {"changes": 3, "hosts": 0}
    assert recorded["changes"][-1]["outcome"] == "failed"
    assert recorded["summary"]["counts"] == {"change": run_document.MOST_CHANGES + 2}


STATUS = some.sampled_from((OK, FAILED, SKIPPED, "unreachable"))


@given(
    some.lists(
        some.tuples(some.sampled_from("abc"), some.sampled_from("tuv"), STATUS, some.booleans(), some.booleans())
    )
)
def test_every_result_is_counted_once_in_its_task_and_once_on_its_host(results):
    """The recap's own sum: ok (changed and ignored ones among them), failed, unreachable, skipped, rescued."""
    run = running(*(task(uuid, uuid, line) for line, uuid in enumerate("tuv")), hosts="abc")
    counted = []
    recap = {}  # as Ansible's strategies add it up
    for host, uuid, status, changed, ignored in results:
        if counted and counted[-1] == (host, uuid):  # the one repetition that Ansible knows
            continue
        last = [key for key in counted if key[0] == host][-1:]
        if last == [(host, uuid)]:
            continue
        ended(run, host, uuid, status, {"changed": changed}, ignored=ignored)
        counted.append((host, uuid))
        handled = ignored and status in {FAILED, "unreachable"}
        words = [OK, "ignored"] if handled else [status]
        if changed and (status == OK or (handled and status == FAILED)):
            words.append(CHANGED_TOO)
        for word in words:
            recap.setdefault(host, dict.fromkeys(STATUSES, 0))[word] += 1
    run.is_over(recap)
    assert run.reconciled == {}
    assert {name: host.counts for name, host in run.hosts.items() if any(host.counts.values())} == recap
    assert sum(sum(log.counts.values()) for log in run.logs) == len(counted)
    assert all(number >= 0 for log in (*run.logs, *run.hosts.values()) for number in log.counts.values())
    event(run, over=True)


# -- rounds -------------------------------------------------------------------------------------------------------


def rounds(number, hosts, changed=lambda host, turn: True, apart=False):
    """An included file that is looped over: a new task each time; ``apart``: each host has its rounds in one go."""
    run = running(hosts=hosts)
    steps = [(turn, host) for turn in range(number) for host in hosts]
    for turn, host in sorted(steps, key=lambda step: hosts.index(step[1])) if apart else steps:
        uuid = f"{turn}-{host}" if apart else str(turn)
        run.task_starts(task(uuid, "Included", 7))
        ended(run, host, uuid, data={"changed": changed(host, turn)})
    run.is_over({}, all_counted=False)
    return run


def last_of(recorded):
    return event_of({"api": 1, "event": recorded}, Redactor()).changes[-1].task


def test_further_rounds_on_one_host_are_summed_up_and_counted():
    recorded = event(rounds(150, ["web1"]), over=True)
    assert len(recorded["changes"]) == MOST_ROUNDS
    assert "rounds" not in recorded["changes"][-2]["task"]
    assert recorded["changes"][-1]["task"] == {
        "play": "Play", "rounds": 101, "hosts": {"changed": 101}, "changed_on": ["web1"]
    }  # fmt: skip
    assert recorded["summary"]["tasks"] == {"total": 150, "changed": 150, "failed": 0, "rescued": 0, "ignored": 0}
    assert recorded["summary"]["hosts"] == {"changed": 1}
    assert title(event_of({"api": 1, "event": recorded}, Redactor()), 200) == "site.yml: 150 tasks changed 1 host"
    assert became(last_of(recorded)) == ["changed on web1, in 101 rounds"]


@pytest.mark.parametrize("apart", [False, True])
def test_rounds_are_those_of_the_host_that_had_most_whoever_is_ahead(apart):
    recorded = event(rounds(60, ["a", "b", "c"], apart=apart), over=True)
    assert recorded["summary"]["tasks"]["total"] == recorded["summary"]["tasks"]["changed"] == 60
    assert recorded["changes"][-1]["task"]["hosts"] == {"changed": 33}
    assert became(last_of(recorded)) == ["changed on a, b, c, in 11 rounds"]


@pytest.mark.parametrize("apart", [False, True])
def test_a_round_counts_as_changed_if_any_host_was(apart):
    """Of the last 11 rounds (49 to 59), `a` changes in 57 and 59, `b` in 57 and 58."""
    changing = {("a", 57), ("a", 59), ("b", 57), ("b", 58)}
    run = rounds(60, ["a", "b"], lambda host, turn: (host, turn) in changing, apart=apart)
    recorded = event(run, over=True)
    tasks = recorded["summary"]["tasks"]
    assert (tasks["total"], tasks["changed"]) == (60, 3)
    assert became(last_of(recorded)) == ["changed on a, b, 4 times in 11 rounds"]


def test_a_job_that_turns_out_to_have_changed_nothing_is_taken_back_in_its_round_only():
    run = running(hosts=["a"])
    for turn in range(60):
        run.task_starts(task(str(turn), "Launch", 7, launches=True))
        ended(run, "a", str(turn), data={"changed": True, "ansible_job_id": f"j{turn}", "finished": 0})
        run.task_starts(task(f"s{turn}", "Status", 8, action="ansible.builtin.async_status"))
        ended(run, "a", f"s{turn}", data={"ansible_job_id": f"j{turn}", "finished": 1, "changed": turn != 55})
    recorded = event(run, over=True)
    assert recorded["summary"]["tasks"]["changed"] == 59
    assert became(last_of(recorded)) == ["changed on a, 10 times in 11 rounds"]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_host_that_fails_in_many_rounds_is_one_host(ignored):
    run = running(hosts=["a"])
    for turn in range(70):
        run.task_starts(task(str(turn), "Included", 7))
        ended(run, "a", str(turn), FAILED, {"msg": "no"}, ignored=ignored)
    recorded = event(run, over=True)
    assert became(last_of(recorded)) == [f"failed{' and ignored' * ignored} on a, in 21 rounds: a: no"]
    expected = [] if ignored else ["failed on a and 20 more times: no"]
    assert [failure["summary"] for failure in recorded["failures"][-1:]] == expected


# -- memory -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_results():
    """Four times the results, on the same hosts and tasks: an included file, looped over, in the strategy `free`."""
    hosts = [f"h{number}" for number in range(20)]

    def taken(rounds):
        tracemalloc.start()
        run = running(hosts=hosts)
        for turn in range(rounds):
            for host in hosts:
                run.task_starts(task(f"{turn}-{host}", f"Install {turn}", 7))
                data = {
                    "changed": True,
                    "dest": f"/{turn}/{host}",
                    "stdout": "x" * 5_000,
                    "diff": {"before": "", "after": host},
                }
                ended(run, host, f"{turn}-{host}", data=data)
                ended(run, host, f"{turn}-{host}", FAILED, {"msg": f"no {turn} {host}" * 50})
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(sum(log.counts.values()) for log in run.logs) == rounds * len(hosts) * 2
        return size

    small, large = taken(150), taken(600)
    assert large < small * 1.2


def test_an_error_is_reported_in_whole_lines_however_long_it_is():
    data = {"msg": "no", "rc": 2, "stderr": "\n".join(f"line {number}" for number in range(1000)) + "\n" + "y" * 50_000}
    text = error_text(data)
    assert text.startswith("no\nrc=2\nline 0\n")
    assert text.endswith("line 999\n(50000 characters in one line)")
    assert len(text) < 500


# -- the rest -----------------------------------------------------------------------------------------------------


def test_words_for_statuses_are_those_of_the_schema():
    from change_events.model import HostCounts

    assert set(STATUSES) == set(HostCounts.__struct_fields__)


TRACEPARENTS = [
    "", "nonsense", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more",
    "00-" + "0" * 32 + "-b7ad6b7169203331-01",
    "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
]  # fmt: skip


@pytest.mark.parametrize("given", TRACEPARENTS)
def test_the_collection_reads_a_traceparent_as_the_package_does(given):
    environ = {"TRACEPARENT": given, "TFEVENT_RUN_ID": "up"}
    ours, theirs = trace.begin(environ, "me"), change_events.trace.begin(environ)
    known = ("parent_span_id", "parent_run_id")
    assert {name: ours[name] for name in known} == {name: theirs[name] for name in known}
    if ours["parent_span_id"]:
        assert ours["trace_id"] == theirs["trace_id"]
    before = dict(environ)
    handed = trace.Handed(environ, ours)
    ids = {name: str(ours[name]) for name in ("trace_id", "span_id")}
    assert environ == change_events.trace.child_environment(before, run_id="me", **ids)
    handed.take_back()
    assert environ == before


def test_ids_are_of_version_7_and_sort_as_they_were_made():
    ids = [trace.new_id() for _ in range(3)]
    assert all(one[14] == "7" and one[19] in "89ab" and len(one) == 36 for one in ids)
    assert ids[0][:13] <= ids[1][:13] <= ids[2][:13]
