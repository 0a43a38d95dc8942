"""The benchmarks of large plans and of redaction measure what they say, and fail where a figure is beyond its limit."""

from __future__ import annotations

import shutil
import sys

import pytest

from benchmarks import limits, redact, report, summarize

BENCHMARKS = [summarize, redact, report]


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda module: module.__name__)
def test_each_limit_can_fail(benchmark, monkeypatch):
    for name, most in benchmark.LIMITS.items():
        monkeypatch.setattr(benchmark, "measured", lambda *_, name=name, most=most: {name: most + 0.5})
        monkeypatch.setattr(sys, "argv", ["benchmark"])
        with pytest.raises(SystemExit) as ended:
            benchmark.main()
        assert f"{name}: {most + 0.5:.2f}, the most is {most:.2f}" in str(ended.value.code)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda module: module.__name__)
def test_figures_at_their_limits_pass(benchmark):
    limits.enforce(benchmark.LIMITS, benchmark.LIMITS)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_a_plan_that_is_slow_to_read_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(summarize, "RESOURCES", 50)
    path = tmp_path / "plan.json"
    summarize.write_plan(path, 0.1, 1.0, secret=True)
    quick = summarize.compare("quick", path)  # of so small a plan, all of it is imports
    monkeypatch.setattr(summarize, "READ", f"sum(i * i for i in range(20_000_000))\n{summarize.READ}")
    assert summarize.compare("slow", path) > 1.5 * quick


def test_every_figure_has_its_limit():
    assert summarize.PLANS.keys() == summarize.LIMITS.keys()
