"""Signals where people look: the list, its filter, and the gate of a pipeline."""

from __future__ import annotations

import json

import msgspec
import pytest

from change_events.model import Severity, Signal
from tests.cli.sample import partial, succeeded
from tests.cli.test_cli_summarize import MIXED, NOTHING
from tests.tf_wrapper.plan_documents import document, entry

OPEN = Signal(name="exposed_to_world", reason="port 22 from 0.0.0.0/0", address="aws_security_group.web")
MOVED = Signal(name="traffic_moved", reason="records changed", address="aws_route53_record.a", severity=Severity.INFO)
RULE = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}


@pytest.fixture
def marked(home):
    home.fill(
        msgspec.structs.replace(partial(), signals=(OPEN, OPEN, MOVED)),
        msgspec.structs.replace(succeeded(), signals=(MOVED,)),
    )
    return home


@pytest.fixture
def plan(home):
    """A plan that opens a port and moves a name."""
    path = home.path / "plan.json"
    path.write_bytes(
        document(
            entry("aws_security_group.web", "update", before={"ingress": []}, after={"ingress": [RULE]}),
            entry("aws_route53_record.a", "update", before={"records": ["a"]}, after={"records": ["b"]}),
        )
    )
    return str(path)


def ids(text):
    return [line.split("\t")[0] for line in text.splitlines()]


def test_the_list_is_filtered_by_a_signal(marked):
    assert ids(marked.events("list", "--signal", "exposed_to_world")) == [partial().id]
    assert ids(marked.events("list", "--signal", "traffic_moved")) == [partial().id, succeeded().id]
    assert marked.events("list", "--signal", "iam_widened") == ""
    assert ids(marked.events("list", "--signal", "traffic_moved", "--outcome", "succeeded")) == [succeeded().id]
    assert ids(marked.events("list", "--signal", "traffic_moved", "--limit", "1")) == [partial().id]


def test_an_unknown_signal_names_near_ones(marked):
    done = marked.run("list", "--signal", "exposed_to_word")
    assert done.returncode == 2
    assert b"is not a signal: did you mean exposed_to_world" in done.stderr


def test_a_name_elsewhere_in_an_event_is_no_signal(home):
    quoting = msgspec.structs.replace(succeeded(), signals=(), message='"name":"exposed_to_world"')
    home.fill(quoting)
    assert home.events("list", "--signal", "exposed_to_world") == ""


def test_signals_are_the_last_field_of_a_line_and_a_mark_in_the_table(marked):
    rows = [line.split("\t") for line in marked.events("list").splitlines()]
    assert [row[-1] for row in rows] == ["exposed_to_world,traffic_moved", "traffic_moved"]
    table = marked.on_terminal("list", columns=120).text
    assert "!exposed_to_world" in table
    assert table.count("!") == 1, "what is only information has no mark"


@pytest.mark.parametrize(
    ("wanted", "code", "why"),
    [
        (["exposed_to_world"], 3, "--fail-on: exposed_to_world (aws_security_group.web): every address"),
        (["iam_widened,exposed_to_world"], 3, "exposed_to_world"),
        (["iam_widened", "--fail-on", "traffic_moved"], 3, "traffic_moved (aws_route53_record.a): records changed"),
        (["severity:warning"], 3, "exposed_to_world"),
        (["severity:info"], 3, "traffic_moved"),
        (["severity:error"], 0, ""),
        (["iam_widened"], 0, ""),
    ],
)
def test_the_gate_of_a_pipeline(home, plan, wanted, code, why):
    done = home.run("summarize", plan, "--json", "--fail-on", *wanted)
    assert done.returncode == code
    assert why in done.stderr.decode()
    assert bool(done.stderr) == bool(why)
    assert json.loads(done.stdout)["signals"][0]["name"] == "exposed_to_world", "the report is printed all the same"


def test_a_plan_without_signals_has_a_severity_too(home):
    done = home.run("summarize", str(MIXED), str(NOTHING), "--fail-on", "severity:warning")
    assert done.returncode == 3
    assert done.stderr.decode() == f"tfevent: --fail-on: {MIXED}: the severity of the plan is warning\n"
    assert home.run("summarize", str(NOTHING), "--fail-on", "severity:info").returncode == 0


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("exposed_to_word", "did you mean exposed_to_world"),
        ("severity:fatal", "expected one of severity:info, severity:warning, severity:error"),
        ("zzz", "the signals are state_emergency,"),
        ("", "write names of signals"),
    ],
)
def test_an_unknown_name_is_a_mistake_and_nothing_is_judged(home, plan, wanted, says):
    done = home.run("summarize", plan, "--fail-on", wanted)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in " ".join(done.stderr.decode().split())


def test_settings_mute_rank_and_add_for_the_gate(home, plan):
    (home.path / "tfevent.yaml").write_text(
        "signals:\n"
        "  mute: [{signal: exposed_to_world, address: aws_security_group.*, reason: a test}]\n"
        "  add: [{signal: dns_touched, type: aws_route53_record, attribute: records, change: any}]\n"
        "  rank: {dns_touched: error}\n"
    )
    assert home.run("summarize", plan, "--fail-on", "exposed_to_world").returncode == 0
    done = home.run("summarize", plan, "--json", "--fail-on", "severity:error")
    assert (done.returncode, done.stderr.decode()) == (
        3,
        "tfevent: --fail-on: dns_touched (aws_route53_record.a): records changed (planned)\n",
    )
    assert [(one["name"], one.get("severity")) for one in json.loads(done.stdout)["signals"]] == [
        ("traffic_moved", "info"),
        ("dns_touched", "error"),
    ]
    assert home.run("summarize", plan, "--fail-on", "dns_touched").returncode == 3
