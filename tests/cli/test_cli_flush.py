"""Delivering what waits, to a real receiver on loopback."""

from __future__ import annotations

import pytest

from tests.cli.sample import partial, succeeded
from tests.support.receiver import Receiver, hang, slow, status
from tests.support.speed import HURRIED


@pytest.fixture
def waiting(home):
    """Two events that wait for the destination named webhook."""
    home.fill(succeeded(), partial(), destinations=["webhook"])
    return home


def test_everything_that_waits_is_delivered_in_order(waiting):
    with Receiver() as receiver:
        done = waiting.run("flush", env={"TFEVENT_WEBHOOK_URL": receiver.url})
        assert [received.json()["id"] for received in receiver.received] == [succeeded().id, partial().id]
    assert (done.returncode, done.stdout, done.stderr) == (0, b"sent 2, waiting 0, parked 0\n", b"")
    assert "  webhook  sent\n" in waiting.events("show", "last")


def test_nothing_to_do_is_success(home):
    assert home.events("flush") == "sent 0, waiting 0, parked 0\n"


def test_what_still_waits_is_exit_1_and_reported(waiting):
    with Receiver([status(500)] * 20) as receiver:
        done = waiting.run("flush", env={"TFEVENT_WEBHOOK_URL": receiver.url})
    assert (done.returncode, done.stdout) == (1, b"sent 0, waiting 2, parked 0\n")
    assert done.stderr.startswith(b"tfevent: webhook: ")


def test_what_would_be_tried_again_later_is_tried_now(waiting):
    with waiting.journal() as journal:
        (first,) = journal.claim(["webhook"], limit=1, lease=60)
        journal.retry(first, 3_600, "busy")
    with Receiver() as receiver:
        assert waiting.events("flush", env={"TFEVENT_WEBHOOK_URL": receiver.url}).startswith("sent 2,")


def test_what_a_backend_asked_for_is_kept_and_reported_until_something_was_mended(waiting):
    with Receiver([status(429, retry_after="600")]) as receiver:
        env = {"TFEVENT_WEBHOOK_URL": receiver.url}
        waiting.run("flush", env=env)
        again = waiting.run("flush", env=env)
        assert len(receiver.received) == 1, "a timer that flushes must not hammer it"
        assert (again.returncode, again.stdout) == (1, b"sent 0, waiting 2, parked 0\n")
        assert again.stderr.startswith(b"tfevent: webhook: waiting until 20")
        assert b"as requested by the backend (it asks to slow down (429)" in again.stderr
        assert waiting.events("flush", "--parked", env=env).startswith("sent 2,")


def test_parked_events_are_reported_and_tried_again_only_when_asked(waiting):
    with Receiver([status(401), status(401)]) as receiver:
        env = {"TFEVENT_WEBHOOK_URL": receiver.url}
        refused = waiting.run("flush", env=env)
        left_alone = waiting.run("flush", env=env)
        mended = waiting.run("flush", "--parked", env=env)
    assert (refused.returncode, refused.stdout) == (1, b"sent 0, waiting 0, parked 2\n")
    assert (left_alone.returncode, left_alone.stdout) == (1, b"sent 0, waiting 0, parked 2\n")
    assert b"`tfevent events list --undelivered` lists parked events" in left_alone.stderr
    assert (mended.returncode, mended.stdout) == (0, b"sent 2, waiting 0, parked 0\n")


def test_what_waits_for_a_destination_that_is_gone_is_named(waiting):
    done = waiting.run("flush")
    assert (done.returncode, done.stdout) == (1, b"sent 0, waiting 2, parked 0\n")
    assert done.stderr == b"tfevent: 2 waiting for 'webhook', which is not in the settings\n"


def test_a_terminal_sees_progress_when_it_takes_long(waiting):
    with Receiver([slow(1.5)]) as receiver:
        shown = waiting.on_terminal("flush", env={"TFEVENT_WEBHOOK_URL": receiver.url, **HURRIED})
    assert shown.code == 0
    assert "delivering" in shown.text
    assert shown.text.rstrip().endswith("sent 2, waiting 0, parked 0")


def test_what_is_quick_shows_no_progress(waiting):
    with Receiver() as receiver:
        shown = waiting.on_terminal("flush", env={"TFEVENT_WEBHOOK_URL": receiver.url})
    assert shown == (0, "sent 2, waiting 0, parked 0\n")


def test_the_timeout_ends_it(waiting):
    with Receiver([hang()]) as receiver:
        done = waiting.run("flush", "--timeout", "1", env={"TFEVENT_WEBHOOK_URL": receiver.url})
    assert (done.returncode, done.stdout) == (1, b"sent 0, waiting 2, parked 0\n")
