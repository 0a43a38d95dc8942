"""A template of the user's own: rendered in bounds of time and memory, and its mistakes reported by line."""

import contextlib
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from change_events.errors import TemplateError
from change_events.templates import rendering as templates
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
    begun = time.process_time()
    with pytest.raises(TemplateError, match="title_template") as caught:
        render(source)
    met_first = (words, "processor time", "too much time")  # a slow machine counts fewer steps in its time
    assert any(one in str(caught.value) for one in met_first)
    assert time.process_time() - begun < 5, "the work is not done here"


@pytest.mark.parametrize(
    "source",
    [
        "{{ lipsum(n=100000) }}",
        "{{ '%499999999d' % 1 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ ('x ' * 400000)|wordwrap(1) }}",
        "{{ range(99999)|map('string')|join|batch(1)|list|tojson|length }}" * 50,
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    ],
)
def test_what_is_lost_in_one_call_is_stopped_by_the_kernel(source):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(TemplateError, match="title_template") as caught:
        render(source)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "too much" in str(caught.value) or "processor time" in str(caught.value) or "too large" in str(caught.value)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4
    with pytest.raises(TemplateError):
        render(source)


def test_a_template_that_was_stopped_is_not_tried_again():
    source = "{{ lipsum(n=100001) }}"
    with pytest.raises(TemplateError):
        render(source)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(TemplateError, match="processor time"):
        render(source, "huge")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime == before


def test_a_check_of_the_settings_is_bounded_too():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    templates.problem("{{ '%999999999d' % 1 }}{{ 'x'|center(999999) }}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4
    assert templates.problem("{{ title }}") is None
    assert templates.problem("{{ titel }}").startswith("it has no variable titel")


def test_it_works_where_no_process_can_be_made(monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: (_ for _ in ()).throw(BlockingIOError(11, "no more")))
    with pytest.raises(TemplateError, match="no process can be started for it"):
        render("{{ title }}")


def test_threads_that_render_at_once_get_their_own(monkeypatch):
    monkeypatch.setattr(templates, "_stopped", {})
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: render(f"{{{{ {n} }}}}"), range(24))) == [str(n) for n in range(24)]


def test_a_long_event_is_reported_in_full():
    text = render("{% for c in event.changes %}{{ c.address }}\n{% endfor %}", "huge", 1_000_000)
    assert text.count("\n") == 5200


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
