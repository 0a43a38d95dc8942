import pytest

from change_events.diff import diff
from change_events.redact import Redactor


@pytest.fixture
def compare():
    """Return a function that gives the differences of two objects as (path, before, after, note)."""
    redactor = Redactor()

    def compare(before, after, **masks):
        return [
            (change.path, shown(change.before), shown(change.after), change.note)
            for change in diff(before, after, redactor=redactor, **masks)
        ]

    return compare


def shown(value):
    return value.text if value.text is not None else value.kind.value
