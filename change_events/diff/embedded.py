"""JSON and YAML inside strings (policies, task definitions, Helm values), compared by content."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any

import msgspec

from change_events.text.exact_json import Number, decode_exact
from change_events.text.lazy_pattern import lazy_pattern

_MOST_YAML = 64 * 1024  # bytes; YAML parses about a hundred times slower than JSON
_MOST_JSON = 1024 * 1024
# an anchor or alias can expand a small text to a huge tree, a tag to any object: such a text is not parsed
_YAML_REFERENCE = lazy_pattern(r"(?:^|[\s\[{,:-])[&*!][^\s&]", re.MULTILINE)
_YAML_MAPPING = lazy_pattern(r"^\s*(?:- +)?[\w.\"'/-]+:(?:\s|$)", re.MULTILINE)
_YAML_NUMBER = lazy_pattern(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")


def parse_both(before: str, after: str) -> tuple[str, Any, Any] | None:
    """Parse two texts that are both JSON, or both YAML, objects or arrays.

    Returns:
        The name of the format and the two decoded values; None if either is something else, or if their first
        comments differ: ``#cloud-config`` and ``#!/bin/sh`` determine the interpreter of the text.
    """
    if _heading(before) != _heading(after):
        return None
    for name, parse in (("JSON", _parse_json), ("YAML", _parse_yaml)):
        first = parse(before)
        if first is not None and (second := parse(after)) is not None:
            return name, first, second
    return None


def _heading(text: str) -> list[str]:
    if not text.startswith("#"):
        return []
    return list(takewhile(lambda line: line.startswith("#"), text.splitlines()))


def _parse_json(text: str) -> Any:
    start = text.lstrip()[:1]
    if start not in ("{", "[") or len(text) > _MOST_JSON:
        return None
    import json

    try:
        decoded = decode_exact(text)
        json.loads(text, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    except (msgspec.DecodeError, ValueError, RecursionError):  # ValueError: duplicate key, or lone surrogate
        return None
    return decoded


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Reject an object with a duplicate key, since decoding it would hide a change of the first one.

    Raises:
        ValueError: a key is duplicated.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _parse_yaml(text: str) -> Any:
    if "\n" not in text or len(text) > _MOST_YAML or not _YAML_MAPPING.search(text):
        return None
    if _YAML_REFERENCE.search(text) or "\t" in text:
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = [_plain(node) for node in yaml.compose_all(text, Loader=loader)]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    value = documents[0] if len(documents) == 1 else documents
    return value if isinstance(value, (dict, list)) else None


def _plain(node: Any) -> Any:
    """Convert a YAML node to JSON-like Python, keeping the text that YAML would convert (dates, octals).

    Raises:
        ValueError: a mapping has a duplicate key or one that is not a scalar.
    """
    if node.id == "mapping":
        pairs = {key.value: _plain(value) for key, value in node.value if key.id == "scalar"}
        if len(pairs) != len(node.value):
            raise ValueError("not a plain mapping")
        return pairs
    if node.id == "sequence":
        return [_plain(element) for element in node.value]
    return _scalar(node.tag.rpartition(":")[2], node.value)


def _scalar(kind: str, text: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in {"true", "yes", "on"}
    if kind in {"int", "float"} and _YAML_NUMBER.fullmatch(text):
        return Number(text)
    return text
