"""Terragrunt's run report: where it is written, and what is made of one that is broken or hostile."""

import json
import os

import pytest

from change_events.stacks import report, terragrunt

OWN = "/state/runs/x/report.json"
RUN = ["run", "--all", "apply"]


@pytest.mark.parametrize(
    ("argv", "environ", "variables", "path", "base"),
    [
        (["terragrunt", *RUN], {}, {"TG_REPORT_FILE": OWN}, OWN, "/work/"),
        (["/opt/terragrunt", *RUN], {"TG_REPORT_FILE": ""}, {"TG_REPORT_FILE": OWN}, OWN, "/work/"),
        (["aws-vault", "exec", "prod", "--", "terragrunt", *RUN], {}, {"TG_REPORT_FILE": OWN}, OWN, "/work/"),
        (["terragrunt", *RUN], {"TG_REPORT_FILE": "r.csv"}, {}, "/work/r.csv", "/work/"),
        (["terragrunt", *RUN, "--report-file", "r.json"], {"TG_REPORT_FILE": "x"}, {}, "/work/r.json", "/work/"),
        (["terragrunt", "--report-file=/r.json", *RUN], {}, {}, "/r.json", "/work/"),
        (["terragrunt", *RUN, "--", "-report-file=r"], {}, {"TG_REPORT_FILE": OWN}, OWN, "/work/"),
        (["terragrunt", "--working-dir", "live", *RUN], {}, {"TG_REPORT_FILE": OWN}, OWN, "/work/live"),
        (["terragrunt", *RUN, "--report-file", "r"], {"TG_WORKING_DIR": "/live"}, {}, "/live/r", "/live"),
    ],
)
def test_the_report_is_where_the_user_wants_it_or_ours(argv, environ, variables, path, base):
    given, place = terragrunt.prepared(argv, environ, "/work", OWN)
    assert (given, place["report"], place["base"]) == (variables, path, base)


def test_a_script_may_start_terragrunt_and_no_report_is_missed_where_it_does_not():
    script = ["sh", "-c", "terragrunt run"]
    given, place = terragrunt.prepared(script, {}, "/work", OWN)
    assert (given, place["report"], place["named"]) == ({"TG_REPORT_FILE": OWN}, OWN, False)
    given, place = terragrunt.prepared(script, {"TG_REPORT_FILE": "r"}, "/work", OWN)
    assert (given, place["report"]) == ({}, "/work/r")
    assert terragrunt.prepared(["terragrunt"], {}, "/work", OWN)[1]["named"]
    assert terragrunt.prepared(script, {}, "/work", None) == ({}, {}), "no folder of ours"
    assert terragrunt.prepared(["terragrunt", *RUN], {}, "/work", None) == ({}, {}), "no folder of ours"


V4 = [
    {"Name": "a", "Started": "2026-11-30T12:00:00Z", "Ended": "2026-11-30T12:00:01Z", "Result": "succeeded"},
    {
        "Name": "b",
        "Started": "",
        "Ended": "",
        "Result": "failed",
        "Reason": "run error",
        "Cause": "boom",
        "Cmd": "apply",
    },
    {"Name": "c", "Result": "early exit", "Reason": "ancestor error", "Cause": "b", "Ref": "main", "Args": ["-x"]},
]
CSV = 'Name,Started,Ended,Result,Reason,Cause,Ref,Cmd\na,,,succeeded,,,,\nb,,,failed,run error,"two\nlines",,apply\n'


def read(path, data, before=None):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return report.read(str(path), before)


def test_both_formats_are_read(tmp_path):
    found = read(tmp_path / "r", json.dumps(V4))
    assert found.problem is None
    assert [(one.name, one.result, one.cause, one.command, one.ref) for one in found.units] == [
        ("a", "succeeded", "", "", ""), ("b", "failed", "boom", "apply", ""), ("c", "early exit", "b", "", "main"),
    ]  # fmt: skip
    found = read(tmp_path / "r", CSV)
    assert [(one.name, one.result, one.cause) for one in found.units] == [
        ("a", "succeeded", ""), ("b", "failed", "two\nlines")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "units", "problem"),
    [
        ("", 0, "not a run report of Terragrunt in JSON or CSV"),
        ("[{", 0, "not a run report of Terragrunt in JSON or CSV"),
        ("{}", 0, "not a run report of Terragrunt in JSON or CSV"),
        ("[" * 100_000, 0, "not a run report of Terragrunt in JSON or CSV"),
        ("\0\xff,\n\0", 0, "not a run report of Terragrunt in JSON or CSV"),
        (b"\xff\xfe[", 0, "not a run report of Terragrunt in JSON or CSV"),
        ("[]", 0, None),
        (
            json.dumps([*V4, 7, None, {"Name": "d"}, {"Name": 3, "Result": "failed"}]),
            3,
            "entries not understood: 4 of 7",
        ),
        (json.dumps([{"Name": "d", "Result": "exploded"}]), 0, "entries not understood: 1 of 1"),
        (json.dumps([V4[0]] * 10_001), 10_000, "more than 10,000 units"),
        (b" " * (16 * 1024 * 1024 + 1), 0, "larger than 16 MiB"),
    ],
)
def test_what_is_wrong_costs_a_clause(tmp_path, data, units, problem):
    found = read(tmp_path / "r", data)
    assert (len(found.units), found.problem) == (units, problem)


def test_what_is_no_file_does_not_hang(tmp_path):
    assert report.read(str(tmp_path / "none"), None).problem == "none was written"
    os.mkfifo(tmp_path / "pipe")
    assert report.read(str(tmp_path / "pipe"), None).problem == "not a regular file"
    assert report.read(str(tmp_path), None).problem == "Is a directory"
    assert report.read("/dev/zero", None).problem == "not a regular file"


def test_the_file_of_an_earlier_run_is_none_of_this_one(tmp_path):
    path = tmp_path / "r"
    path.write_text(json.dumps(V4))
    before = terragrunt.seen(str(path))
    assert report.read(str(path), before).problem == "the file is that of an earlier run"
    path.unlink()
    assert len(read(path, json.dumps(V4[:1]), before).units) == 1
