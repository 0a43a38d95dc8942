"""Destinations that variables declare: what is wrong with one is named with its variable and what is expected."""

from __future__ import annotations

import pytest

from change_events.destinations import get, kinds
from tests.support.trusted import load, load_leniently

PLANTED = "not a value of any type\x07"  # of none but a command, whose program is looked for when it is started
CHECKED = [
    (kind, option.environment)
    for kind in kinds()
    for option in get(kind).options
    if option.environment and option.type != "command"
]


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def required(kind):
    """Variables for all that a destination requires; their values may be wrong."""
    return {one.environment: PLANTED for one in get(kind).options if one.required and one.environment}


def test_each_kind_has_variables():
    assert {kind for kind, _ in CHECKED} | {"command"} == set(kinds())


@pytest.mark.parametrize(("kind", "variable"), CHECKED, ids=[variable for _, variable in CHECKED])
def test_a_malformed_variable_is_named_with_what_is_expected(tmp_path, kind, variable):
    settings, problems = load_leniently(tmp_path, {**required(kind), variable: PLANTED})
    assert settings.destinations == ()
    (problem,) = [text for text in problems if text.startswith(f"{kind}: {variable}: ")]
    assert "expected " in problem
    assert PLANTED not in "".join(problems)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"TFEVENT_GRAFANA_URL": "https://g.example"}, "TFEVENT_GRAFANA_URL requires TFEVENT_GRAFANA_TOKEN"),
        (
            {"TFEVENT_EMAIL_HOST": "mail.example"},
            "TFEVENT_EMAIL_HOST requires TFEVENT_EMAIL_FROM and TFEVENT_EMAIL_TO",
        ),
    ],
)
def test_doctor_warns_of_variables_that_lack_a_required_one(tmp_path, environ, sentence):
    settings = load(tmp_path, environ)
    assert settings.destinations == ()
    (warning,) = settings.warnings
    assert sentence in warning


@pytest.mark.parametrize(
    "environ",
    [
        {"TFEVENT_SPLUNK_INDEX": "main"},  # for a destination of a file, which others have
        {"TFEVENT_LEDGER_PASSWORD": "a-password"},  # for reading
        {"TFEVENT_GRAFANA_URL": "https://g.example", "TFEVENT_GRAFANA_TOKEN": "a-token"},
    ],
)
def test_nothing_is_reported_of_what_is_optional_or_complete(tmp_path, environ):
    assert load(tmp_path, environ).warnings == ()


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TFEVENT_LEDGER_URL": "https://c.example", "TFEVENT_LEDGER_TOKEN": ""}, "ledger"),
        ({"TFEVENT_LEDGER_URL": "https://c.example"}, "ledger"),
        ({"TFEVENT_LEDGER_URL": "https://c.example", "TFEVENT_LEDGER_TOKEN": "tfel_a\nb"}, "ledger"),
        ({"TFEVENT_LEDGER_URL": "https://c.example", "TFEVENT_LEDGER_TOKEN": "tfel_\udcff"}, "ledger"),
        ({"TFEVENT_LEDGER_URL": "https://c.example", "TFEVENT_LEDGER_TOKEN": "tfel_\u00fc"}, "ledger"),
        ({"TFEVENT_LEDGER_URL": "https://c.example", "TFEVENT_LEDGER_TOKEN_FILE": "absent"}, "ledger"),
        ({"TFEVENT_GRAFANA_URL": "https://g.example", "TFEVENT_GRAFANA_TOKEN": ""}, "grafana"),
        ({"TFEVENT_GRAFANA_URL": "https://g.example", "TFEVENT_GRAFANA_TOKEN_FILE": "absent"}, "grafana"),
        ({"TFEVENT_GRAFANA_URL": "no address", "TFEVENT_GRAFANA_TOKEN": "a-token"}, "grafana"),
    ],
)
def test_events_wait_for_a_destination_whose_variables_have_a_mistake(tmp_path, environ, name):
    settings, problems = load_leniently(tmp_path, environ)
    assert [one.name for one in settings.broken] == [name]
    assert any(name in problem.lower() for problem in problems)
    assert settings.warnings == ()


def test_empty_variables_alone_declare_nothing(tmp_path):
    settings, problems = load_leniently(tmp_path, {"TFEVENT_GRAFANA_URL": "", "TFEVENT_GRAFANA_TOKEN": ""})
    assert (settings.broken, problems) == ((), ())


def test_a_destination_of_a_file_that_takes_the_variable_is_complete(tmp_path):
    (tmp_path / "tfevent.yaml").write_text(
        "destinations:\n  board: {kind: grafana, url: '${TFEVENT_GRAFANA_URL}', token: a-token}\n"
    )
    (tmp_path / "tfevent.yaml").chmod(0o600)
    assert load(tmp_path, {"TFEVENT_GRAFANA_URL": "https://g.example"}).warnings == ()
