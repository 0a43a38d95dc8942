"""What tfevent.yaml says of drift: rules work, and every mistake has its place and a remedy."""

from __future__ import annotations

import json
from datetime import date

import jsonschema
import pytest
import yaml

from change_events.settings.drift import expired, holding
from tests.support.trusted import load_leniently
from tools.schemas import FOLDER

FULL = """
drift:
  ignore:
    - type: aws_autoscaling_group
      attribute: desired_capacity
      reason: the autoscaler sets it
    - address: module.legacy["a"].*
      directory: prod/*
      reason: being moved
      expires: 2999-12-31
    - {type: aws_db_instance, reason: tried by hand, expires: 2026-01-31}
"""


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def read(tmp_path):
    def reader(text, folder=tmp_path):
        folder.mkdir(exist_ok=True)
        (folder / "tfevent.yaml").write_text(text)
        (folder / "tfevent.yaml").chmod(0o600)
        return load_leniently(folder, {})

    return reader


def test_all_of_it_is_read_and_fits_the_schema(read):
    settings, problems = read(FULL)
    assert problems == ()
    first, second, third = settings.drift_ignore
    assert (first.type, first.attribute, first.address) == ("aws_autoscaling_group", "desired_capacity", None)
    assert (second.directory, second.expires) == ("prod/*", date(2999, 12, 31))
    assert third.where.endswith("tfevent.yaml:11")
    schema = json.loads((FOLDER / "tfevent-yaml.schema.json").read_text())
    jsonschema.validate(yaml.load(FULL, Loader=yaml.BaseLoader), schema)


def test_an_expired_rule_holds_no_longer_and_is_a_warning(read):
    settings, _ = read(FULL)
    assert [rule.reason for rule in holding(settings.drift_ignore)] == ["the autoscaler sets it", "being moved"]
    [sentence] = expired(settings.drift_ignore)
    assert "tfevent.yaml:11: drift.ignore: the rule (tried by hand) expired on 2026-01-31" in sentence
    assert settings.warnings == (sentence,)


def test_files_add_up_nearest_first(read, tmp_path):
    read("drift: {ignore: [{type: above, reason: r}]}\n")
    settings, problems = read("drift: {ignore: [{type: near, reason: r}]}\n", tmp_path / "sub")
    assert problems == ()
    assert [rule.type for rule in settings.drift_ignore] == ["near", "above"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("drift: 1", "drift: expected the key ignore under it"),
        ("drift: {ingore: []}", "drift.ingore: no such key: did you mean ignore?"),
        ("drift: {ignore: {}}", "drift.ignore: expected a list; each item has address, type"),
        ("drift: {ignore: [a]}", "drift.ignore: expected the keys address, type"),
        ("drift: {ignore: [{type: a}]}", "drift.ignore: reason is missing: why it is ignored."),
        ("drift: {ignore: [{reason: a}]}", "expected at least one of address, type, attribute"),
        ("drift: {ignore: [{type: a, reason: b, typo: c}]}", "drift.ignore.typo: no such key"),
        ("drift: {ignore: [{type: [a], reason: b}]}", "drift.ignore.type: expected a text"),
        ("drift: {ignore: [{type: a, reason: b, expires: soon}]}", "expires: expected a date, such as 2027-03-31"),
    ],
)
def test_a_mistake_has_its_place_and_leaves_the_rest(read, text, problem):
    settings, problems = read(f"service: shop\n{text}\n")
    assert any(problem in one and "tfevent.yaml:2" in one for one in problems), problems
    assert settings.service == "shop"
    assert settings.drift_ignore == ()
