"""Texts and times that a database could take for something else: a ledger answers as the journal does."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from change_events.errors import TfeventError
from change_events.history.why import why
from change_events.journal import Journal, Query, RecordState
from change_events.ledger.entries import storable
from change_events.ledger.source import LedgerSource
from change_events.model import Actor, Kind, Signal, Tool, Trace, stack_key
from change_events.model.retention import Retention
from change_events.redact import unseal
from tests.history.past import change, run
from tests.support.ledger import filled
from tests.support.postgres import postgres

__all__ = ["postgres"]

LONG = "x" * 700
# what a pattern, a collation, a quote or a text of PostgreSQL could take for something else
TEXTS = (
    "100%", "100", "a_c", "abc", "aXc", "back\\slash", "back\\\\slash", "it's", 'a "b"', "$1", "%s", "%(team)s",
    "{team}",
    "STRASSE straße", "İstanbul", "ﬁne", "Ünïcödé", "e\u0301", "\u202ertl", "😀", "nul\0nul",
    "\ufffd", "tab\tline\n", " ", "-- ", "; DROP TABLE tfevent.events",
    LONG, LONG[:-1], f"{LONG[:475]}…", "\x7f", "\U0010ffff",
)  # fmt: skip
ADDRESSES = (
    "a.b", "a.b[0]", 'a.b["*"]', 'a.b["?"]', 'a.b["%"]', 'a.b["_"]', "a.b_c", "a.bXc", "a.B", "A.b", "Z.z", "a.z",
    "ä.ö", "a.b.c", "a.ba", "a\\.b", 'module.x["é"].a.b', "a.😀", "_.a", "%.a",
)  # fmt: skip
PATTERNS = (
    "*", "?.?", "a.b*", 'a.b["*"]', "a.?", "*.b", "a.b?*", "a*[*]", "*%*", "*_*", "a.b_*", "*\\*", "?.😀", "*é*",
    "[a]*", "a.b", "a.b[0", "a.", "", "module", "ä", "%", "_", "A", "none",
)  # fmt: skip
TIMES = tuple(
    datetime(*parts, tzinfo=UTC)
    for parts in (
        (1, 1, 2),  # the first and the last day that a ledger takes: one more could not be shown in each time zone
        (1883, 3, 4, 5, 6, 7, 891),
        (1969, 12, 31, 23, 59, 59, 999999),
        (1970, 1, 1),
        (2026, 10, 25, 0, 59, 59, 1),
        (2026, 10, 25, 0, 59, 59, 2),
        (2038, 1, 19, 3, 14, 8),
        (9999, 12, 30, 23, 59, 59, 999999),
    )
)
ANY_CASE = (
    "strasse", "STRASSE", "Straße", "ISTANBUL", "i̇stanbul", "FINE", "ünï", "É", "%", "_", "\\", "\\\\", "0%", "x_c",
)  # fmt: skip
IDS = (
    "019ab00", "019ab00_", "019ab%", "019AB000-0000-7000-8000-000000000000", "-", "0", "x", "019ab0000", "019ab000-",
    "019ab000-0000-7000-8000-0000000000000", "\0", "🙂",
)  # fmt: skip


def event_of(number, *changes, **terms):
    """With an id of its own, later than those before it."""
    return msgspec.structs.replace(
        run(10_000 - number, *changes, **terms), id=f"019ab{number:03x}-0000-7000-8000-{number:012x}"
    )


def at(event, moment):
    return msgspec.structs.replace(event, started_at=moment, ended_at=moment)


def named(number, text):
    return msgspec.structs.replace(
        event_of(
            number,
            title=text,
            environment=text,
            service=text,
            explicit=True,
            kind=Kind.DEPLOYMENT,
            actor=Actor(user=text, host=text),
            tool=Tool(name=text),
            trace=Trace(run_id=text, parent_run_id=text),
            signals=(Signal(name=text, reason="planted"),),
            tags={text: text},
        ),
        dedup_key=text,
    )


EVENTS = (
    *(named(number, text) for number, text in enumerate(TEXTS)),
    named(100, ""),
    event_of(
        101, *(msgspec.structs.replace(change("a.b", "create"), address=address) for address in ADDRESSES), stack="one"
    ),
    event_of(102, change("a.b", attributes=dict.fromkeys(("a", "a.b", "a[0]", "a_b", "A", "ä", "%"), ("1", "2")))),
    *(at(event_of(200 + number), moment) for number, moment in enumerate(TIMES)),
    *(at(event_of(300 + number, title=f"tie {number}"), TIMES[3]) for number in range(9)),
)
FOR_EVER = Retention(days=10**6)
IN_BODIES = ("text", "signal", "actor")  # in which SQLite finds no NUL, and a ledger takes it for U+FFFD
STACK = stack_key(EVENTS[len(TEXTS) + 2])


@pytest.fixture(scope="module")
def both(postgres, tmp_path_factory):
    """The journal and a ledger with the same events."""
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open(tmp_path_factory.mktemp("texts") / "journal.db", caps=FOR_EVER))
        for event in sorted(EVENTS, key=lambda event: event.id):
            journal.settle(unseal(msgspec.json.encode(event)), [])
        url = stack.enter_context(filled(postgres, EVENTS))
        yield journal, stack.enter_context(LedgerSource.open(url))


def listed(source, **terms):
    names = ("id", "environment", "service", "tool", "title", "run", "parent", "started_at", "ended_at")
    found = source.list(Query(**{"limit": None, **terms}))
    return [[getattr(record, name) for name in names] for record in found]


@pytest.mark.parametrize(
    "column",
    ["environment", "service", "tool", "host", "run", "parent", "key", "signal", "actor", "text"],
)
def test_a_filter_finds_the_same_events_whatever_its_text(both, column):
    for text in TEXTS:
        journal, ledger = (listed(source, **{column: text}) for source in both)
        assert ledger
        assert ledger == journal or (column in IN_BODIES and set(text) & {"\0", "\ufffd"})


def test_a_tag_is_found_by_its_name_and_value(both):
    for text in (text for text in TEXTS if "\0" not in text):
        for asked in (text, f"{text}={text}", f"{text}=other"):
            journal, ledger = (listed(source, tag=asked) for source in both)
            assert ledger == journal, asked


def test_text_is_searched_in_any_case_and_for_itself_only(both):
    for asked in ANY_CASE:
        journal, ledger = (listed(source, text=asked) for source in both)
        assert ledger == journal, asked


def test_patterns_of_addresses_find_the_same_things(both):
    def found(source, pattern, limit):
        return [(storable(thing.address), thing.stack) for thing in source.things_at(pattern, limit=limit)]

    for pattern in (*PATTERNS, *ADDRESSES):
        for limit in (99, 3):
            journal, ledger = (found(source, pattern, limit) for source in both)
            assert ledger == journal, pattern
    assert len(found(both[1], "*", 99)) > len(ADDRESSES)


def test_events_are_listed_by_an_address_and_what_is_below_it(both):
    for address in (*ADDRESSES, "a", "module", "none", "%", "a.b["):
        journal, ledger = (listed(source, address=address) for source in both)
        assert ledger == journal, address


def test_attributes_are_in_the_order_of_bytes(both):
    def found(source, attribute):
        thing = source.things_of_stack(STACK, ["a.b"])["a.b"]
        return source.paths(thing.number, attribute, limit=99)

    for attribute in ("", "a", "A", "a.b", "_", "%", "none"):
        journal, ledger = (found(source, attribute) for source in both)
        assert ledger == journal
    assert len(found(both[1], "")) == 7


def test_values_are_in_the_order_of_bytes(both):
    plain = [text for text in TEXTS if "\0" not in text and len(text) < 500]
    for column in ("environment", "service", "tool"):
        journal, ledger = ([v for v in source.values_of(column, limit=99) if v in plain] for source in both)
        assert ledger == journal
        assert len(ledger) == len(plain)


@pytest.mark.parametrize("name", ["since", "until"])
def test_times_of_any_year_are_compared_to_the_microsecond(both, name):
    for moment in TIMES:
        for offset in (timedelta(), timedelta(microseconds=1)):
            if moment.year == 9999 and offset:
                continue
            journal, ledger = (listed(source, **{name: moment + offset}) for source in both)
            assert ledger == journal


def test_pages_follow_each_other_through_equal_times(both):
    everything = [row[0] for row in listed(both[0])]
    for limit in (1, 4, 7):
        pages, before = [], None
        while page := listed(both[1], before=before, limit=limit):
            pages += [row[0] for row in page]
            before = pages[-1]
        assert pages == everything


def test_a_list_is_whole_however_many_batches_it_takes(both, monkeypatch):
    monkeypatch.setattr("change_events.ledger.event_reads._BATCH", 5)
    for terms in ({}, {"limit": 12}, {"limit": 5}, {"until": TIMES[4], "limit": 11}):
        journal, ledger = (listed(source, **terms) for source in both)
        assert ledger == journal


def test_bodies_come_back_byte_by_byte(both):
    journal, ledger = ([record.body for record in source.list(Query(limit=None))] for source in both)
    assert ledger == journal


@pytest.mark.parametrize("asked", IDS)
def test_ids_and_their_beginnings_are_found_alike(both, asked):
    answers = []
    for source in both:
        try:
            record = source.get(asked)
        except TfeventError as error:
            answers.append(str(error))
        else:
            answers.append(record and record.id)
    assert answers[0] == answers[1]


def test_why_answers_alike_of_odd_addresses(both):
    for asked in ('a.b["*"]', "a.😀", "a.b", "a.b.a", "ä.ö", "A.b", *itertools.islice(TEXTS, 9)):
        answers = []
        for source in both:
            try:
                answers.append(msgspec.to_builtins(why(source, asked, limit=5)))
            except TfeventError as error:
                answers.append(str(error))
        assert answers[0] == answers[1], asked


def test_what_texts_cannot_hold_is_asked_for_without_an_error(both):
    _, ledger = both
    for asked in ("\0\0", "a\udcffb", LONG * 100):
        assert listed(ledger, text=asked, state=RecordState.STARTED) == []
        assert ledger.things_at(asked, limit=1) == ledger.things_named(asked, limit=1) == []
