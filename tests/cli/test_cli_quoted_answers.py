"""What a backend says of a refusal is quoted in reasons: with the user's own redaction, whatever way it is sent."""

from __future__ import annotations

import json
import shlex
from contextlib import contextmanager

import pytest

from tests.cli.sample import succeeded
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, status

PATTERN, NAMED, SEEN = "house-482913", "squirrel", "plain-rosebud-words"
SAID = f"no entry for {PATTERN} by {SEEN}, locker: {NAMED}"
KEPT = "no entry for (sensitive) by (sensitive), locker: (sensitive)"


@contextmanager
def http(_home):
    with Receiver(always=status(400, SAID.encode(), content_type="text/plain")) as receiver:
        yield {"kind": "webhook", "url": receiver.url}


@contextmanager
def program(home):
    script = home.path / "notify"
    script.write_text(f"#!/bin/sh\necho first >&2\necho {shlex.quote(SAID)} >&2\nexit 65\n")
    script.chmod(0o755)
    yield {"kind": "command", "command": str(script)}


@contextmanager
def smtp(_home):
    with MailServer("none", data=lambda _: f"554 {SAID}") as server:
        yield {"kind": "email", **server.options(security="none", ca_file=None)}


WAYS = {"http": http, "program": program, "smtp": smtp}


@pytest.fixture(params=WAYS)
def refusing(home, request):
    with WAYS[request.param](home) as options:
        rules = {"patterns": ["house-[0-9]{6}"], "names": ["locker"]}
        settings = {"redact": rules, "destinations": {"main": options}}
        (home.path / "tfevent.yaml").write_text(json.dumps(settings))
        (home.path / "tfevent.yaml").chmod(0o600)
        home.environ["DB_PASSWORD"] = SEEN
        yield home


def check(home, *shown):
    """The answer was shown, and nothing of what the settings hide or the environment holds as a secret."""
    printed = b"".join(part for done in shown for part in (done.stdout, done.stderr)).decode()
    assert KEPT in " ".join(printed.split())
    kept = b"".join(path.read_bytes() for path in home.state.glob("journal.db*"))
    for secret in (PATTERN, NAMED, SEEN):
        assert secret not in printed
        assert secret.encode() not in kept


def test_flush(refusing):
    refusing.fill(succeeded(), destinations=["main"])
    check(refusing, refusing.run("flush"), refusing.run("list", "--undelivered"), refusing.run("show", "last"))


def test_the_end_of_a_run(refusing):
    document = json.dumps({"api": 1, "event": {"kind": "infrastructure", "outcome": "succeeded", "title": "x"}})
    check(refusing, refusing.run("record", stdin=document.encode()), refusing.run("list", "--undelivered"))


def test_a_run_without_a_journal(refusing):
    document = json.dumps({"api": 1, "event": {"kind": "infrastructure", "outcome": "succeeded", "title": "x"}})
    check(refusing, refusing.run("record", stdin=document.encode(), env={"TFEVENT_JOURNAL": "/dev/null/journal.db"}))


def test_doctor(refusing):
    check(refusing, refusing.run("doctor", "--send-test", "main"))


def test_the_preparation_of_a_backend(home):
    with Receiver(always=status(400, SAID.encode(), content_type="text/plain")) as receiver:
        search = {"kind": "elasticsearch", "url": receiver.url}
        rules = {"patterns": ["house-[0-9]{6}"], "names": ["locker"]}
        (home.path / "tfevent.yaml").write_text(json.dumps({"redact": rules, "destinations": {"main": search}}))
        check(home, home.run("doctor", "--setup", "main", "--yes", env={"DB_PASSWORD": SEEN}))
