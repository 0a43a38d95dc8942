"""One verdict a line, and an exit code that a monitor can use."""

from __future__ import annotations

import os
import stat

import pytest

from change_events.journal import Journal, Retention
from tests.cli.sample import partial
from tests.support.receiver import Receiver, status
from tests.support.sealed import sealed

TERRAFORM = '#!/bin/sh\necho \'{"terraform_version": "1.11.4", "platform": "linux_amd64"}\'\n'


@pytest.fixture
def machine(home):
    """A home with a terraform that answers `version -json`."""
    binary = home.path / "terraform"
    binary.write_text(TERRAFORM)
    binary.chmod(0o755)
    home.environ["TFEVENT_TF_BINARY"] = str(binary)
    return home


def verdicts(text):
    return {line[9:25].strip(): line.split()[0] for line in text.splitlines() if not line.startswith(" ")}


def test_a_machine_with_nothing_configured_works_and_is_warned(machine):
    text = machine.events("doctor")
    assert verdicts(text) == {
        "settings": "ok",
        "sources": "ok",
        "binary": "ok",
        "journal": "ok",
        "fingerprint key": "ok",
        "destinations": "warning",
    }
    assert "Set TFEVENT_SEMATEXT_TOKEN" in text


def test_a_destination_that_answers(machine):
    with Receiver() as receiver:
        text = machine.events("doctor", env={"TFEVENT_WEBHOOK_URL": receiver.url})
        assert [received.body for received in receiver.received if received.body] == []
    assert verdicts(text)["webhook"] == "ok"


def test_a_destination_that_does_not_answer_is_an_error(machine):
    with Receiver() as receiver:
        gone = receiver.url
    done = machine.run("doctor", env={"TFEVENT_WEBHOOK_URL": gone})
    assert done.returncode == 1
    assert verdicts(done.stdout.decode())["webhook"] == "error"


def test_only_a_test_event_shows_that_events_are_refused(machine):
    with Receiver([status(200), status(401), status(200)]) as receiver:
        env = {"TFEVENT_WEBHOOK_URL": receiver.url}
        reached, refused, accepted = (
            machine.run("doctor", *words, env=env) for words in ((), ("--send-test",), ("--send-test",))
        )
        assert receiver.received[1].json()["tags"] == {"test": "true"}
    assert (reached.returncode, refused.returncode, accepted.returncode) == (0, 1, 0)
    assert verdicts(refused.stdout.decode())["webhook"] == "error"


def test_every_mistake_in_the_settings_is_an_error_with_its_own_line(machine):
    (machine.path / "tfevent.yaml").write_text("enviroment: prod\nbudget: soon\n")
    done = machine.run("doctor")
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("error")]
    assert done.returncode == 1
    assert len(lines) == 2
    assert "enviroment" in lines[0] + lines[1]
    assert done.stderr == b""


def test_a_damaged_journal_is_an_error(machine):
    machine.state.mkdir()
    machine.journal_path.write_bytes(b"no database" * 100)
    done = machine.run("doctor")
    assert done.returncode == 1
    assert verdicts(done.stdout.decode())["journal"] == "error"


def test_what_waits_or_is_parked_is_a_warning_with_the_remedy(machine):
    machine.fill(partial(), destinations=["webhook"])
    assert "1 event, 1 delivery waiting\n" in machine.events("doctor")
    with machine.journal() as journal:
        (delivery,) = journal.claim(["webhook"], limit=1, lease=60)
        journal.park(delivery, "401")
    text = machine.events("doctor")
    assert verdicts(text)["journal"] == "warning"
    assert "1 delivery parked\n" in text
    assert "`tfevent events flush --parked`" in text


def test_a_key_that_others_can_read_is_a_warning(machine):
    machine.state.mkdir()
    key = machine.state / "fingerprint.key"
    key.write_bytes(os.urandom(32))
    key.chmod(stat.S_IRUSR | stat.S_IRGRP)
    text = machine.events("doctor")
    assert verdicts(text)["fingerprint key"] == "warning"
    assert f"chmod 600 {key}" in text


def test_a_machine_without_terraform_is_warned_and_no_more(machine):
    """A controller of Ansible, a build agent: everything but `tfevent apply` works there."""
    del machine.environ["TFEVENT_TF_BINARY"]
    done = machine.run("doctor", env={"PATH": str(machine.path / "empty")})
    assert (done.returncode, verdicts(done.stdout.decode())["binary"]) == (0, "warning")


def test_a_terraform_that_is_named_and_not_there_is_an_error(machine):
    done = machine.run("doctor", env={"TFEVENT_TF_BINARY": str(machine.path / "none")})
    assert done.returncode == 1
    assert verdicts(done.stdout.decode())["binary"] == "error"


def test_a_destination_that_is_left_alone_is_a_warning_that_says_why(machine):
    machine.fill(partial(), destinations=["webhook"])
    with machine.journal() as journal:
        for _ in range(3):
            (delivery,) = journal.claim(["webhook"], limit=1, lease=60, force=True)
            journal.retry(delivery, 250, "connection refused")
    with Receiver() as receiver:
        text = machine.events("doctor", env={"TFEVENT_WEBHOOK_URL": receiver.url})
    (line,) = [line for line in text.splitlines() if "next retry" in line]
    assert line.split(maxsplit=2) == [
        "warning",
        "webhook",
        "next retry in 4 minutes, it has failed 3 times in a row (connection refused)",
    ]
    assert "`tfevent events flush` tries it at once." in text


def test_what_the_caps_removed_and_dropped_is_reported(machine):
    machine.state.mkdir()
    with Journal.open(machine.journal_path, caps=Retention(owed=1, events=3)) as journal:
        for number in range(5):
            journal.settle(sealed(number), ["webhook"])
        (delivery,) = journal.claim(["webhook"], limit=1, lease=60)
        journal.delivered(delivery)
    text = machine.events("doctor")
    assert "3 events, 2 older ones removed at its caps, 4 deliveries dropped (webhook 4), none waiting\n" in text
