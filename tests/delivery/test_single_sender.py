"""Of several processes that deliver at once one sends, and the others need not even get ready for it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from change_events.delivery import deliver
from change_events.destinations import get, kinds, named_by
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal, Query
from tests.support import receiver as server
from tests.support.receiver import Receiver
from tests.support.sealed import event_id, sealed

ROOT = Path(__file__).parents[2]
RUN = textwrap.dedent("""
    import json, sys
    from change_events.delivery import deliver
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Journal
    from tests.support.sealed import event_id, sealed
    path, url, number, budget = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    with Journal.open(path) as journal:
        journal.settle(sealed(int(number)), ["hook"])
        hook = DestinationSettings("hook", "webhook", {"url": url})
        report = deliver(journal, [hook], budget=float(budget), event=event_id(int(number)))
        waits = journal.is_waiting(event_id(int(number)), "hook")
    print(json.dumps([report.sent, waits, "httpx" in sys.modules, report.problems]), flush=True)
""")


def run(path, url, number, budget=30.0):
    command = [sys.executable, "-c", RUN, str(path), url, str(number), str(budget)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes):
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def answer(process):
    sent, waits, ready, problems = json.loads(process.communicate(timeout=120)[0])
    return sent, waits, ready, problems


def one_more_while_we_send(journal, receiver):
    """We are the ones to send event 0, and a process has come with event 1: our delivery, and that process."""
    assert journal.begin_sending("hook")
    journal.settle(sealed(0), ["hook"])
    (mine,) = journal.claim(["hook"], 1, 60)
    other = run(journal.path, receiver.url, 1)
    go(other)
    server.wait_for(lambda: journal.waiting(["hook"]) == 2, 60)
    return mine, other


def test_whoever_finds_another_sending_waits_without_an_http_client(tmp_path, journal):
    with Receiver() as receiver:
        mine, other = one_more_while_we_send(journal, receiver)
        time.sleep(0.3)
        assert other.poll() is None, "it waits for its own event"
        journal.delivered(mine)
        journal.delivered(*journal.claim(["hook"], 1, 60))
        assert answer(other) == (0, False, False, [])
        assert receiver.received == []


def test_what_came_while_another_was_about_to_stop_is_sent_by_whoever_is_left(tmp_path, journal):
    with Receiver() as receiver:
        mine, other = one_more_while_we_send(journal, receiver)
        journal.delivered(mine)
        journal.end_sending("hook")
        assert answer(other) == (1, False, True, [])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_is_killed_or_stopped_while_it_is_the_one_to_send_holds_nobody_up(tmp_path, end):
    path = tmp_path / "journal.db"
    hold = "import sys, time\nfrom change_events.journal import Journal\n"
    hold += "journal = Journal.open(sys.argv[1])\nprint(journal.begin_sending('hook'), flush=True)\ntime.sleep(600)\n"
    with Receiver() as receiver:
        holder = subprocess.Popen([sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert holder.stdout.readline() == "True\n"
        holder.send_signal(end)
        other = run(path, receiver.url, 1)
        go(other)
        try:
            assert answer(other) == (1, False, True, [])
        finally:
            holder.kill()
            holder.communicate()


def test_many_that_end_at_once_lose_nothing_and_send_nothing_twice(tmp_path):
    path = tmp_path / "journal.db"
    with Receiver(always=server.slow(0.02)) as receiver:
        processes = [run(path, receiver.url, number, 60) for number in range(8)]
        go(*processes)
        answers = [answer(process) for process in processes]
        ids = [request.headers["webhook-id"] for request in receiver.accepted]
    assert sorted(ids) == [event_id(number) for number in range(8)]
    assert [(waits, problems) for _, waits, _, problems in answers] == [(False, [])] * 8
    assert sum(sent for sent, _, _, _ in answers) == 8
    with Journal.open(path) as journal:
        records = sorted(journal.list(Query(limit=None)), key=lambda record: ids.index(record.id))
        assert all(status.state == "delivered" for record in records for status in record.deliveries)


def test_a_destination_that_hangs_does_not_keep_the_sender_from_another_ones_new_events(tmp_path, journal):
    """The sender is busy elsewhere until its budget ends: what others leave to it meanwhile goes out at once."""
    journal.settle(sealed(0), ["stuck", "hook"])
    with Receiver(always=server.hang()) as stuck, Receiver() as quick:
        hook = DestinationSettings("hook", "webhook", {"url": quick.url})
        late = run(journal.path, quick.url, 1)
        stalled = DestinationSettings("stuck", "webhook", {"url": stuck.url})
        go(late)
        report = deliver(journal, [stalled, hook], budget=4, event=event_id(0))
        assert answer(late)[1:2] == (False,)
        assert [request.headers["webhook-id"] for request in quick.accepted] == [event_id(0), event_id(1)]
        assert [problem.partition(":")[0] for problem in report.problems] == ["stuck"]


def test_the_budget_is_for_backends_and_not_for_getting_ready(tmp_path):
    """On a busy machine the import alone takes longer than the budget: the backend was not asked, so did not fail."""
    code = "import sys, time, importlib.abc\n" + textwrap.dedent("""
        class Slow(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name == "httpx":
                    time.sleep(1.5)
        sys.meta_path.insert(0, Slow())
    """)
    with Receiver() as receiver:
        command = [sys.executable, "-c", code + RUN, str(tmp_path / "journal.db"), receiver.url, "1", "1.2"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        go(process)
        assert answer(process) == (1, False, True, [])


def test_the_http_client_comes_without_its_command_line():
    code = "import sys, change_events.delivery.http_transport, change_events.delivery.sender\n"
    code += "print({'rich', 'click', 'pygments', 'tenacity'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_variables_of_a_kind_are_known_by_their_names():
    for kind in kinds():
        for option in get(kind).options:
            if option.environment:
                assert kind in named_by([option.environment]), "else it would be without effect"
    assert named_by({"TFEVENT_SLACK_TOKEN_FILE", "TFEVENT_BUDGET", "HOME"}) == ("slack",)
