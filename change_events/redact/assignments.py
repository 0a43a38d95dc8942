"""Secrets by the name in front of them, in free text: ``password=x``, ``"token": "x"``, ``--api-key x``.

Also inside JSON that stands in a string, however often its quotes are escaped. Lists, objects, blocks of YAML and
elements of XML are in :mod:`change_events.redact.blocks`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from change_events.redact import blocks
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.names import NameRules
    from change_events.redact.spans import Span

_NAME = lazy_pattern(
    r"(?<![\w.$-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,120}+)"
    r"(?P<sep>\\{0,8}[\"']?[ \t]{0,8}(?P<sign>=>|->|→|:=|[:=])[ \t]{0,8})"
)
_OPTION = lazy_pattern(r"(?<!\S)--?(?P<name>[A-Za-z][\w-]{0,80}+)[ \t]{1,4}[\"']?(?P<value>[^\s\"'-][^\s\"']*+)")
_ESCAPED_QUOTE = lazy_pattern(r"(?P<quote>\\{1,8}[\"'])(?P<value>.{0,4096}?)(?P=quote)", re.DOTALL)
_QUOTED = lazy_pattern(r"\"(?P<double>(?:[^\"\\]|\\.)*+)\"?|'(?P<single>[^']*+)'?", re.DOTALL)
_ARROW = lazy_pattern(r"\\{0,8}[\"']?[ \t]{0,4}(?:->|=>|→)[ \t]{0,4}")
_PLACEHOLDER = r"\((?:known after apply|sensitive(?: value)?)\)"  # terraform's own words where no value is shown
_BARE = lazy_pattern(_PLACEHOLDER + r"|(?:[^\s\"';\\]|\\(?![\"'nrt]))++")
_BARE_IN_QUERY = lazy_pattern(_PLACEHOLDER + r"|(?:[^\s\"'<>;&#\\)]|\)(?=[\w%=~+/-]))++")
_HARMLESS = lazy_pattern(  # a reference in a code snippet; what is no value yet
    r"(?:var|local|module|data|path|each|self|random_\w{1,40})\.[\w.\[\]*-]{1,200}[,)]?"
    r"|(?:null|true|false|none|unset|\(known after apply\)|\(sensitive.*|\0+|REDACTED|\[\]|\{\}|\[|\{|\()[,)\]};]{0,3}",
    re.IGNORECASE,
)
_QUERY = lazy_pattern(r"[?&](?P<name>[\w.-]{1,64}+)=(?P<value>(?:[^\s&\"'<>#\\)]|\)(?=[\w%=~+/-]))++)")
_QUERY_NAMES = """sig signature code key apikey api_key access_token awsaccesskeyid x-amz-signature x-amz-credential
    x-amz-security-token x-goog-signature x-goog-credential"""
_QUERY_SECRETS = frozenset(_QUERY_NAMES.split())
_TRAILING = ",.;:?"
_SHORTEST_TRIMMED = 3
_LONGEST_TRIMMED = 4
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
# what a sentence goes on with behind a colon, as in `token: the request was refused`
_PROSE = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "it",
        "its",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "must",
        "should",
        "may",
        "might",
        "can",
        "cannot",
        "can't",
        "could",
        "did",
        "does",
        "do",
        "not",
        "no",
        "unable",
        "failed",
        "failure",
        "error",
        "denied",
        "rejected",
        "refused",
        "unauthorized",
        "forbidden",
        "not_found",
        "notfound",
        "wrong",
        "incorrect",
        "bad",
        "malformed",
        "empty",
        "too",
        "length",
        "value",
        "values",
        "expected",
        "got",
        "found",
        "with",
        "without",
        "for",
        "from",
        "to",
        "of",
        "on",
        "in",
        "at",
        "by",
        "please",
        "see",
        "use",
        "using",
        "when",
        "while",
        "because",
        "if",
        "your",
        "you",
        "we",
        "they",
        "there",
        "here",
    ]
)

_IN_ARN = lazy_pattern(r"arn:[a-z0-9-]{1,20}:[\w+.@/:*-]{1,1024}+")


def assignment_spans(text: str, names: NameRules) -> Iterator[Span]:
    """Yield the values that a sensitive name is given in the text.

    Args:
        text: any text.
        names: decides about one name and the value behind it.
    """
    if "=" in text or ":" in text or "->" in text or "→" in text:
        yield from _assigned(text, names)
        yield from blocks.pair_spans(text, names)
    if "<" in text or "&lt;" in text:
        yield from blocks.element_spans(text, names)
    if "-" in text:
        for match in _OPTION.finditer(text):
            start, end = _trimmed(text, *match.span("value"))
            if names.hides(match["name"], text[start:end]):
                yield start, end
    if "=" in text and ("?" in text or "&" in text):
        for match in _QUERY.finditer(text):
            start, end = _trimmed(text, *match.span("value"))
            if match["name"].lower() in _QUERY_SECRETS or names.hides(match["name"], text[start:end]):
                yield start, end


def _assigned(text: str, names: NameRules) -> Iterator[Span]:
    end, arns = 0, [match.span() for match in _IN_ARN.finditer(text)] if "arn:" in text else []
    for match in _NAME.finditer(text):
        # a name inside a value is skipped: read again from there, a long value would cost its length squared
        if match.start() < end or text.startswith("\0", match.end()) or not _is_assignment(match, text):
            continue
        name = _last(match["name"])
        if not names.sensitivity(name) or _is_inside(match.start(), arns):
            continue
        opened = blocks.opened_spans(text, match, names.sensitivity(name))
        for start, end in _values(text, match) if opened is None else opened:
            if start < end and not _HARMLESS.fullmatch(text, start, end) and names.hides(name, text[start:end]):
                yield start, end


def _is_inside(place: int, spans: list[Span]) -> bool:
    index = bisect_right(spans, (place, len(spans) + place)) - 1
    return index >= 0 and spans[index][0] <= place < spans[index][1]


def _is_assignment(match: re.Match[str], text: str) -> bool:
    if "=" in match["sign"]:
        return not text.startswith("=", match.end("sign"))  # `==` compares
    if match["sign"] != ":":
        return True
    if text.startswith("//", match.end()):
        return False  # a URL
    start = match.start()
    if text[start - 1 : start] == "/" and text[start - 2 : start - 1].isalnum() and match["sep"] == ":":
        return False  # an image and its tag
    return "." not in match["name"] or match["sep"][0] in "\\\"'"  # `random_password.db: Creating...` is an address


def _last(name: str) -> str:
    return name.rstrip(".-").rpartition(".")[2]


def _values(text: str, name: re.Match[str]) -> Iterator[Span]:
    """Yield where the value behind a name stands, and the new one behind an arrow, as a diff shows them."""
    in_query = text[name.start() - 1 : name.start()] in {"?", "&"}
    old = _value(text, name.end(), in_query)
    if not (name["sign"] == ":" and name["sep"][-1:] in " \t" and _is_prose(text, old)):
        yield old
    if arrow := _ARROW.match(text, old[1]):
        yield _value(text, arrow.end(), in_query)


def _is_prose(text: str, value: Span) -> bool:
    """Return whether a sentence goes on where a value could stand."""
    start, end = value
    if text[start - 1 : start] in {'"', "'"}:
        return False
    return text[start:end].lower().rstrip(_TRAILING) in _PROSE


def _value(text: str, at: int, in_query: bool) -> Span:
    """Return where the value that begins here stands, without its quotes and what a sentence puts behind it."""
    if escaped := _ESCAPED_QUOTE.match(text, at):
        return escaped.span("value")
    if quoted := _QUOTED.match(text, at):
        return quoted.span("double" if quoted["double"] is not None else "single")
    bare = (_BARE_IN_QUERY if in_query else _BARE).match(text, at)
    return _trimmed(text, *bare.span()) if bare else (at, at)


def _trimmed(text: str, start: int, end: int) -> Span:
    """Leave a sentence's punctuation and brackets that were opened before the value to the text."""
    for _ in range(_LONGEST_TRIMMED):
        if end - start <= _SHORTEST_TRIMMED:
            break
        last = text[end - 1]
        opened = _CLOSING.get(last)
        if last not in _TRAILING and (opened is None or text.count(opened, start, end) >= text.count(last, start, end)):
            break
        end -= 1
    return start, end
