"""The benchmark of the wrapper measures what it says, and fails where a figure is beyond its limit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import __main__ as all_of_them
from benchmarks import wrapper
from benchmarks.limits import beyond

ENVIRON = {"PATH": "/usr/bin:/bin"}
OBSERVED = "observed path, times a start of Python"
# starts terraform twice: first as it should, then again, much later; `before` is what happens ahead of the first
TOOL = """#!/bin/sh
{before}
"$TFEVENT_TF_BINARY" {first}
sleep 2
"$TFEVENT_TF_BINARY" plan
exit 0
"""


def tool(folder, first="plan", before=""):
    path = folder / "tool"
    path.write_text(TOOL.format(first=first, before=before))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def observed_start(command, place):
    return wrapper.observed_start(command, ENVIRON, place, rounds=3)


@pytest.mark.slow
def test_the_first_start_of_terraform_is_what_is_measured(tmp_path, place):
    assert observed_start(tool(tmp_path), place) < 1900, "the second start is two seconds later"


@pytest.mark.slow
def test_what_delays_terraform_is_in_the_figure(tmp_path, place):
    assert observed_start(tool(tmp_path, before="sleep 0.3"), place) > 250


@pytest.mark.slow
def test_a_terraform_that_is_asked_for_more_fails_the_benchmark(tmp_path, place):
    with pytest.raises(SystemExit, match="started for show, which nobody needs"):
        observed_start(tool(tmp_path, first="show -json x"), place)


# what needs CPU in a process that it waits for, and what only takes its time
BUSY = "sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'"
IDLE = "sleep 0.3"


@pytest.mark.parametrize(("ours", "more"), [(BUSY, True), (IDLE, False)])
def test_cpu_of_a_state_command_is_that_of_its_processes_and_no_time(ours, more, tmp_path, place):
    tools = []
    for name, command in (("bare", "true"), ("ours", ours)):
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
        tools.append(str(tmp_path / name))
    figures = wrapper.state_commands((tools[0], tools[1]), ENVIRON, place, rounds=2, measure=wrapper.cpu_of)
    busy = wrapper.median([wrapper.cpu_of(["/bin/sh", "-c", BUSY], env=ENVIRON)])
    assert (min(figures) > busy / 3) is more


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, []),
        ({OBSERVED: wrapper.LIMITS[OBSERVED]}, []),
        ({OBSERVED: 190.0}, [f"{OBSERVED}: 190.00, the most is"]),
        ({name: most + 1 for name, most in wrapper.LIMITS.items()}, [f"{name}: " for name in wrapper.LIMITS]),
    ],
)
def test_a_figure_beyond_its_limit_is_named(figures, expected):
    found = beyond(figures, wrapper.LIMITS)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_one_that_is_beyond_a_limit_ends_with_an_error(monkeypatch, capsys):
    monkeypatch.setattr(wrapper, "measured", lambda: {OBSERVED: 190.0})
    with pytest.raises(SystemExit) as ended:
        wrapper.main()
    assert f"{OBSERVED}: 190.00" in str(ended.value.code)


def test_all_of_them_fail_where_one_does(monkeypatch):
    def run(command, **options):
        return subprocess.CompletedProcess(command, 1 if command[-1].endswith("wrapper") else 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "wrapper", "redact"])
    assert all_of_them.main() == 1
