"""The emergency dump of a state, which the stream has on one line, indented."""

from __future__ import annotations

import re

from change_events.text.lazy_pattern import lazy_pattern

_TOKEN = lazy_pattern(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def indent_json(text: str) -> str:
    """Return a JSON document indented like Go's json.MarshalIndent, its strings and numbers unchanged."""
    parts: list[str] = []
    depth = 0
    tokens = _TOKEN.findall(text)
    for number, part in enumerate(tokens):
        previous = tokens[number - 1] if number else ""
        if part in ("}", "]"):
            depth -= 1
            empty = previous in ("{", "[")
            parts.append(part if empty else "\n" + "  " * depth + part)
            continue
        if previous in ("{", "[", ","):
            parts.append("\n" + "  " * depth)
        parts.append(": " if part == ":" else part)
        depth += part in ("{", "[")
    return "".join(parts)
