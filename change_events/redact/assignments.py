"""Secrets by the name in front of them, in free text: ``password=x``, ``"token": "x"``, ``--api-key x``.

Also inside JSON that stands in a string, however often its quotes are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.redact.spans import Span

_NAME = re.compile(
    r"(?<![\w.$-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,120}+)"
    r"(?P<sep>\\{0,8}[\"']?[ \t]{0,8}(?P<sign>=>|:=|[:=])[ \t]{0,8})"
)
_OPTION = re.compile(r"(?<!\S)--?(?P<name>[A-Za-z][\w-]{0,80}+)[ \t]{1,4}[\"']?(?P<value>[^\s\"'-][^\s\"']*+)")
_ESCAPED_QUOTE = re.compile(r"(?P<quote>\\{1,8}[\"'])(?P<value>.{0,4096}?)(?P=quote)", re.DOTALL)
_QUOTED = re.compile(r"\"(?P<double>(?:[^\"\\]|\\.)*+)\"?|'(?P<single>[^']*+)'?", re.DOTALL)
_ARROW = re.compile(r"\\{0,8}[\"']?[ \t]{0,4}(?:->|=>|→)[ \t]{0,4}")
_PLACEHOLDER = r"\((?:known after apply|sensitive(?: value)?)\)"  # terraform's own words where no value is shown
_BARE = re.compile(_PLACEHOLDER + r"|(?:[^\s\"';\\]|\\(?![\"'nrt]))++")
_BARE_IN_QUERY = re.compile(_PLACEHOLDER + r"|[^\s\"'<>;&#\\]++")
_HARMLESS = re.compile(  # a reference in a code snippet; what is no value yet
    r"(?:var|local|module|data|path|each|self|random_\w{1,40})\.[\w.\[\]*-]{1,200}[,)]?"
    r"|(?:null|true|false|none|unset|\(known after apply\)|\(sensitive.*|\[\]|\{\}|\[|\{|\()[,)\]};]{0,3}",
    re.IGNORECASE,
)
_QUERY = re.compile(r"[?&](?P<name>[\w.-]{1,64}+)=(?P<value>[^\s&\"'<>#\\]++)")
_QUERY_NAMES = """sig signature code key apikey api_key access_token awsaccesskeyid x-amz-signature x-amz-credential
    x-amz-security-token x-goog-signature x-goog-credential"""
_QUERY_SECRETS = frozenset(_QUERY_NAMES.split())

IsSensitive = Callable[[str], bool]


def assignment_spans(text: str, is_sensitive: IsSensitive) -> Iterator[Span]:
    """Yield the values that a sensitive name is given in the text.

    Args:
        text: any text.
        is_sensitive: decides about one name.
    """
    if "=" in text or ":" in text:
        yield from _assigned(text, is_sensitive)
    if "-" in text:
        for match in _OPTION.finditer(text):
            if is_sensitive(match["name"]):
                yield match.span("value")
    if "=" in text and ("?" in text or "&" in text):
        for match in _QUERY.finditer(text):
            if match["name"].lower() in _QUERY_SECRETS or is_sensitive(match["name"]):
                yield match.span("value")


def _assigned(text: str, is_sensitive: IsSensitive) -> Iterator[Span]:
    end = 0
    for match in _NAME.finditer(text):
        # a name inside a value is skipped: read again from there, a long value would cost its length squared
        if match.start() >= end and _is_assignment(match, text) and is_sensitive(_last(match["name"])):
            for start, end in _values(text, match):
                if start < end and not _HARMLESS.fullmatch(text, start, end):
                    yield start, end


def _is_assignment(match: re.Match[str], text: str) -> bool:
    if "=" in match["sign"]:
        return not text.startswith("=", match.end("sign"))  # `==` compares
    if text.startswith("//", match.end()):
        return False  # a URL
    return "." not in match["name"] or match["sep"][0] in "\\\"'"  # `random_password.db: Creating...` is an address


def _last(name: str) -> str:
    return name.rstrip(".-").rpartition(".")[2]


def _values(text: str, name: re.Match[str]) -> Iterator[Span]:
    """Yield where the value behind a name stands, and the new one behind an arrow, as a diff shows them."""
    in_query = text[name.start() - 1 : name.start()] in {"?", "&"}
    old = _value(text, name.end(), in_query)
    yield old
    if arrow := _ARROW.match(text, old[1]):
        yield _value(text, arrow.end(), in_query)


def _value(text: str, at: int, in_query: bool) -> Span:
    """Return where the value that begins here stands, without its quotes."""
    if escaped := _ESCAPED_QUOTE.match(text, at):
        return escaped.span("value")
    if quoted := _QUOTED.match(text, at):
        return quoted.span("double" if quoted["double"] is not None else "single")
    bare = (_BARE_IN_QUERY if in_query else _BARE).match(text, at)
    return bare.span() if bare else (at, at)
