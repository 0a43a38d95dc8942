"""Secrets under a name in front of more than one value: lists, objects, blocks of YAML, elements and pairs.

``tokens = ["a", "b"]``, ``password: >-`` with lines below, ``<password>a</password>``, ``key="DbPassword" value="a"``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from change_events.redact.harmless_values import REFERENCE, is_fact_at
from change_events.redact.names import NameRules, Sensitivity, shows
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_LONGEST = 16_384  # characters of a list, an object or a block that are looked at
_PART = lazy_pattern(
    r"(?P<escaped>\\{1,8}[\"'])(?P<inner>.{0,4096}?)(?P=escaped)|\"(?P<double>(?:[^\"\\]|\\.)*+)\"|'(?P<single>[^']*+)'"
    r"|(?P<open>[\[{(])|(?P<close>[\]})])|(?P<sign>[:=])|(?P<bare>(?:[^\s\"'\\,:=\[\]{}()]|[:=](?=\S))++)",
    re.DOTALL,
)
_BLOCK = lazy_pattern(r"[|>][+-]?\d?[+-]?[ \t]{0,8}(?:#[^\n]{0,200})?\n|\n")
_ITEM = lazy_pattern(r"[ \t]*-[ \t]+(?:(?P<name>[\w.\"'-]{1,100}):[ \t]+)?(?P<value>\S[^\n]*?)[ \t]*$")
_ENTRY = lazy_pattern(r"[ \t]*(?P<name>[\w.\"'-]{1,100}):[ \t]+(?P<value>\S[^\n]*?)[ \t]*$")
_ELEMENT = lazy_pattern(
    r"(?:<|&lt;)(?P<name>[A-Za-z_][\w:.-]{0,80}+)(?:[ \t][^<>&]{0,200})?(?:>|&gt;)"
    r"(?P<value>[^<>]{1,300}?)(?:</|&lt;/)(?P=name)"
)
_CDATA = lazy_pattern(r"<(?P<name>[A-Za-z_][\w:.-]{0,80}+)[^<>]{0,200}><!\[CDATA\[(?P<value>[^\]]{1,2000})\]\]>")
_NAMED_ELEMENT = lazy_pattern(
    r"<\w[\w:.-]{0,80}[ \t][^<>]{0,100}?\b(?:name|key)[ \t]{0,2}=[ \t]{0,2}[\"'](?P<name>[\w.:-]{1,100})"
    r"[\"'][^<>]{0,200}>(?P<value>[^<>]{1,2000})</"
)
_PAIR = lazy_pattern(
    r"(?<![\w.-])(?:[nN]ame|[kK]ey|NAME|KEY)\\{0,8}[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\{0,8}[\"']?"
    r"(?P<name>[\w.-]{1,100}+)\\{0,8}[\"']?"
    r"(?:[ \t]{0,8}[,;]?\s{0,40})\\{0,8}[\"']?(?:[vV]alue|VALUE)\\{0,8}[\"']?[ \t]{0,8}[:=][ \t]{0,8}"
    r"(?:(?P<escaped>\\{1,8}[\"'])(?P<inner>.{0,2000}?)(?P=escaped)|\"(?P<double>(?:[^\"\\]|\\.){0,2000}+)\"|'(?P<single>[^'\n]{0,2000}+)'"
    r"|(?P<bare>[^\s\"',;}\\]++))"
)


def opened_spans(text: str, name: re.Match[str], level: Sensitivity) -> list[Span] | None:
    """Return the values of a list, an object or a block that opens behind a name; None where none opens there.

    Args:
        text: any text.
        name: the match of a name and its sign.
        level: what the name says of its values.
    """
    at = name.end()
    if text.startswith("{{", at) and REFERENCE.match(text, at):
        return []
    if text[at : at + 1] in ("[", "{"):
        return list(_bracketed(text, at, level))
    block = _BLOCK.match(text, at) if name["sign"] == ":" else None
    line = text.rfind("\n", 0, name.start()) + 1
    if block is None or text[line : name.start()].strip(" \t-\"'+~"):
        return None
    scalar = text[at] in "|>"
    return list(_lines(text, block.end(), name.start() - line, scalar, level))


def pair_spans(text: str, names: NameRules) -> Iterator[Span]:
    """Yield the value of a pair of name and value: ``name: DB_PASSWORD`` with ``value: x`` behind it."""
    for match in _PAIR.finditer(text) if "alue" in text or "VALUE" in text else ():
        for group in ("inner", "double", "single", "bare"):
            if match[group] and names.hides(match["name"].rpartition(".")[2], match[group]):
                yield match.span(group)


def element_spans(text: str, names: NameRules) -> Iterator[Span]:
    """Yield the texts of XML elements with a sensitive name, also of those that say it in an attribute."""
    for pattern in (_ELEMENT, _CDATA, _NAMED_ELEMENT):
        for match in pattern.finditer(text):
            if names.hides(match["name"].rpartition(".")[2].rpartition(":")[2], match["value"].strip()):
                yield match.span("value")


def _bracketed(text: str, at: int, level: Sensitivity) -> Iterator[Span]:
    depth, key, pending = 0, "", None
    for part in _PART.finditer(text, at, at + _LONGEST):
        kind = part.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        if kind == "sign" and pending is not None:
            key, pending = text[slice(*pending)], None
            continue
        if pending is not None and _is_hidden(text, pending, key, level):
            yield pending
        if depth <= 0:
            return
        pending, key = _part(part), key if kind in ("sign", "open") or pending is None else ""
    if pending is not None and _is_hidden(text, pending, key, level):
        yield pending


def _part(part: re.Match[str]) -> Span | None:
    for group in ("inner", "double", "single", "bare"):
        if part[group]:
            return part.span(group)
    return None


def _is_hidden(text: str, span: Span, key: str, level: Sensitivity) -> bool:
    return _hides(key, text[slice(*span)], level)


def _hides(key: str, value: str, level: Sensitivity) -> bool:
    if level != Sensitivity.CHOSEN and is_fact_at(key, value):
        return False
    return not shows(level, value)


def _lines(text: str, at: int, column: int, scalar: bool, level: Sensitivity) -> Iterator[Span]:
    """Yield what is hidden of the lines that are indented below a name."""
    last = min(len(text), at + _LONGEST)
    while at < last:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        content = text[at:end]
        inside = len(content) - len(content.lstrip(" \t")) - column
        if not content.strip() or inside < 0 or (inside == 0 and not content.lstrip().startswith("- ")):
            return
        if scalar:
            yield at + len(content) - len(content.lstrip()), at + len(content.rstrip())
        else:
            entry = _ITEM.match(content) or _ENTRY.match(content)
            if entry is None:
                return
            key = entry.groupdict().get("name") or ""
            if _hides(key, entry["value"], level):
                yield at + entry.start("value"), at + entry.end("value")
        at = end + 1
