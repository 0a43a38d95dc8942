"""The pages under docs/ say what the code does: tables current, examples true."""

import json
import re

import jsonschema
import msgspec
import pytest

from change_events import model
from change_events.destinations.base import Limits, Rate
from change_events.model import field_descriptions
from change_events.redact import MARK, Redactor, RedactPolicy
from change_events.templates import rendering as templates
from tests.summary.typical_events import EVENTS
from tests.support.trusted import load
from tools import destination_pages
from tools.reference_pages import DOCS, pages
from tools.schemas import FOLDER


@pytest.mark.parametrize("name", ["reference/settings.md", "reference/event.md"])
def test_the_tables_are_current(name):
    assert pages()[name] == (DOCS / name).read_text(), "run make schema"


@pytest.mark.parametrize("name", destination_pages.pages())
def test_the_page_of_each_destination_is_current_and_says_something(name):
    page = (DOCS / name).read_text()
    assert destination_pages.pages()[name] == page, "run make schema"
    for block in ("options", "limits", "example", "sources"):
        assert f"<!-- {block} -->" in page, block
    by_hand = re.sub(r"<!-- (\w+) -->.*?<!-- end -->", "", page, flags=re.DOTALL)
    assert len(by_hand.split()) > 60, "describe what it looks like there, what is dropped, how to get the token"


def test_limits_are_reported_in_words():
    limits = Limits(
        body_bytes=64_000,
        fields={"title": 500},
        entries={"blocks": 50},
        tags=100,
        max_age=18 * 3600,
        max_ahead=600,
        rate=Rate(120, 60),
    )
    assert list(destination_pages._limit_rows(limits)) == [
        ("the request's body", "64,000 bytes"),
        ("`title`", "500 characters"),
        ("entries of `blocks`", "50"),
        ("tags", "100"),
        ("age of an event; an older one is parked, not sent", "18 hours"),
        ("how far an event may lie in the future", "10 minutes"),
        ("requests", "120 in 1 minute"),
    ]
    assert [destination_pages._span(seconds) for seconds in (86_400, 7 * 86_400, 1, 90, 3600)] == [
        "24 hours",
        "7 days",
        "1 second",
        "90 seconds",
        "60 minutes",
    ]


def test_every_field_of_an_event_is_reported():
    fields = [field.encode_name for field in msgspec.structs.fields(model.ChangeEvent)]
    assert list(field_descriptions.EVENT_FIELDS) == fields


def test_the_example_event_validates_and_is_one():
    example = re.search(r"```json\n(.*?)```", (DOCS / "reference" / "event.md").read_text(), re.DOTALL)[1]
    jsonschema.validate(json.loads(example), json.loads((FOLDER / "change-event.schema.json").read_text()))
    msgspec.json.decode(example, type=model.ChangeEvent, strict=True)


def test_the_example_settings_are_right(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", (DOCS / "reference" / "settings.md").read_text(), re.DOTALL)[1]
    (tmp_path / "token").write_text("t")
    example = example.replace("~/.config/tfevent/sematext.token", "token")
    (tmp_path / "tfevent.yaml").write_text(example)
    settings = load(tmp_path, {"CHATOPS_URL": "https://chat.example/x"})
    assert [made.name for made in settings.destinations] == ["sematext", "chatops"]


def test_the_page_on_redaction_reports_what_the_redactor_does(tmp_path):
    page = (DOCS / "explanation" / "redaction.md").read_text()
    (tmp_path / "tfevent.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    settings = load(tmp_path, {})
    policy = RedactPolicy(settings.values, settings.redact_names, settings.redact_patterns)
    redactor = Redactor(policy, b"k" * 32)
    assert redactor.text(f"acme-{'0' * 32} ticket=abc") == f"{MARK} ticket={MARK}"
    assert redactor.is_sensitive_name("Reporting_DSN")
    assert redactor.text("postgres://app:hunter2@host/db") == "postgres://app:REDACTED@host/db"
    assert "hunter2" not in redactor.command_line(["terraform", "apply", "-var", "input=hunter2"])
    assert redactor.text('input = "hunter2"') == 'input = "hunter2"'
    assert Redactor().value(("input",), "x" * 201, sensitive=False).kind is model.ValueKind.LARGE
    assert redactor.value(("input",), "x", sensitive=False).kind is model.ValueKind.HIDDEN
    for file in re.findall(r"`((?:redact|diff|tf_wrapper)/[\w/.]+)`", page):
        assert any((DOCS.parent / folder / file).is_file() for folder in ("", "change_events")), file


def examples():
    page = (DOCS / "how-to" / "templates.md").read_text()
    return re.findall(r"```jinja\n(.*?)\n```\n\n```text\n(.*?)\n```", page, re.DOTALL)


@pytest.mark.parametrize(("source", "expected"), examples())
def test_the_example_templates_give_what_the_page_says(source, expected):
    assert templates.render("message_template", source, EVENTS["replaced_and_failed"], 8000).strip() == expected


def test_there_are_examples_and_every_variable_is_reported():
    page = (DOCS / "how-to" / "templates.md").read_text()
    assert len(examples()) >= 3
    documented = re.findall(r"^\| `(\w+)` ", page, re.MULTILINE)
    assert sorted(documented) == sorted(templates.variables(EVENTS["created"]))
