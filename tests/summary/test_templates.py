"""A template of the user's own: rendered in bounds of time and memory, and its mistakes told by line."""

import contextlib
import sys
import time

import pytest

from change_events import templates
from change_events.errors import TemplateError
from tests.summary.typical_events import EVENTS

DOUBLING = (
    "{% set n = namespace(x='x' * 1000) %}\n"
    "{% for i in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x|length }}"
)


def render(source, name="created", limit=8000):
    return templates.render("title_template", source, EVENTS[name], limit)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("\n{{ 'x' * 10**9 }}", "result of * is too large"),
        ("{{ 999999 * 'xxxxx' }}", "result of * is too large"),
        ("{{ [1] * 900000 * 900000 }}", "result of * is too large"),
        ("{{ 9 ** 99999 }}", "is too large"),
        ("{{ 9 ** 999 ** 999 }}", "is too large"),
        ("{{ 'x'|center(1000000000) }}", "a number above"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "too many steps"),
        ("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "recursion"),
        (DOUBLING, "too much memory"),
    ],
)
def test_what_would_not_end_is_ended(source, words):
    begun = time.monotonic()
    with pytest.raises(TemplateError, match="title_template, line") as caught:
        render(source)
    assert words in str(caught.value)
    assert time.monotonic() - begun < 30


def test_a_long_event_is_told_in_full():
    told = render("{% for c in event.changes %}{{ c.address }}\n{% endfor %}", "huge", 1_000_000)
    assert told.count("\n") == 5200


@pytest.mark.parametrize(
    ("source", "expected"),
    [("{{ '-' * 3 }}", "---"), ("{{ 2 * 3 }}", "6"), ("{{ 2 ** 3 }}", "8"), ("{{ [1, 2] * 2 }}", "[1, 2, 1, 2]")],
)
def test_what_is_small_is_calculated(source, expected):
    assert render(source) == expected


@pytest.mark.parametrize("source", ["{{ title }}", "{{ nope }}"])
def test_the_thread_is_left_as_it_was(source):
    before = sys.gettrace()
    with contextlib.suppress(TemplateError):
        render(source)
    assert sys.gettrace() is before
