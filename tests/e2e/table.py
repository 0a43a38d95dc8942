"""All scenarios of the equivalence suite."""

from __future__ import annotations

from tests.e2e import (
    scenarios_actions,
    scenarios_ephemeral,
    scenarios_failures,
    scenarios_flags,
    scenarios_input,
    scenarios_state,
)

SCENARIOS = (
    *scenarios_actions.SCENARIOS,
    *scenarios_flags.SCENARIOS,
    *scenarios_input.SCENARIOS,
    *scenarios_ephemeral.SCENARIOS,
    *scenarios_failures.SCENARIOS,
    *scenarios_state.SCENARIOS,
)

_NAMES = [scenario.name for scenario in SCENARIOS]
assert len(_NAMES) == len(set(_NAMES)), "two scenarios of one name"
