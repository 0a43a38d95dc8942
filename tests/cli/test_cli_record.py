"""`tfevent events record`: events of other programs, in one document or as they go on."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.receiver import Receiver, wait_for
from tests.support.selection import slow_except
from tests.support.speed import PATIENCE

SECRET = "correct-horse-battery"
IDENTITY = "01a20000-0000-7000-8000-00000000000"


def document(state=None, number=1, preview=False, **event):
    made = {"id": f"{IDENTITY}{number}", "kind": "infrastructure", "outcome": "succeeded", **event}
    return json.dumps(
        {"api": 1, "event": made, "secrets": [SECRET], **({"state": state} if state else {}), "preview": preview}
    )


def record(home, *lines, env=None):
    done = home.run("record", stdin="".join(f"{line}\n" for line in lines).encode(), env=env)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def listed(home):
    return [json.loads(line) for line in home.events("list", "--json").splitlines()]


def test_an_event_in_one_document_is_recorded_redacted_and_delivered(home):
    with Receiver() as receiver:
        text = document(title="x", changes=[{"address": f"Say {SECRET}", "action": "change", "outcome": "applied"}])
        code, (answer,), errors = record(home, text, env={"TFEVENT_WEBHOOK_URL": receiver.url})
        assert (code, errors) == (0, "")
        assert (answer["recorded"], answer["destinations"]) == (True, {"webhook": "delivered"})
        assert answer["event"]["changes"][0]["address"] == "Say (sensitive)"
        assert answer["event"]["actor"]["user"]
        assert answer["line"].endswith("webhook delivered")
        assert SECRET.encode() not in receiver.accepted[0].body
    assert [event["id"] for event in listed(home)] == [f"{IDENTITY}1"]


def test_a_document_may_be_written_over_several_lines(home):
    text = json.dumps(json.loads(document(title="x")), indent=2)
    code, (answer,), _ = record(home, text)
    assert (code, answer["recorded"]) == (0, True)


def test_a_preview_records_nothing(home):
    code, (answer,), _ = record(home, document(preview=True))
    assert (code, answer["recorded"], answer["id"]) == (0, False, f"{IDENTITY}1")
    assert listed(home) == []


def test_a_run_reported_as_it_goes_on_is_on_disk_from_its_first_line_on(home):
    with recording(home) as process:
        say(process, document("started", outcome=None))
        assert json.loads(process.stdout.readline()) == {
            "id": f"{IDENTITY}1",
            "state": "started",
            "budget": float(PATIENCE),
        }
        assert listed(home)[0].get("outcome") is None
        say(process, document("running", outcome=None, data={"step": 1}))
        say(process, document("finished", data={"step": 2}))
        assert json.loads(process.stdout.readline())["outcome"] == "succeeded"
        assert process.wait(10) == 0
    (event,) = listed(home)
    assert (event["outcome"], event["data"]) == ("succeeded", {"step": 2})


def test_a_run_whose_writer_is_gone_is_unknown_with_what_was_known_last(home):
    with recording(home) as process:
        say(process, document("started", outcome=None))
        say(process, document("running", outcome=None, data={"step": 1}))
        process.stdin.close()
        assert process.wait(10) == 0
    (event,) = listed(home)
    assert (event["outcome"], event["data"]) == ("unknown", {"step": 1})


def test_a_line_that_is_broken_off_closes_the_run_with_what_was_known_before(home):
    with recording(home) as process:
        say(process, document("started", outcome=None))
        say(process, document("running", outcome=None, data={"step": 1}))
        say(process, json.dumps({"api": 1, "state": "running", "event": {"kind": "surprise"}}))  # left out
        process.stdin.write(document("running", outcome=None, data={"step": 2})[:-9].encode())
        process.stdin.close()
        assert process.wait(10) == 1
        answers = [json.loads(line) for line in process.stdout]
        assert [answer.get("outcome") for answer in answers] == [None, "unknown"], "closed by itself, not by the next"
    (event,) = listed(home)
    assert (event["outcome"], event["data"]) == ("unknown", {"step": 1})


def test_a_full_disk_under_standard_error_costs_no_event(home):
    with open("/dev/full", "wb") as full:
        done = home.run("record", stdin=document(title="x").encode(), stderr=full, env={"TFEVENT_BUDGET": "abc"})
    assert json.loads(done.stdout)["recorded"]


def test_a_killed_recorder_leaves_its_run_to_the_next_command(home):
    with recording(home) as process:
        say(process, document("started", outcome=None))
        say(process, document("running", outcome=None, data={"step": 1}))
        process.stdout.readline()
        (run,) = (home.state / "runs").iterdir()
        wait_for(lambda: b"step" in (run / "checkpoint").read_bytes())
        os.kill(process.pid, signal.SIGKILL)
    (event,) = listed(home)
    assert (event["outcome"], event["data"]) == ("unknown", {"step": 1})


def test_the_same_key_is_recorded_once_within_its_time(home):
    first, second = (json.loads(document(number=number, dedup_key="deploy-7")) for number in (1, 2))
    second["dedup_window"] = first["dedup_window"] = 600
    assert record(home, json.dumps(first))[1][0]["recorded"]
    code, (answer,), _ = record(home, json.dumps(second))
    assert (code, answer["recorded"], answer["repeats"], answer["id"]) == (0, False, f"{IDENTITY}1", f"{IDENTITY}1")
    assert len(listed(home)) == 1


def test_variables_under_the_names_of_secrets_are_shown_nowhere(home):
    sent = json.loads(document(changes=[{"address": f"Use {SECRET}", "action": "change", "outcome": "applied"}]))
    sent |= {"secrets": [], "variables": {"db_password": SECRET, "port": 5432}}
    _, (answer,), _ = record(home, json.dumps(sent))
    assert SECRET not in json.dumps(answer)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "standard input is empty"),
        ("{", "standard input is not valid JSON"),
        ("[1]", "standard input: expected a JSON object"),
        ('{"api": 2, "event": {}}', "api: this tfevent reads version 1"),
        (
            '{"api": 1, "event": {"kind": "build"}, "bracket": "start"}',
            "document: there is no key bracket; it has api, ",
        ),
        ('{"api": 1, "event": {"kind": "build", "key": "7"}}', "event: there is no key key; it has id, "),
        ('{"api": 1, "event": {"kind": "surprise"}}', "event: Invalid enum value 'surprise'"),
        (
            '{"api": 1, "state": "over", "event": {"kind": "build"}}',
            "state: expected one of started, running, finished",
        ),
    ],
)
def test_what_is_no_document_is_said_and_not_recorded(home, line, words):
    code, answers, errors = record(home, *([line] if line else []))
    assert (code, answers) == (1, [])
    assert errors.startswith(f"tfevent: {words}")
    assert len(errors.splitlines()) == 1


def test_an_event_that_can_neither_be_recorded_nor_sent_is_a_failure(home):
    (home.path / "file").write_text("")
    code, (answer,), errors = record(home, document(), env={"TFEVENT_JOURNAL": str(home.path / "file" / "journal.db")})
    assert (code, answer["lost"], answer["recorded"]) == (1, True, False)
    assert "journal" in errors


def recording(home):
    return subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", "events", "record"],
        cwd=home.path,
        env=home.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def say(process, line):
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


@pytest.mark.parametrize(
    "outcome",
    slow_except(
        ["succeeded", "partial", "failed", "cancelled", "declined", "no_change", "unknown"], "failed", "cancelled"
    ),
)
def test_one_event_has_one_severity_however_it_is_sent(home, outcome):
    home.events("send", "--title", "x", "--outcome", outcome)
    record(home, document(title="x", outcome=outcome, explicit=True))
    recorded, sent = listed(home)
    assert recorded["outcome"] == sent["outcome"] == outcome
    assert recorded.get("severity", "info") == sent.get("severity", "info")
