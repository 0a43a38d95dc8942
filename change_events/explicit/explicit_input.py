"""Reads and validates the input of an explicit event; all mistakes are reported at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from change_events.context.commits import is_revision
from change_events.errors import InputError
from change_events.explicit.choices import STATES
from change_events.explicit.validation import mistakes_of_times
from change_events.model import Kind, Link, Outcome, Severity
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.times import parse_duration, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from enum import StrEnum
    from typing import TypeVar

    _Word = TypeVar("_Word", bound=StrEnum)
    _T = TypeVar("_T")

LARGEST_MESSAGE = 1_000_000  # bytes that are read; what is kept of them is up to the settings
LARGEST_DATA = 64_000  # bytes of JSON: the smallest limit that destinations give for a whole event
DEDUP_WINDOW = 86_400.0
_ID = lazy_pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = "expected an age (90s, 10m, 2h), a time such as 2026-11-24T14:00+01:00, or @ and seconds since 1970"


class ExplicitInput(msgspec.Struct, frozen=True, kw_only=True):
    """The validated input of an explicit event, not redacted yet.

    Attributes:
        title: None to generate it.
        started_at: None for now; ``ended_at`` is None if not given.
        outcome: None if not given, like ``severity``.
        destinations: names of the destinations; None for those selected by the settings.
        dedup_window: seconds in which an event with the same ``dedup_key`` is recorded only once; None without a key.
        state: ``started`` or ``finished`` for an event recorded in two steps; None for one recorded at once.
        id: ID of the event to finish.
    """

    kind: Kind = Kind.CUSTOM
    title: str | None = None
    message: str = ""
    severity: Severity | None = None
    outcome: Outcome | None = None
    environment: str | None = None
    service: str | None = None
    version: str | None = None
    tags: dict[str, str] = {}
    started_at: datetime | None = None
    ended_at: datetime | None = None
    links: tuple[Link, ...] = ()
    commit: str | None = None
    previous: str | None = None
    paths: tuple[str, ...] = ()
    data: dict[str, Any] = {}
    destinations: tuple[str, ...] | None = None
    dedup_key: str | None = None
    dedup_window: float | None = None
    state: str | None = None
    id: str | None = None


def read(
    options: Mapping[str, Any], *, known_destinations: Iterable[str], now: datetime, stdin: bool = True
) -> tuple[ExplicitInput, list[str]]:
    """Return the valid part of the options, and a line for each mistake, without the values.

    An empty option counts as not given: it is an unset variable.

    Args:
        options: texts (or None) by name: ``kind``, ``title``, ``message``, ``severity``, ``outcome``, ``environment``,
            ``service``, ``version``, ``started_at``, ``ended_at``, ``commit``, ``previous_commit``, ``data``,
            ``dedup_key``, ``dedup_window``, ``state``, ``id``; sequences of texts: ``tag``, ``link``, ``destination``,
            ``path``. Any may be missing.
        known_destinations: names in the settings.
        now: base of ages.
        stdin: ``-`` may be read; False if standard input belongs to the command.
    """
    reader = _Reader(options, now, None if stdin else "standard input belongs to the command: expected a file")
    parsed = ExplicitInput(
        kind=reader.word("kind", Kind) or Kind.CUSTOM,
        title=reader.plain("title"),
        message=reader.message(),
        severity=reader.word("severity", Severity),
        outcome=reader.word("outcome", Outcome),
        environment=reader.plain("environment"),
        service=reader.plain("service"),
        version=reader.plain("version"),
        tags=reader.tags(),
        started_at=reader.moment("started_at"),
        ended_at=reader.moment("ended_at"),
        links=reader.links(),
        commit=reader.revision("commit"),
        previous=reader.revision("previous_commit"),
        paths=reader.paths(),
        data=reader.data(),
        destinations=reader.destinations(set(known_destinations)),
        dedup_key=reader.plain("dedup_key"),
        dedup_window=reader.duration(),
        state=reader.state(),
        id=reader.plain("id"),
    )
    return _with_defaults(_consistent(parsed, reader.mistakes, now)), reader.mistakes


class _Rule(NamedTuple):
    """Two options that do not go together: the one that the mistake is about, what it says, and when it is made."""

    option: str
    text: str
    applies: Callable[[ExplicitInput], bool]


_RULES = (
    _Rule("--dedup-window", "requires --dedup-key", lambda given: bool(given.dedup_window and not given.dedup_key)),
    _Rule(
        "--outcome",
        "not allowed with --state started: expected with --state finished",
        lambda given: given.state == "started" and bool(given.outcome),
    ),
    _Rule(
        "--id",
        "missing: expected the ID printed by --state started",
        lambda given: given.state == "finished" and not given.id,
    ),
    _Rule("--id", "requires --state finished", lambda given: bool(given.id) and given.state != "finished"),
    _Rule(
        "--id",
        "not an event ID: expected the ID printed by --state started",
        lambda given: bool(given.id) and not is_id(given.id or ""),
    ),
)


def _consistent(given: ExplicitInput, mistakes: list[str], now: datetime) -> ExplicitInput:
    for name, text in mistakes_of_times(given.started_at, given.ended_at, now, begins=given.state == "started"):
        mistakes.append(f"--{name.replace('_', '-')}: {text}")
        given = msgspec.structs.replace(given, **{name: None})
    mistakes += [f"{rule.option}: {rule.text}" for rule in _RULES if rule.applies(given)]
    return given


def _with_defaults(given: ExplicitInput) -> ExplicitInput:
    """What follows from other options where nothing was said."""
    if given.dedup_key and not given.dedup_window:
        given = msgspec.structs.replace(given, dedup_window=DEDUP_WINDOW)
    if given.previous and not given.commit:
        given = msgspec.structs.replace(given, commit="HEAD")
    return given


def is_id(text: str) -> bool:
    """Whether the text has the form of an event's id."""
    return _ID.fullmatch(text) is not None


class _Reader:
    """One method a form of value; a mistake is noted and the value left out."""

    def __init__(self, options: Mapping[str, Any], now: datetime, no_stdin: str | None) -> None:
        self._options = options
        self._now = now
        self._no_stdin = no_stdin  # why it cannot be read
        self.mistakes: list[str] = []

    def plain(self, name: str) -> str | None:
        """Text; an empty one is a variable that is not set, and counts as not given."""
        text = str(self._options.get(name) or "").strip()
        return text or None

    def word(self, name: str, words: type[_Word]) -> _Word | None:
        """One of a closed vocabulary."""
        text = self.plain(name)
        try:
            return words(text) if text else None
        except ValueError:
            self._wrong(name, f"expected one of {', '.join(words)}")
            return None

    def state(self) -> str | None:
        """How far it is, of an event that is recorded in two steps."""
        text = self.plain("state")
        if text is None or text in STATES:
            return text
        self._wrong("state", f"expected one of {', '.join(STATES)}")
        return None

    def tags(self) -> dict[str, str]:
        """``NAME=VALUE``, several times."""
        pairs = [str(text).partition("=") for text in self._options.get("tag") or ()]
        for number, (name, equals, _) in enumerate(pairs, 1):
            if not (name.strip() and equals):
                self._wrong("tag", f"number {number}: expected NAME=VALUE, e.g. team=core")
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip() and value.strip()}

    def links(self) -> tuple[Link, ...]:
        """``TITLE=URL``, or a URL alone, several times."""
        links = []
        for number, text in enumerate(self._options.get("link") or (), 1):
            title, _, url = ("", "", text) if _is_web(text) else str(text).partition("=")
            if _is_web(url):
                links.append(Link(title=title.strip() or urlsplit(url).hostname or "link", url=url.strip()))
            else:
                self._wrong("link", f"number {number}: expected TITLE=URL with an https:// or http:// URL")
        return tuple(links)

    def moment(self, name: str) -> datetime | None:
        """A point in time, in UTC."""
        return self._parsed(name, lambda text: parse_moment(text, self._now), _MOMENT)

    def duration(self) -> float | None:
        """Seconds, more than none."""
        return self._parsed("dedup_window", _positive, "expected a duration: 90s, 10m, 2h, 1d")

    def revision(self, name: str) -> str | None:
        """A commit, tag or branch; the zeros that CI systems give for "none before" count as not given."""
        text = self.plain(name)
        if text is None or not text.strip("0"):
            return None
        if is_revision(text):
            return text
        self._wrong(name, "expected a commit's id, a tag or a branch")
        return None

    def paths(self) -> tuple[str, ...]:
        """Files or folders of the repository, several times; they say nothing without a range of commits."""
        distinct = tuple(dict.fromkeys(str(path) for path in self._options.get("path") or () if path))
        if distinct and not self.plain("previous_commit"):
            self._wrong("path", "requires --previous-commit")
        return distinct

    def destinations(self, known: set[str]) -> tuple[str, ...] | None:
        """Names of the settings' destinations; None where none is named."""
        named = tuple(dict.fromkeys(name for name in self._options.get("destination") or () if name))
        if missing := [name for name in named if name not in known]:
            expected = f"expected {' or '.join(sorted(known))}" if known else "the settings have no destination"
            self._wrong("destination", f"no destination is named {' or '.join(missing)}; {expected}")
        return tuple(name for name in named if name in known) or None

    def message(self) -> str:
        """Text, ``@file`` or ``-``."""
        return self._content("message", LARGEST_MESSAGE) or ""

    def data(self) -> dict[str, Any]:
        """A JSON object, ``@file`` or ``-``."""
        text = self._content("data", LARGEST_DATA)
        if text is None:
            return {}
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):  # its own text may quote the data
            self._wrong("data", 'the value is not valid JSON; expected an object such as {"ticket": "OPS-7"}')
            return {}
        if not isinstance(value, dict):
            self._wrong("data", 'expected a JSON object such as {"ticket": "OPS-7"}')
            return {}
        return value

    def _parsed(self, name: str, parse: Callable[[str], _T], remedy: str) -> _T | None:
        text = self.plain(name)
        if text is None:
            return None
        try:
            return parse(text)
        except (ValueError, OverflowError, OSError):
            self._wrong(name, remedy)
            return None

    def _content(self, name: str, most: int) -> str | None:
        text = self._options.get(name)
        if text is None or text == "":
            return None
        try:
            data = self._bytes(str(text), most)
        except OSError as error:
            self._wrong(name, f"cannot read {str(text)[1:]} ({error.strerror}); use @@ for text that begins with @")
            return None
        except InputError as error:
            self._wrong(name, str(error))
            return None
        if len(data) > most:
            self._wrong(name, f"is longer than {most:,} bytes: shorten it, or link to it with --link")
            return None
        return data.decode("utf-8", "replace")

    def _bytes(self, text: str, most: int) -> bytes:
        if text == "-":
            if self._no_stdin:
                raise InputError(self._no_stdin)
            self._no_stdin = "standard input can be read only once: expected a file"
            if sys.stdin is None:  # closed when the interpreter started
                raise InputError("standard input is closed: expected text or @FILE")
            return sys.stdin.buffer.read(most + 1)
        if text.startswith("@@") or not text.startswith("@"):
            return text.removeprefix("@" if text.startswith("@@") else "").encode("utf-8", "replace")
        with Path(text[1:]).expanduser().open("rb") as file:
            return file.read(most + 1)

    def _wrong(self, name: str, what: str) -> None:
        self.mistakes.append(f"--{name.replace('_', '-')}: {what}")


def _is_web(text: object) -> bool:
    try:
        parts = urlsplit(str(text).strip())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _positive(text: str) -> float:
    if (seconds := parse_duration(text)) <= 0:
        raise ValueError(text)
    return seconds
