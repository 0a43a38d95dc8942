"""Drop-in, proven: each scenario with bare terraform and with tfevent, everything that can be seen compared."""

from __future__ import annotations

import pytest

from tests.e2e import table
from tests.e2e.runner import Stage, differences, subject
from tests.support.terraform import binaries


def _cases():
    for binary in binaries():
        first = binary == binaries()[0]
        for scenario in table.SCENARIOS:
            if binary.version < scenario.since:
                continue
            for stdio in scenario.stdio:
                marks = [] if first and scenario.core and stdio in scenario.stdio[:2] else [pytest.mark.e2e]
                yield pytest.param(scenario, stdio, binary, id=f"{scenario.name}-{stdio.name}-{binary}", marks=marks)


@pytest.mark.parametrize(("scenario", "stdio", "binary"), list(_cases()))
def test_tfevent_cannot_be_told_from_terraform(scenario, stdio, binary, tmp_path):
    stage = Stage(tmp_path, binary)
    stage.prepare(scenario)
    expected = stage.play(scenario, stdio, [str(binary.path)])
    actual = stage.play(scenario, stdio, subject(binary))
    found = differences(expected, actual)
    assert not found, f"\n{found}\n\nown lines: {actual.own}"
    assert not actual.leftovers
