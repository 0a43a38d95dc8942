from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.cli.render.terminal import ago, clean, clean_json, clean_lines
from change_events.cli.render.values import render_pair
from change_events.cli.time_option import moment
from change_events.model import Value, ValueKind
from change_events.text.times import lasted, parse_moment

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
UNSAFE = {chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF)} | {
    chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_holds_nothing_that_a_terminal_obeys(text):
    assert not UNSAFE & set(clean(text))


@given(st.text())
def test_cleaned_lines_hold_nothing_that_a_terminal_obeys(text):
    assert not any(UNSAFE & set(line) for line in clean_lines(text))


def test_cleaning_shows_what_was_there():
    assert clean("a\x1b[31mb\u202ec\ud800") == r"a\x1b[31mb\u202ec\ud800"


def test_letters_of_every_script_stay():
    text = "Größe 名前 नाम\u200dक 🚀 é"
    assert clean(text) == text


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_cleaned_json_means_the_same_and_is_harmless(document):
    body = json.dumps(document, ensure_ascii=False).encode(errors="replace")
    cleaned = clean_json(body)
    assert json.loads(cleaned) == json.loads(body)
    assert not (UNSAFE - {"\n"}) & set(cleaned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("30 s", NOW - timedelta(seconds=30)),
        ("2026-11-23T10:00Z", datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        ("2026-11-23T10:00+02:00", datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23).astimezone(UTC)),
    ],
)
def test_moments(text, expected):
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("UTC", "14:05", "2026-11-23T14:05Z"),
        ("UTC", "14:31", "2026-11-22T14:31Z"),  # later than now: yesterday's
        ("UTC", "9:00", "2026-11-23T09:00Z"),
        ("Europe/Berlin", "15:29", "2026-11-23T14:29Z"),
        ("Pacific/Auckland", "03:00", "2026-11-23T14:00Z"),  # the day has begun there
        ("Pacific/Auckland", "23:00", "2026-11-23T10:00Z"),
    ],
)
def test_a_time_of_day_is_the_last_one_by_the_local_clock(zone, text, expected, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        now = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
        assert parse_moment(text, now) == datetime.fromisoformat(expected)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["24:00", "14:60", "1:5", "14:05:", "", "yesterday", "2x", "h", "-2h", "99999999999w", "2026-13-01"]
)
def test_what_is_no_moment_is_a_usage_error(text):
    with pytest.raises(click.BadParameter, match=r"is not a time; expected an age"):
        moment(text)


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=-3), "in a moment"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=26), "26 h ago"),
        (timedelta(days=9), "9 d ago"),
    ],
)
def test_ages_are_one_unit(delta, expected):
    assert ago(NOW - delta, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0.0 s"),
        (0.04, "0.0 s"),
        (1.25, "1.2 s"),
        (59.4, "59 s"),
        (59.9, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3_780, "1 h 03 min"),
    ],
)
def test_durations(seconds, expected):
    assert lasted(seconds) == expected


def _secret(fingerprint):
    return Value(kind=ValueKind.SENSITIVE, fingerprint=fingerprint)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Value(kind=ValueKind.VALUE, text='"a"'), Value(kind=ValueKind.VALUE, text="1"), '"a" → 1'),
        (Value(kind=ValueKind.ABSENT), Value(kind=ValueKind.UNKNOWN), "(none) → (known after apply)"),
        (_secret("a"), _secret("b"), "(sensitive, changed)"),
        (_secret("a"), _secret("a"), "(sensitive, unchanged)"),
        (_secret(None), _secret(None), "(sensitive)"),
        (Value(kind=ValueKind.VALUE, text='"a"'), _secret("a"), '"a" → (sensitive)'),
        (Value(kind=ValueKind.HIDDEN), Value(kind=ValueKind.HIDDEN), "(hidden)"),
        (
            Value(kind=ValueKind.LARGE, size=900, fingerprint="a"),
            Value(kind=ValueKind.LARGE, size=1_240, fingerprint="b"),
            "(900 bytes → 1.2 kB, changed)",
        ),
    ],
)
def test_attribute_values(before, after, expected):
    assert render_pair(before, after) == expected
