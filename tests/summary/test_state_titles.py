"""Titles of commands that changed the state and no resource."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from change_events.model import (
    Action,
    ChangeEvent,
    Counts,
    Drift,
    Kind,
    Outcome,
    Phase,
    StateCounts,
    StateEdit,
    Summary,
)  # fmt: skip
from change_events.summary.title import title

DRIFT = (Drift(address="a.a", action=Action.UPDATE), Drift(address="a.b", action=Action.DESTROY))


def event(command, counts=None, outcome=Outcome.SUCCEEDED, drift=(), outputs=0, **state):
    return ChangeEvent(
        id="1",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime.now(UTC),
        title="",
        outcome=outcome,
        drift=drift,
        summary=Summary(counts=Counts(drift=len(drift), outputs=outputs), state=StateCounts(**(counts or {}))),
        state=StateEdit(command=command, **state),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event("state rm", {"removed": 2, "moved": 1}), "state edited: 2 removed, 1 moved"),
        (event("import", {"imported": 1}, outputs=1), "state edited: 1 imported, 1 output changed"),
        (event("refresh", drift=DRIFT), "state refreshed: 1 changed outside of Terraform, 1 no longer exists"),
        (event("state push", {"added": 3}, serial=3), "state pushed: 3 added"),
        (event("state push", previous_serial=4, serial=2), "state replaced: serial 2"),
        (event("force-unlock", lock="1"), "state lock broken"),
        (event("workspace new", workspace="dev"), "workspace dev created"),
        (event("workspace select", workspace="dev"), "workspace dev created"),
        (event("env delete", {"removed": 3}, workspace="dev"), "workspace dev deleted: 3 removed"),
        (event("state rm", {"removed": 1}, Outcome.FAILED), "state changed during a failed state rm: 1 removed"),
        (event("state mv", {"moved": 1}, Outcome.CANCELLED), "state changed during a cancelled state mv: 1 moved"),
        (
            event("state rm", {"removed": 2}, previous_serial=3, serial=5),
            "state changed by several commands: 2 removed",
        ),
        (event("import", {"imported": 1}, serial=9), "state edited: 1 imported"),  # the one before is not known
        (event("state push", previous_serial=3, serial=7), "state pushed: serial 7"),
        (event("state rm", outcome=Outcome.UNKNOWN), "state edited: outcome unknown"),
    ],
)
def test_a_title_says_what_was_done_to_the_state(given, expected):
    assert title(given) == expected
