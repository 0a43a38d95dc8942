"""Secrets in commands that stand in free text, as in terraform's ``Error running command 'docker login -p …'``.

A text is read twice: with its quotes, so that ``-p "two words"`` is one value, and without them, because the quotes
around a command are not escaped in what stands inside. What either reading finds is hidden.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from change_events.redact.harmless_values import is_fact
from change_events.redact.positions import POSITIONS
from change_events.redact.programs import PROGRAMS, Reader
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_NAMES = lazy_pattern(r"[a-z0-9][\w-]*+")
_LINE = lazy_pattern(r"(?:[^\n\\]|\\.|\\\n|\\)++", re.DOTALL)
_QUOTED_WORDS = lazy_pattern(
    r"(?P<word>(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\[^\n]|[^\s;|&()<>`'\"\\])++)|(?P<parts>[;|&()`\n]+)|['\"\\<>]",
    re.DOTALL,
)
_FLAT_WORDS = lazy_pattern(r"(?P<word>[^\s;|&()<>`]++)|(?P<parts>[;|&()`\n]+)")
_QUOTING = "'\"\\"
_NO_QUOTES = str.maketrans("", "", _QUOTING)
_QUOTES = lazy_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_DEPTH = 5  # quotes inside quotes


def command_spans(text: str) -> Iterator[Span]:
    """Yield the secrets that commands in a text give by short options, by place and on standard input."""
    for hint, pattern in POSITIONS:
        if hint in text:
            for match in _compiled(pattern).finditer(text):
                yield from _value(match)
    if "-" in text and not PROGRAMS.isdisjoint(_NAMES.findall(text)):
        for line in _LINE.finditer(text):
            if not PROGRAMS.isdisjoint(_NAMES.findall(line[0])):
                yield from _in_command(text, line.span(), _QUOTED_WORDS)
                if any(quote in line[0] for quote in _QUOTING):
                    yield from _in_command(text, line.span(), _FLAT_WORDS)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _value(match: re.Match[str]) -> Iterator[Span]:
    for name in ("bare", "single", "double"):
        value = match.groupdict().get(name)
        if value and not is_fact(value, plain=True) and value[0] != "\0":
            yield match.span(name)


def _in_command(text: str, span: Span, words: re.Pattern[str], depth: int = 0) -> Iterator[Span]:
    reader = Reader(prose=True)
    for token in words.finditer(text, *span):
        if token["parts"]:
            reader = Reader(prose=True)  # another command begins
        raw = token["word"]
        if not raw or raw == "\\":
            continue
        quoted = words is _QUOTED_WORDS
        word = _QUOTES.sub(lambda quotes: quotes[0][1:-1], raw) if quoted else raw.translate(_NO_QUOTES)
        kept = reader.kept(word)
        if kept is None:
            if quoted and depth < _DEPTH:
                yield from _in_quotes(text, token.start(), raw, depth)
        elif not is_fact(word[kept:], plain=True):
            yield (_place if quoted else _flat_place)(token.start(), raw, kept)


def _in_quotes(text: str, start: int, raw: str, depth: int) -> Iterator[Span]:
    for quoted in _QUOTES.finditer(raw):
        if " " in quoted[0]:
            inner = (start + quoted.start() + 1, start + quoted.end() - 1)
            yield from _in_command(text, inner, _QUOTED_WORDS, depth + 1)


def _place(start: int, raw: str, kept: int) -> Span:
    """Return where the rest of a word stands, of which so many characters are kept, quotes not counted."""
    at, quote = 0, ""
    while kept or (at < len(raw) and raw[at] in (quote or "'\"")):
        if raw[at] in (quote or "'\""):
            quote = "" if quote else raw[at]
        else:
            kept -= 1
        at += 1
        if not kept and quote:
            break
    closed = bool(quote) and raw.endswith(quote) and at < len(raw) - 1
    return start + at, start + len(raw) - closed


def _flat_place(start: int, raw: str, kept: int) -> Span:
    """The same, where quotes anywhere in the word do not count."""
    at = 0
    while at < len(raw) and (kept or raw[at] in _QUOTING):
        kept -= raw[at] not in _QUOTING
        at += 1
    return start + at, start + len(raw.rstrip(_QUOTING))
