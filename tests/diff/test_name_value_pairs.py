"""A secret whose name stands beside it, not above it, is protected by that name."""

import json

import pytest

from change_events.diff import diff
from change_events.redact import Redactor

OLD, NEW = "tr0ub4dor-before", "tr0ub4dor-after"


def pairs(value):
    return [{"name": "LOG_LEVEL", "value": "info"}, {"name": "DB_PASSWORD", "value": value}]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: {"env": pairs(value)},
        lambda value: {"definitions": json.dumps([{"environment": pairs(value)}])},
        lambda value: {"one": {"two": [{"key": "api_token", "value": value}]}},
    ],
    ids=["blocks", "JSON in a string", "deep"],
)
def test_the_name_beside_a_value_protects_it(wrap):
    found = diff(wrap(OLD), wrap(NEW), unknown={}, before_sensitive=False, after_sensitive=False, redactor=Redactor())
    assert found
    assert not any(secret in str(change) for change in found for secret in (OLD, NEW))
