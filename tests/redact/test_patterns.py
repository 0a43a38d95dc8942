"""The settings' own patterns: one that never comes to an end hides what it was asked about, and holds up nobody."""

import re
import time

import pytest

from change_events.errors import SettingsError
from change_events.redact import MARK, Redactor, RedactPolicy

ENDLESS = r"(a|aa)+$"
LONG = "a" * 60 + "!"


def redactor(*patterns):
    return Redactor(RedactPolicy(patterns=patterns))


def test_a_text_that_a_pattern_is_not_through_with_is_hidden_whole():
    scrub = redactor(ENDLESS)
    assert scrub.text("fine") == "fine"
    assert scrub.troubles == ()
    assert scrub.text(f"password of the cellar {LONG}") == MARK
    (trouble,) = scrub.troubles
    assert trouble.startswith(f"redaction pattern {ENDLESS!r} takes too long")


def test_many_such_texts_take_no_longer_than_a_few():
    scrub, begun = redactor(ENDLESS, "planted"), time.process_time()
    assert {scrub.text(f"{number} {LONG}") for number in range(300)} == {MARK}
    assert time.process_time() - begun < 5
    assert scrub.text("prod") == "prod"  # ids, names and the like are not hidden for lack of time
    assert scrub.text("fine " * 100) == MARK
    assert len(scrub.troubles) == 1


def test_many_texts_that_each_take_long_but_end_use_up_the_time_too():
    scrub, begun = redactor(r"(?:(?:a|b|ab)+)+[cd]"), time.process_time()
    for number in range(500):
        scrub.text(f"{'ab' * 12}!{number}")
    assert time.process_time() - begun < 8
    assert len(scrub.troubles) == 1


@pytest.mark.parametrize(
    ("pattern", "text", "shown"),
    [
        ("/u{id}/x", "a /u{id}/x b", f"a {MARK} b"),  # to `regex`, {i}, {d}, {s} and {e} allow errors
        ("x{e", "a x{e b", f"a {MARK} b"),
        ("token{e}", "a token{e} token", f"a {MARK} token"),
        (r"k\{e\}[{}]{2}", "k{e}{} k", f"{MARK} k"),
        (r"\N{BULLET}{2,3}s", "\u2022\u2022s {", f"{MARK} {{"),
        ("x{,2}y", "xxy", MARK),
        ("(?P<secret>a)?b", "b ab", f"b {MARK}b"),
    ],
)
def test_patterns_mean_what_they_mean_to_re(pattern, text, shown):
    assert redactor(pattern).text(text) == shown


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "pattern",
    [
        "(a{0,50000}){0,50000}b",
        "(?:x){100000000}|planted",
        "((((((a{0,99}){0,99}){0,99}){0,99}){0,99}){0,99})b",
        "(?:" * 9 + "a" + "{9})" * 9 + "b",
        "a" * 5000,
    ],
)
def test_a_pattern_with_many_repetitions_is_refused_or_searched_for_within_bounds(pattern):
    begun = time.process_time()
    try:
        scrub = redactor(pattern)
    except SettingsError as error:
        assert re.search(r"repetitions|longer than|within bounds", str(error))  # noqa: PT017 - one or the other
    else:
        for text in ("a" * 3000 + "!", "a" * 100_000, "x" * 200_000):
            scrub.text(text)
    assert time.process_time() - begun < 15


def test_a_sound_pattern_hides_its_matches_and_no_more():
    scrub = redactor(r"acme-[0-9a-f]{4}", r"ticket=(?P<secret>\w+)", r"(?i)\bWHO\b")
    assert scrub.text("acme-12ab ticket=planted who") == f"{MARK} ticket={MARK} {MARK}"
    assert scrub.text("") == ""
    assert scrub.troubles == ()


def test_a_pattern_that_matches_nothing_hides_nothing():
    assert redactor("x*").text("abc") == "abc"


def test_what_is_no_regular_expression_is_named():
    for pattern in ("(?au)x", "x{2}{3}", "(?P<a>x)(?P<a>y)", "x" + "{9}" * 2):
        with pytest.raises(SettingsError, match="is not a regular expression"):
            redactor(pattern)
    with pytest.raises(
        SettingsError, match=r"redaction pattern '\(' is not a regular expression: .*; correct or remove"
    ):
        redactor("fine", "(")
