"""The filters of a list: in a URL, in a sentence, and as a query."""

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
    """The filters of a list: texts as written by users, empty if not set.

    ``since`` and ``until`` stay as written (`2h`, `2026-11-24`), so that a bookmarked URL keeps its meaning.
    ``undelivered`` is a flag.
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
        """Yield the filters in use, by name."""
        return ((name, text) for name in NAMES if (text := getattr(self, name)))

    def having(self, **changed: str) -> Filters:
        """Return the filters with changes; an empty text removes one."""
        return msgspec.structs.replace(self, **changed)

    def __bool__(self) -> bool:
        return any(True for _ in self.given())


NAMES = Filters.__struct_fields__


def names_of(source: Source) -> Sequence[str]:
    """Return the filters supported by a source: a ledger has no deliveries."""
    return [name for name in NAMES if not (name == "undelivered" and source.called == "ledger")]


class MomentError(TfeventError):
    """A time of a filter is invalid; the text lists the formats."""


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
    """Return the filters of a URL; unknown names and empty values are ignored.

    The parameter :data:`ADDED` adds filters as typed: `signal:flapping host:web1`; other words are text.
    """
    found = {name: query[name].strip()[:LONGEST] for name in NAMES if query.get(name, "").strip()}
    found |= _typed(query.get(ADDED, "")[:LONGEST])
    if "undelivered" in found:
        found["undelivered"] = FLAG
    return Filters(**found)


def typed_by_mistake(query: Mapping[str, str]) -> Sequence[str]:
    """Return words of :data:`ADDED` that look like unknown filters; they are searched as text."""
    return [word for word in _typed_words(query.get(ADDED, "")[:LONGEST])[1] if _LIKE_A_FILTER.match(word)]


def _typed(text: str) -> dict[str, str]:
    found, others = _typed_words(text)
    return found | ({"text": " ".join(others)} if others else {})


def _typed_words(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the filters, and the other words."""
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
    """Return the query of these filters. Raises MomentError."""
    given: dict[str, object] = {name: text for name, text in filters.given() if name not in _MOMENTS}
    given |= {name: moment_of(text, request) for name, text in filters.given() if name in _MOMENTS}
    if filters.undelivered:
        given["undelivered"] = True
    return query_of(**{"outcome": None, **given}, limit=limit, before=before, after=after)  # type: ignore[arg-type]


def moment_of(text: str, request: PageRequest) -> datetime:
    """Parse a time in the reader's zone, not before 1970. Raises MomentError."""
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
    """Return one filter for a sentence; times are formatted by the caller."""
    shown = text.replace("_", " ")
    if name in {"outcome", "phase"}:
        return Words(shown, before_noun=True)
    return Words(_PHRASES[name].format(shown if name in {"signal", "kind"} else text))
