"""What of many cases `make test` runs, and what is left to `make e2e` and `make properties`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

# Profiles of Hypothesis, registered by tests/conftest.py. A machine that is three times slower generates examples
# slowly: that is no finding.
_ANY = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
QUICK = hypothesis.settings(max_examples=20, derandomize=True, database=None, **_ANY)
THOROUGH = hypothesis.settings(max_examples=100, **_ANY)


def examples(number: int, **more: object) -> hypothesis.settings:
    """Settings of a property that `make properties` tries with ``number`` examples, `make test` with a fifth of them.

    Properties without these settings have 100.
    """
    scaled = number * hypothesis.settings.default.max_examples // THOROUGH.max_examples
    return hypothesis.settings(max_examples=max(1, scaled), **more)


def slow(*values: object) -> object:
    """A set of parameters that `make test` leaves out: it runs another one of the same kind."""
    return pytest.param(*values, marks=pytest.mark.slow)


def slow_except(cases: Iterable[str], *quick: str) -> list[object]:
    """Parameters for all cases: `make test` runs those named ``quick``, one of each kind; the others are slow."""
    names = list(cases)
    assert set(quick) <= set(names), set(quick) - set(names)
    return [name if name in quick else slow(name) for name in names]
