"""What a destination says beside its options: read once, typed; every mistake with file, line and key."""

import json

import jsonschema
import pytest
import yaml

from change_events.destinations import get, kinds
from change_events.destinations.shared.conditions import Figure, When, Words
from change_events.destinations.shared.route import Routing, Shape
from change_events.model import Severity
from change_events.settings import routes
from tests.support.trusted import load, load_leniently
from tools.schemas import FOLDER

FULL = """
message_bytes: 500
title_template: "all: {{ title }}"
redact:
  names: [shibboleth]
destinations:
  hook:
    kind: webhook
    url: https://hooks.example/x
    report: always
    plans: off
    include_started: true
    values: names
    message_template_file: message.j2
    tags: {team: core, tier: '${TIER:-gold}'}
    map_tags: {env: environment}
    when:
      - kind: [deployment, "boo*"]
        environment: "!dev"
        severity: warning
        counts: {destroy: ">0", failed: 0}
        tags: {team: [core, "ops-*"]}
        signals: exposed_to_world
      - explicit: true
"""


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def read(tmp_path):
    def reader(text):
        (tmp_path / "message.j2").write_text("{{ outcome }}")
        (tmp_path / "tfevent.yaml").write_text(text)
        (tmp_path / "tfevent.yaml").chmod(0o600)
        return load_leniently(tmp_path, {})

    return reader


def hook(lines):
    body = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    return f"destinations:\n  hook:\n    kind: webhook\n    url: https://hooks.example/x\n{body}"


def test_all_of_it_becomes_one_typed_value(read):
    settings, mistakes = read(FULL)
    assert mistakes == ()
    first = When(
        kind=Words(("deployment", "boo*")),
        environment=Words((), ("dev",)),
        severity=Severity.WARNING,
        counts={"destroy": Figure(">", 0), "failed": Figure("=", 0)},
        tags={"team": Words(("core", "ops-*"))},
        signals=Words(("exposed_to_world",)),
    )
    assert settings.destinations[0].routing == Routing(
        when=(first, When(explicit=True)),
        report="always",
        plans="off",
        include_started=True,
        shape=Shape(
            values="names",
            title_template="all: {{ title }}",
            message_template="{{ outcome }}",
            message_bytes=500,
            tags={"team": "core", "tier": "gold"},
            map_tags={"env": "environment"},
            redact_names=("shibboleth",),
        ),
    )


def test_a_destination_that_says_nothing_gets_what_was_recorded(read):
    settings, _ = read("title_template: x\n" + hook("values: safe"))
    assert settings.destinations[0].routing == Routing()


def test_what_was_hidden_for_all_is_hidden_already(read):
    settings, mistakes = read("values: names\n" + hook("values: safe"))
    assert (mistakes, settings.destinations[0].routing.shape) == ((), None)
    (warning,) = settings.warnings
    assert ":6: destinations.hook.values: nothing shows here what `values: names` hides" in warning
    assert read("values: names\n" + hook("values: none"))[0].warnings == ()


MISTAKES = [
    ("when: {enviroment: x}", "when.enviroment: no such condition: did you mean environment?"),
    ("when: {kind: infrastructur}", "when.kind: expected one of infrastructure, deployment"),
    ("when: {kind: infrastructur}", "did you mean infrastructure?"),
    ("when: {outcome: ['fail*', suceeded]}", "did you mean succeeded?"),
    ("when: {phase: 'x*'}", "when.phase: expected one of planned, applied, checked"),
    ("when: {signals: exposed_to_wrld}", "did you mean exposed_to_world?"),
    ("when: {severity: [warning]}", "when.severity: expected one of info, warning, error"),
    ("when: {severity: warn}", "did you mean warning?"),
    ("when: {counts: {destroi: '>0'}}", "when.counts.destroi: no such figure: did you mean destroy?"),
    ("when: {counts: {zzz: 1}}", "no such figure: there are create, update"),
    ("when: {counts: {destroy: many}}", "when.counts.destroy: expected a comparison with a whole number"),
    ("when: {counts: {destroy: '>-1'}}", "expected a comparison with a whole number"),
    ("when: {counts: {destroy: true}}", "expected a comparison with a whole number"),
    ("when: {counts: 3}", "when.counts: expected names and conditions under it"),
    ("when: {tags: [team]}", "when.tags: expected names and conditions under it"),
    ("when: {tags: {team: {a: b}}}", "when.tags.team: expected a text or a list of texts"),
    ("when: {environment: ~}", "when.environment: expected a text or a list of texts"),
    ("when: {environment: []}", "when.environment: expected a text or a list of texts"),
    ("when: {environment: '${NOPE}'}", "when.environment: the variable NOPE is not set"),
    ("when: {environment: !dev }", "a value that begins with ! is a YAML tag: quote it"),
    ("when: {explicit: perhaps}", "when.explicit: expected true or false"),
    ("when: {}", "when: expected conditions under it: kind"),
    ("when: []", "when: is an empty list"),
    ("when: prod", "when: expected conditions under it"),
    ("when: [{kind: build}, prod]", "when: expected conditions under it"),
    ("report: sometimes", "report: expected one of changed, always, failed"),
    ("plans: journal", "plans: expected one of send, off"),
    ("values: all", "values: expected one of none, names, safe"),
    ("include_started: maybe", "include_started: expected true or false"),
    ("stacks: sometimes", "stacks: expected one of failed, parent, children, both"),
    ("title_template: '{{ titel }}'", "title_template: it has no variable titel: there are event, title"),
    ("message_template: '{% if %}'", "message_template: line 1: Expected an expression"),
    ("message_template_file: none.j2", "message_template_file: "),
    ("tags: {team: }", "tags: expected names and values"),
    ("map_tags: {env: x, service: x}", "map_tags: two tags would have the same name"),
    ("map_tags: {env: ''}", "map_tags: expected a name for each tag"),
    ("include_startd: true", "did you mean include_started?"),
    ("wehn: {kind: build}", "did you mean when?"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_says_where_what_and_how(read, text, words):
    settings, mistakes = read(hook(text))
    reported = "\n".join(mistakes)
    assert "tfevent.yaml:5: " in reported
    assert words in reported
    if "_template" in words:
        assert [one.name for one in settings.destinations] == ["hook"], "a text does not decide who gets an event"
        assert settings.unrouted == ()
    else:
        assert settings.destinations == () or "YAML" in reported, (
            "where the conditions are unknown, nothing is sent yet"
        )


def test_all_mistakes_come_at_once_each_with_its_own_line(read):
    _, mistakes = read(hook("report: x\nwhen:\n  kind: x\n  severity: x\n  counts:\n    destroy: x\nregion: eu"))
    assert [mistake.split(":")[1] for mistake in mistakes] == ["5", "7", "8", "10", "11"]


def test_a_word_that_yaml_reads_otherwise_is_meant_as_written(read):
    settings, mistakes = read(hook("plans: off\nwhen: {environment: [1, true, 'on']}"))
    (made,) = settings.destinations
    assert (mistakes, made.routing.plans) == ((), "off")
    assert made.routing.when[0].environment == Words(("1", "true", "on"))


def test_no_kind_has_an_option_of_these_names():
    for kind in kinds():
        assert not {option.name for option in get(kind).options} & {*routes.NAMES_HERE, "kind"}


def test_the_editor_schema_takes_what_is_right_and_refuses_what_is_not():
    schema = json.loads((FOLDER / "tfevent-yaml.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    validator.check_schema(schema)
    validator.validate(yaml.safe_load(FULL))
    silent = (
        "NOPE",
        "!dev",
        "none.j2",
        "'{{ titel",
        "{% if",
        "${",
        "exposed_to",
        "x}",
        "''}",
        "maybe",
        "perhaps",
        "x*",
    )
    for text, _ in MISTAKES:
        if not any(part in text for part in silent):  # what only the text of a value shows
            with pytest.raises(jsonschema.ValidationError):
                validator.validate(yaml.safe_load(hook(text)))


def test_secrets_in_destinations_are_still_not_shown(read):
    settings, _ = read(hook("report: always").replace("hooks.example/x", "hooks.example/planted-secret"))
    assert "planted" not in repr(settings)


def test_it_is_read_where_a_run_looks(tmp_path):
    (tmp_path / "tfevent.yaml").write_text(hook("when: {kind: build}"))
    assert load(tmp_path / "a" / "b", {}).destinations[0].routing.when == (When(kind=Words(("build",))),)
