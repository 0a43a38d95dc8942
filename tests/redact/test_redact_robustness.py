"""Idempotence, strange input, thousands of secrets, and patterns that stay linear on hostile text."""

import random
import re
import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from change_events.redact import MARK, Redactor
from change_events.redact.assignments import assignment_spans
from change_events.redact.control_chars import clean
from change_events.redact.names import NameRules
from change_events.redact.registry import Registry
from change_events.redact.spans import hide, outside_marks
from change_events.redact.tokens import SHAPES, token_spans
from change_events.redact.urls import url_spans
from tests.support import secrets as planted
from tests.support.selection import examples, slow

PIECES = [
    *planted.TOKENS.values(),
    *[
        "password",
        "token",
        "=",
        ":",
        " ",
        '"',
        "'",
        "\\",
        '\\"',
        "@",
        "://",
        "https",
        "/",
        "?",
        "&",
        "key=",
        "--secret ",
        "-p",
    ],
    *[
        "Authorization: ",
        "Bearer ",
        "Basic ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        MARK,
        "(sens",
        "itive)",
    ],
    *[
        "hunter2planted",
        "aHVudGVyMnBsYW50ZWQ=",
        "68756e7465723270",
        "%68unter2planted",
        "\\u0068unter2planted",
        "plant",
    ],
    *["\x1b[0m", "\x1b", "[0m", "\r\n", "\n", "\t", "\u202e", "\ud800", "é", "日本", "0", "aa"],
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join)


@examples(1500)
@given(TEXTS)
def test_redacting_twice_changes_nothing(text):
    first, second = Redactor(), Redactor()
    for redactor in (first, second):
        redactor.remember(["hunter2planted", "plant:ed\nsecond line of it", "ted://plant"])
    redacted = first.text(text)
    assert second.text(redacted) == redacted
    assert "hunter2planted" not in redacted


@examples(300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
    ),
    st.booleans(),
)
@example({"token": Decimal("sNaN"), "password": Decimal("NaN")}, False)
def test_nothing_raises(value, sensitive):
    redactor = Redactor()
    redactor.value(("x", 0), value, sensitive=sensitive)
    redactor.remember(value)
    redactor.harvest(value)
    redactor.value((), value)
    redactor.fingerprint(value)


@examples(300)
@given(st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=20), st.text(max_size=20), st.data())
def test_the_registry_finds_what_a_naive_search_finds(secrets, filler, data):
    registry = Registry()
    for secret in secrets:
        registry.add(secret)
    chosen = data.draw(st.lists(st.sampled_from(secrets), max_size=4))
    text = filler.join(["", *chosen, ""])
    hidden = hide(text, registry.spans(text))
    for secret in registry._secrets - registry._words:  # words are looked for as words only
        for stretch in (hidden[first:last] for first, last in outside_marks(hidden)):
            assert secret not in stretch or MARK in text


def test_every_position_of_every_window_is_searched():
    registry = Registry()
    registry.add("planted-secret")
    for position in [*range(40), *range(6120, 6160), *range(12270, 12300)]:
        text = "." * position + "planted-secret" + "." * 50
        assert registry.spans(text) == [(position, position + 14)]


def test_thirty_thousand_secrets_are_all_found():
    redactor = Redactor()
    secrets = [f"{random.Random(n).randbytes(9).hex()}-planted" for n in range(30_000)]
    redactor.remember(secrets)
    text = redactor.text(" ".join(secrets[::100]))
    assert text == " ".join([MARK] * 300)
    assert redactor.text("harmless as ever") == "harmless as ever"


HOSTILE = [
    *[
        "a",
        "-",
        "=",
        ":",
        " ",
        '"',
        "'",
        "\\",
        "@",
        "/",
        ".",
        "_",
        "%41",
        "\\u0041",
        "+",
        "A",
        "0",
        "\n",
        "$",
        "{",
        "[",
    ],
    *[
        "password",
        "password=",
        'password="',
        "password='",
        'password=\\"',
        "--password ",
        "a=",
        "a:",
        "://",
        "://a",
        "://:",
        "://a:",
    ],
    *[
        "eyJ",
        "eyJa",
        "eyJabcdef.",
        "ghp_",
        "glpat-",
        "xoxb-",
        "AKIA",
        "AKIAQ7PLANTED3EXAMPL ",
        "hvs.",
        "s.",
        "SG.",
        "sk-",
        "$2b$",
        "$6$",
    ],
    *[
        "Authorization",
        "Authorization: ",
        "authorization:a ",
        "bearer ",
        "bearer a",
        "basic ",
        "basic aaaaaaa ",
        "cookie: ",
        "-u a:",
    ],
    *[
        "mysql ",
        "mysql -",
        "sshpass  ",
        "password '",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END ",
        "?key=",
        "&a=",
        "\x1b[",
        "\x1b]",
    ],
    *[
        "receiver.sematext.com/",
        "receiver.",
        "hooks.slack.com/services/",
        "webhook.office.com/webhookb2/",
        "a.atlasv1.",
        ".atlasv1.",
    ],
    *["Q~", "aaa1Q~", "dp.st.", "AIza", "ya29.", "sig=", "1:AA", "NRAL", "(sensitive)", "(sens"],
]


@pytest.mark.parametrize("length", [12_000, slow(50_000)])
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece, length):
    """Four times the text takes about four times as long; were a pattern quadratic, sixteen times."""
    small, large = piece * (length // len(piece)), piece * (4 * length // len(piece))
    assert any(_cost(large) < 10 * _cost(small) for _ in range(3)), "also when measured again"


def _cost(text):
    redactor = Redactor()
    redactor.remember(["planted-secret", "aaab-planted"])
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        clean(text)
        list(token_spans(text))
        list(url_spans(text))
        list(assignment_spans(text, NameRules()))
        redactor._registry.spans(text)
        best = min(best, time.process_time() - start)
    return best


def test_every_shape_has_a_hint_that_its_pattern_needs():
    samples = " ".join(planted.TOKENS.values()).lower()
    for shape in SHAPES:
        re.compile(shape.pattern)
        assert all(hint == hint.lower() for hint in shape.hints), shape.name
    assert any(hint in samples for shape in SHAPES for hint in shape.hints)


def test_a_large_policy_is_looked_through():
    policy = '{"Statement":[' + ",".join(f'{{"Sid":"s{n}","Action":["s3:Get*"]}}' for n in range(6800)) + "]}"
    redactor = Redactor()
    redactor.remember("planted-secret")
    assert redactor.text(policy) == policy
    assert redactor.text(policy + "planted-secret").endswith(MARK)
    assert redactor.value(("policy",), policy).size == len(policy)
