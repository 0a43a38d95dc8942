"""The filters of a list as its address has them, as a sentence says them, and as a source is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.errors import TfeventError
from change_events.query.selection import query_of
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.times import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from change_events.history.source import Source
    from change_events.journal import Query
    from change_events.server.page import PageRequest

LONGEST = 500  # characters of a filter
ADDED = "f"
_WORD = lazy_pattern(r'(?:(?P<name>[a-z]+):)?(?P<value>"[^"]*"|\S+)')
_LIKE_A_FILTER = lazy_pattern(r"[a-z]+:(?!//)")
_MOMENTS = ("since", "until")
FLAG = "yes"
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)  # dates in every zone


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a list: texts as people write them, empty where nothing is asked for.

    ``since`` and ``until`` stay as they were written (`2h`, `2026-11-24`): an address that is kept means the same
    tomorrow. ``undelivered`` is a flag.
    """

    environment: str = ""
    service: str = ""
    host: str = ""
    address: str = ""
    actor: str = ""
    tool: str = ""
    kind: str = ""
    phase: str = ""
    outcome: str = ""
    signal: str = ""
    tag: str = ""
    text: str = ""
    undelivered: str = ""
    since: str = ""
    until: str = ""

    def given(self) -> Iterator[tuple[str, str]]:
        """The filters in force, by name."""
        return ((name, text) for name in NAMES if (text := getattr(self, name)))

    def having(self, **changed: str) -> Filters:
        """These, with some changed; an empty text drops one."""
        return msgspec.structs.replace(self, **changed)

    def __bool__(self) -> bool:
        return any(True for _ in self.given())


NAMES = Filters.__struct_fields__


def names_of(source: Source) -> Sequence[str]:
    """The filters that a source takes: a ledger does not know what was not delivered."""
    return [name for name in NAMES if not (name == "undelivered" and source.called == "ledger")]


class MomentError(TfeventError):
    """A time of a filter cannot be read; the text says what can be written."""


class Words(NamedTuple):
    """A filter in a sentence: `in prod`, `since 1 November`; ``before_noun`` for `failed changes`."""

    text: str
    before_noun: bool = False


_PHRASES = {
    "environment": "in {}",
    "service": "of {}",
    "tool": "with {}",
    "host": "on {}",
    "address": "of {}",
    "actor": "by {}",
    "signal": "with signal {}",
    "kind": "of kind {}",
    "tag": "tagged {}",
    "text": "mentioning “{}”",
    "undelivered": "not delivered everywhere",
}


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters of an address; names that are none, and what is empty, are passed over.

    The parameter :data:`ADDED` adds filters as a person types them: `signal:flapping host:web1`; other words are text.
    """
    found = {name: query[name].strip()[:LONGEST] for name in NAMES if query.get(name, "").strip()}
    found |= _typed(query.get(ADDED, "")[:LONGEST])
    if "undelivered" in found:
        found["undelivered"] = FLAG
    return Filters(**found)


def typed_by_mistake(query: Mapping[str, str]) -> Sequence[str]:
    """Words of :data:`ADDED` that look like filters and are none: they are looked for as text."""
    return [word for word in _typed_words(query.get(ADDED, "")[:LONGEST])[1] if _LIKE_A_FILTER.match(word)]


def _typed(text: str) -> dict[str, str]:
    found, others = _typed_words(text)
    return found | ({"text": " ".join(others)} if others else {})


def _typed_words(text: str) -> tuple[dict[str, str], list[str]]:
    """The filters, and the words that are none."""
    found: dict[str, str] = {}
    others = []
    for word in _WORD.finditer(text):
        value = word["value"].strip('"')
        if word["name"] in NAMES and value:
            found[word["name"]] = value
        else:
            others.append(word[0])
    return found, others


def query_for(
    filters: Filters, request: PageRequest, limit: int, before: str | None = None, after: str | None = None
) -> Query:
    """What a source is asked. Raises MomentError."""
    given: dict[str, object] = {name: text for name, text in filters.given() if name not in _MOMENTS}
    given |= {name: moment_of(text, request) for name, text in filters.given() if name in _MOMENTS}
    if filters.undelivered:
        given["undelivered"] = True
    return query_of(**{"outcome": None, **given}, limit=limit, before=before, after=after)  # type: ignore[arg-type]


def moment_of(text: str, request: PageRequest) -> datetime:
    """A moment in the reader's zone; none before 1970, when nothing was recorded. Raises MomentError."""
    try:
        found = parse_moment(text, request.now, request.zone)
    except (ValueError, OverflowError):
        found = None
    if found is None or not _FIRST <= found <= _LAST:
        raise MomentError(
            f"{text!r} is not a time; expected an age (90m, 2h, 3d, 1w), a time of day (14:05) or a timestamp such as "
            "2026-11-24T14:00, not before 1970"
        )
    return found


def phrase(name: str, text: str) -> Words:
    """One filter in a sentence; times are left to whoever knows how they are written."""
    shown = text.replace("_", " ")
    if name in {"outcome", "phase"}:
        return Words(shown, before_noun=True)
    return Words(_PHRASES[name].format(shown if name in {"signal", "kind"} else text))
