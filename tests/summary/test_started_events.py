"""An event that has no outcome yet is reported as under way."""

from datetime import UTC, datetime

import pytest

from change_events.model import ChangeEvent, Counts, Kind, Phase, Summary
from change_events.summary.title import title


@pytest.mark.parametrize(
    ("counts", "expected"),
    [(Counts(), "prod/dns: under way"), (Counts(create=1, update=3), "prod/dns: 3 updates, 1 create under way")],
)
def test_a_running_event_is_under_way(counts, expected):
    event = ChangeEvent(
        id="1",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime.now(UTC),
        title="",
        environment="prod",
        service="dns",
        summary=Summary(counts=counts),
    )
    assert title(event) == expected
