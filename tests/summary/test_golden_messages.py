"""Title and message of typical events, word for word, as a person reads them."""

import pytest

from change_events.settings import Settings
from change_events.summary.composing import compose
from tests.summary.typical_events import EVENTS

LIMIT = {"huge": 1500}


@pytest.mark.parametrize("name", EVENTS)
def test_a_typical_event_reads_as_the_golden_says(name, golden):
    limit = LIMIT.get(name, 8000)
    composed = compose(EVENTS[name], Settings(message_bytes=limit))
    assert len(composed.message.encode()) <= limit
    golden(f"messages/{name}.md")(f"{composed.title}\n[{composed.severity.value}]\n\n{composed.message}")
