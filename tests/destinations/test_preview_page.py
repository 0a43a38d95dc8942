"""The page of `make preview`: every kind of destination, delivered for real; hostile text stays text."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest

from change_events.destinations import kinds
from tests.destinations import preview_page
from tests.destinations.backends import webhook
from tests.destinations.kit.backend import SECRET, Refused, backend


class Elements(HTMLParser):
    """Names and attributes of all elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def unsuited(kind):
    """The fake backend, with events as they are."""
    return dataclasses.replace(backend(kind), suit=lambda event: event, variants={"": {}})


def test_every_kind_of_destination_gets_its_events_and_is_shown(tmp_path, capsys):
    file = tmp_path / "shown" / "preview.html"
    assert preview_page.main([str(file)]) == 0, capsys.readouterr().err
    text = file.read_text()
    elements = Elements(text).found
    assert [given["id"] for tag, given in elements if tag == "h2"] == list(kinds())
    assert SECRET not in text
    assert {tag for tag, _ in elements} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "nav", "a", "p", "code", "pre"),
        *("iframe", "details", "summary"),
    }, "an element that an event brought"
    assert any(given.get("http-equiv") == "Content-Security-Policy" for _, given in elements)
    frames = [given for tag, given in elements if tag == "iframe"]
    assert all(given["sandbox"] is None and given["srcdoc"].startswith(preview_page.FRAME) for given in frames)
    for page in (given["srcdoc"] for given in frames):
        inside = Elements(page).found
        assert not {"script", "img", "iframe", "form", "object", "base"} & {tag for tag, _ in inside}
        assert not any(name.startswith("on") for _, given in inside for name in given)
    assert not any(tag in {"link", "img", "script"} or "src" in given for tag, given in elements), "self-contained"


def test_what_is_not_delivered_fails_and_is_named(tmp_path, monkeypatch, capsys):
    def refuse(_received):
        raise Refused(422, "no such team")

    monkeypatch.setattr(webhook, "BACKEND", dataclasses.replace(webhook.BACKEND, accept=refuse))
    file = tmp_path / "preview.html"
    assert preview_page.main([str(file), "--kinds", "webhook"]) == 1
    assert "webhook : updated: it refused the event (422)" in capsys.readouterr().err
    assert '<p class="problem">it refused the event (422)' in file.read_text()


@pytest.mark.parametrize("kind", ["github", "jira"])
def test_what_belongs_nowhere_is_shown_with_the_reason(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(preview_page, "EVENTS", ("boot",))
    monkeypatch.setattr(preview_page, "backend", unsuited)
    file = tmp_path / "preview.html"
    assert preview_page.main([str(file), "--kinds", kind]) == 0
    assert "Nothing is sent: " in file.read_text()
