"""What tfevent.yaml says of signals: rules, mutes and ranks work, and every mistake has its place and a remedy."""

import json
from datetime import date

import jsonschema
import pytest
import yaml

from change_events.model import Action, ChangeOutcome, Risk, Severity
from change_events.redact import Redactor
from change_events.signals import signals
from change_events.summary.composing import compose
from tests.summary.typical_events import change, event
from tests.support.trusted import load_leniently
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.plan.reader import read_plan
from tools.schemas import FOLDER

FULL = """
signals:
  add:
    - signal: gateway_resized
      type: acme_gateway*
      attribute: size.units
      change: lower or removed
      given: kind=public
      reason: the gateway of all customers
    - {signal: capacity_reduced, type: acme_*, attribute: threads, change: lower}
    - {signal: other_touched, type: acme_other, attribute: a, change: any, severity: error}
  mute:
    - signal: exposed_to_world
      address: module.public["eu"].*
      reason: the public site
      expires: 2999-12-31
    - {signal: "stateful_*", type: aws_s3_bucket, reason: scratch buckets}
  rank:
    capacity_reduced: info
    gateway_resized: error
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


def risky(address, *names, action=Action.UPDATE):
    risks = tuple(Risk(name=name, reason="r") for name in names)
    return change(address, action, ChangeOutcome.APPLIED, risks=risks)


def test_all_of_it_is_read_and_fits_the_schema(read):
    settings, problems = read(FULL)
    assert problems == ()
    assert [rule.row.signal for rule in settings.own_rules] == ["gateway_resized", "capacity_reduced", "other_touched"]
    assert settings.signals.mutes[0].expires == date(2999, 12, 31)
    assert settings.signals.ranks["gateway_resized"] is Severity.ERROR
    assert settings.signals.ranks["other_touched"] is Severity.ERROR
    assert settings.warnings == ()
    schema = json.loads((FOLDER / "tfevent-yaml.schema.json").read_text())
    jsonschema.validate(yaml.load(FULL, Loader=yaml.BaseLoader), schema)


def test_a_rule_of_ones_own_signals_without_values(read):
    own = read(FULL)[0].signals
    sides = [{"kind": "public", "size": [{"units": units}], "threads": units} for units in (97531, 86420)]
    plan = read_plan(
        document(
            entry("acme_gateway_v2.a", "update", before=sides[0], after=sides[1]),
            entry("acme_gateway_v2.b", "update", before=sides[0], after={**sides[0], "size": []}),
            entry("acme_gateway_v2.c", "update", before=sides[0], after={**sides[1], "kind": "private"}),
            entry("other_gateway.d", "update", before=sides[0], after=sides[1]),
        ),
        name="",
        redactor=Redactor(),
        own=own.rules,
    )
    found = [(signal.name, signal.address, signal.severity) for signal in signals(event(*plan.changes), own)]
    assert found == [
        ("capacity_reduced", "acme_gateway_v2.a", Severity.INFO),
        ("capacity_reduced", "acme_gateway_v2.c", Severity.INFO),
        ("gateway_resized", "acme_gateway_v2.a", Severity.ERROR),
        ("gateway_resized", "acme_gateway_v2.b", Severity.ERROR),
    ]
    reasons = [signal.reason for signal in signals(event(*plan.changes), own)]
    assert any(reason.startswith("the gateway of all customers") for reason in reasons)
    assert not any("97531" in reason or "86420" in reason for reason in reasons)


def test_a_brace_that_begins_no_repetition_is_one_character(read):
    own = read("signals:\n  add:\n    - {signal: odd_name, type: a_b, attribute: name, change: 'matching web{e}'}\n")[0]
    hosts = [entry(f"a_b.n{n}", "update", before={"name": "x"}, after={"name": name})
             for n, name in enumerate(("web{e}", "wex", "web"))]  # fmt: skip
    plan = read_plan(document(*hosts), name="", redactor=Redactor(), own=own.signals.rules)
    assert [signal.address for signal in signals(event(*plan.changes), own.signals)] == ["a_b.n0"]


def test_a_pattern_that_takes_too_long_meets_every_change_and_holds_nobody_up(read):
    rule = "{signal: odd_name, type: acme_host, attribute: name, change: 'matching (a|a)+b?(a|a)+$'}"
    own = read(f"signals:\n  add:\n    - {rule}\n")[0].signals
    hosts = [
        entry(f"acme_host.n{n}", "update", before={"name": "web"}, after={"name": "a" * 60 + f"!{n}"})
        for n in range(50)
    ]
    plan = read_plan(document(*hosts), name="", redactor=Redactor(), own=own.rules)
    found = signals(event(*plan.changes), own)
    assert "the pattern of this rule takes too long" in found[0].reason
    assert found[-1].reason == "and 30 more of this kind"


def test_what_is_muted_is_not_reported_and_in_no_combination(read):
    settings = read(FULL + "report: always\n")[0]
    composed = compose(
        event(
            risky('module.public["eu"].aws_lb.a', "exposed_to_world", "auth_weakened"),
            risky("module.inner.aws_lb.a", "capacity_reduced"),
            change("aws_s3_bucket.a", Action.DESTROY),
            change("aws_db_instance.a", Action.DESTROY),
        ),
        settings,
    )
    assert [(signal.name, signal.address) for signal in composed.signals] == [
        ("stateful_destroyed", "aws_db_instance.a"),
        ("auth_weakened", 'module.public["eu"].aws_lb.a'),
        ("capacity_reduced", "module.inner.aws_lb.a"),
    ]
    composed = compose(event(risky("module.inner.aws_lb.a", "exposed_to_world", "capacity_reduced")), settings)
    assert [signal.name for signal in composed.signals] == ["exposed_to_world", "capacity_reduced"]
    ranked = compose(event(risky("aws_lb.a", "capacity_reduced")), settings)
    assert (ranked.severity, ranked.signals[0].severity) == (Severity.INFO, Severity.INFO)


def test_an_expired_mute_is_none_and_is_warned_of(read):
    settings, problems = read(
        "signals:\n  mute:\n    - signal: exposed_to_world\n      reason: until the move\n      expires: 2026-01-31\n"
    )
    assert problems == ()
    (warning,) = settings.warnings
    assert "tfevent.yaml:3: signals.mute" in warning
    assert "(until the move) expired on 2026-01-31: remove it" in warning
    composed = compose(event(risky("aws_lb.a", "exposed_to_world")), settings)
    assert [signal.name for signal in composed.signals] == ["exposed_to_world"]


def test_files_further_up_add_to_it_and_the_nearest_rank_wins(read, tmp_path):
    read("signals:\n  mute: [{signal: labels_only, reason: x}]\n  rank: {traffic_moved: error, labels_only: error}\n")
    settings, problems = read("signals:\n  rank: {traffic_moved: warning}\n", tmp_path / "inner")
    assert problems == ()
    assert settings.signals.ranks == {"traffic_moved": Severity.WARNING, "labels_only": Severity.ERROR}
    assert len(settings.signals.mutes) == 1


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("signals: exposed", "1: signals: expected the keys add, mute, rank under it"),
        ("signals:\n  mutes: []", "2: signals.mutes: no such key: did you mean mute?"),
        ("signals:\n  mute: x", "2: signals.mute: expected a list"),
        ("signals:\n  mute: [x]", "2: signals.mute: expected the keys signal, address"),
        ("signals:\n  mute:\n    - {signal: labels_only}", "3: signals.mute: reason is missing: why it is muted."),
        (
            "signals:\n  mute:\n    - {signal: labels_onyl, reason: x}",
            "no signal is named so: did you mean labels_only?",
        ),
        ("signals:\n  mute:\n    - {signal: labels_only, reason: x, adress: y}", "no such key: did you mean address?"),
        (
            "signals:\n  mute:\n    - {signal: labels_only, reason: x, expires: soon}",
            "expected a date, such as 2027-03-31",
        ),
        (
            "signals:\n  mute:\n    - {signal: labels_only, reason: x, address: [a, b]}",
            "3: signals.mute.address: expected a text",
        ),
        ("signals:\n  rank: {exposed: error}", "2: signals.rank.exposed: no such signal"),
        ("signals:\n  rank: {labels_only: fatal}", "signals.rank.labels_only: expected one of info, warning, error"),
        ("signals:\n  rank: high", "signals.rank: expected names of signals and a severity for each"),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y}", "3: signals.add: change is missing"),
        ("signals:\n  add:\n    - {signal: A-b, type: x, attribute: y, change: any}", "expected a name in lower case"),
        (
            "signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: any, severity: high}",
            "3: signals.add.severity: expected one of info, warning, error",
        ),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: lowr}", "change: did you mean lower?"),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: lower miles}", "lower takes a unit of"),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: 'matching ['}", "regular expression"),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: down a}", "down takes a chain"),
        ("signals:\n  add:\n    - {signal: a_b, type: x, attribute: y, change: smaller boat}", "takes an order of"),
    ],
)
def test_each_mistake_is_named_with_file_key_and_remedy(read, lines, sentence):
    problems = read(lines)[1]
    assert any(sentence in problem and "tfevent.yaml:" in problem for problem in problems), problems


def test_what_is_wrong_leaves_the_rest_in_force(read):
    settings, problems = read(
        "signals:\n  mute:\n    - {signal: labels_only, reason: x}\n    - {reason: y}\n  rank: {labels_only: warning}\n"
    )
    assert len(problems) == 1
    assert len(settings.signals.mutes) == 1
    assert settings.signals.ranks == {"labels_only": Severity.WARNING}


def test_a_file_of_a_working_tree_may_say_this_without_consent(read, monkeypatch):
    monkeypatch.delenv("TFEVENT_TRUST_SETTINGS", raising=False)
    settings, problems = read(FULL)
    assert problems == ()
    assert settings.signals.mutes
