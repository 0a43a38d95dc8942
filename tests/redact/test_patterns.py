"""The settings' own patterns: one that never comes to an end hides what it was asked about, and holds up nobody."""

import time

import pytest

from change_events.errors import SettingsError
from change_events.redact import MARK, Redactor, RedactPolicy

ENDLESS = r"(a|aa)+$"
LONG = "a" * 60 + "!"


def redactor(*patterns):
    return Redactor(RedactPolicy(patterns=patterns))


@pytest.mark.timeout(30)
def test_a_text_that_a_pattern_is_not_through_with_is_hidden_whole():
    scrub = redactor(ENDLESS)
    assert scrub.text("fine") == "fine"
    assert scrub.troubles == ()
    assert scrub.text(f"password of the cellar {LONG}") == MARK
    (trouble,) = scrub.troubles
    assert trouble.startswith(f"redaction pattern {ENDLESS!r} takes too long")


@pytest.mark.timeout(30)
def test_many_such_texts_take_no_longer_than_a_few():
    scrub, begun = redactor(ENDLESS, "planted"), time.monotonic()
    assert {scrub.text(f"{number} {LONG}") for number in range(500)} == {MARK}
    assert time.monotonic() - begun < 5
    assert scrub.text("fine") == MARK  # the pattern is not tried any more, so nobody knows
    assert len(scrub.troubles) == 1


def test_a_sound_pattern_hides_its_matches_and_no_more():
    scrub = redactor(r"acme-[0-9a-f]{4}", r"ticket=(?P<secret>\w+)", r"(?i)\bWHO\b")
    assert scrub.text("acme-12ab ticket=planted who") == f"{MARK} ticket={MARK} {MARK}"
    assert scrub.text("") == ""
    assert scrub.troubles == ()


def test_a_pattern_that_matches_nothing_hides_nothing():
    assert redactor("x*").text("abc") == "abc"


def test_what_is_no_regular_expression_is_named():
    with pytest.raises(SettingsError, match=r"redaction pattern '\(' is no regular expression: .*; correct or remove"):
        redactor("fine", "(")
