"""The request that would be sent, to the letter, and no secret of it."""

from __future__ import annotations

import json

import pytest

from change_events.delivery import deliver
from tests.cli.sample import partial, running, succeeded
from tests.support.receiver import Receiver
from tests.support.trusted import load

TOKEN = "planted-token-of-the-app"
SETTINGS = f"""
destinations:
  app:
    kind: sematext
    token: {TOKEN}
    receiver: %s
    when: {{severity: error, environment: "prod*"}}
    tags: {{squad: core}}
    title_template: "app: {{{{ title }}}}"
  hook:
    kind: webhook
    url: https://user:{TOKEN}@hooks.example/{TOKEN}/in
    secret: {TOKEN}
    headers: {{Authorization: Bearer {TOKEN}}}
    report: failed
    include_started: true
  strict:
    kind: webhook
    url: https://hooks.example/x
    max_bytes: 10
"""


@pytest.fixture
def home(filled):
    write(filled)
    return filled


def write(home, receiver="https://receiver.example"):
    (home.path / "tfevent.yaml").write_text(SETTINGS % receiver)
    (home.path / "tfevent.yaml").chmod(0o600)


def test_it_is_the_request_that_is_then_sent(home, monkeypatch):
    with Receiver() as receiver:
        write(home, receiver.url)
        shown = json.loads(home.events("preview", partial().id, "--to", "app", "--json"))
        settings = load(home.path, {})
        with home.journal() as journal:
            journal.settle(journal.get(partial().id).sealed, ["app"])
            deliver(journal, settings.destinations[:1], budget=60)
        (sent,) = receiver.received
    assert shown["body"] == sent.json()
    assert shown["bytes"] == len(sent.body)
    assert shown["method"] == sent.method
    assert shown["url"] == f"{receiver.url}/(hidden)/event"
    assert sent.path == f"/{TOKEN}/event"
    assert shown["headers"].items() >= {"Content-Type": "application/json"}.items()
    assert {name.lower(): value for name, value in shown["headers"].items()}.items() <= sent.headers.items()
    assert sent.json()["title"] == f"app: {partial().title}"
    assert "squad:core" in sent.json()["tags"]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(home, form):
    done = home.run("preview", "last", "--to", "hook", *form)
    assert done.returncode == 0
    assert TOKEN not in (done.stdout + done.stderr).decode()
    assert b"hooks.example" in done.stdout
    assert b"webhook-signature" in done.stdout


def test_as_text_it_reads_like_a_request(home):
    line, *rest = home.events("preview", partial().id, "--to", "app").splitlines()
    assert line == "POST https://receiver.example/(hidden)/event"
    assert "Content-Type: application/json" in rest
    head = rest.index("")
    body = json.loads("\n".join(rest[head:]))
    assert body["severity"] == "error"


@pytest.mark.parametrize(
    ("event", "name", "note"),
    [
        (partial(), "app", None),
        (succeeded(), "app", "this event is not routed to app: its conditions do not match: environment, severity"),
        (
            succeeded(),
            "hook",
            "this event is not routed to hook: runs like this one are not delivered to it (`report: failed`)",
        ),
        (running(), "hook", "hook does not receive started events (`include_started`)"),
    ],
)
def test_whether_it_goes_there_is_noted_beside_it(home, event, name, note):
    done = home.run("preview", event.id, "--to", name, "--json")
    assert done.returncode == 0
    json.loads(done.stdout)
    assert done.stderr.decode() == (f"tfevent: {note}\n" if note else "")


def test_an_event_is_named_as_for_show(home):
    newest = home.events("preview", "last", "--to", "app", "--json")
    assert json.loads(newest)["body"]["tfevent.id"] == running().id
    assert json.loads(home.events("preview", "-2", "--to", "app", "--json"))["body"]["tfevent.id"] == partial().id


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("0000", "--to", "app"), 1, "an event with an ID that starts with '0000'"),
        (("last", "--to", "apps"), 1, "the settings name no destination 'apps': there are app, hook, strict"),
        (("last", "--to", "strict"), 1, "strict: its settings cannot be used (max_bytes: 10 bytes are too few"),
        (("last",), 2, "Missing option '--to'"),
    ],
)
def test_what_cannot_be_shown_says_why(home, words, code, reason):
    done = home.run("preview", *words)
    assert (done.returncode, done.stdout) == (code, b"")
    assert reason in done.stderr.decode()


def test_a_template_that_fails_is_reported(home):
    text = (home.path / "tfevent.yaml").read_text().replace("{{ title }}", "{{ event.vcs.nope }}")
    (home.path / "tfevent.yaml").write_text(text)
    done = home.run("preview", partial().id, "--to", "app", "--json")
    assert json.loads(done.stdout)["body"]["title"] == partial().title
    assert done.stderr.decode().startswith("tfevent: sent to app without its template; title_template, line 1: ")


def test_the_end_of_what_was_begun_there_is_shown_as_the_update_it_is(home):
    text = (
        "destinations:\n  marks: {kind: grafana, url: https://grafana.example, token: planted, include_started: true}\n"
    )
    (home.path / "tfevent.yaml").write_text(text)
    with home.journal() as journal:
        open_ = journal.get(running().id)
        journal.start(open_.sealed, ["marks"])
        (delivery,) = journal.claim(["marks"], 1, 5)
        journal.delivered(delivery, handles={delivery.position: "42"})
    first = json.loads(home.events("preview", running().id, "--to", "marks", "--json"))
    assert (first["method"], first["url"]) == ("POST", "https://grafana.example/api/annotations")
    with home.journal() as journal:
        journal.settle(journal.get(running().id).sealed, [])
    then = json.loads(home.events("preview", running().id, "--to", "marks", "--json"))
    assert (then["method"], then["url"]) == ("PATCH", "https://grafana.example/api/annotations/42")


def test_nothing_is_sent(home):
    with Receiver() as receiver:
        write(home, receiver.url)
        home.events("preview", partial().id, "--to", "app")
        assert receiver.received == []
