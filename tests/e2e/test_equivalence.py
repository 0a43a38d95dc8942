"""Drop-in, proven: each scenario with bare terraform and with tfevent, everything that can be seen compared."""

from __future__ import annotations

import pytest

from tests.e2e import table
from tests.e2e.runner import assert_equivalent, compares_terraform_with_itself
from tests.e2e.scenario import BOTH, Run
from tests.support.pty import TERMINAL, UNSIZED
from tests.support.terraform import binaries


def _cases():
    for binary in binaries():
        for scenario in table.SCENARIOS:
            if binary.version < scenario.since:
                continue
            for stdio in scenario.stdio:
                name = f"{scenario.name}-{stdio.name}-{binary}"
                yield pytest.param(scenario, stdio, binary, id=name, marks=_marks(scenario, stdio, binary))


# scenarios of the core that `make test` plays with pipes as well: where tfevent asks, reads its input, or streams;
# `make e2e` plays them so with the other versions, too; the rest of the core with these on one terminal only, and other
# scenarios with the first version that knows them. `make exhaustive` has all else.
PIPED = {
    "create",
    "create-auto-approve",
    "saved-plan",
    "plan-json",
    "json",
    "input-false",
    "answer-end",
    "variable-prompt",
    "ephemeral-prompt",
    "provisioner-fails",
    "precondition-at-plan",
    "syntax-error",
}


def _marks(scenario, stdio, binary):
    first = binary == next(known for known in binaries() if known.version >= scenario.since)
    usual = TERMINAL if TERMINAL in scenario.stdio and scenario.name not in PIPED else stdio
    core = scenario.core and stdio in (*BOTH, UNSIZED) and stdio == usual
    deviates = scenario.deviation and not compares_terraform_with_itself()
    return [
        *([] if first and core else [pytest.mark.e2e]),
        *([] if first or core else [pytest.mark.exhaustive]),
        *([pytest.mark.races] if stdio.columns and _types(scenario) else []),
        *([pytest.mark.xfail(reason=scenario.deviation, strict=True)] if deviates else []),
    ]


def _types(scenario):
    """Keys are echoed by the kernel wherever terraform's output has got to."""
    return any(isinstance(step, Run) and step.answers for step in scenario.steps)


def test_what_is_played_with_pipes_as_well_is_of_the_core():
    assert {scenario.name for scenario in table.SCENARIOS if scenario.core} >= PIPED


@pytest.mark.parametrize(("scenario", "stdio", "binary"), list(_cases()))
def test_tfevent_cannot_be_distinguished_from_terraform(scenario, stdio, binary, tmp_path):
    assert_equivalent(scenario, stdio, binary, tmp_path)
