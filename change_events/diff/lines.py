"""The lines that differ between two long texts, redacted and bounded: scripts, configuration files, policies.

Both texts are redacted as a whole before they are compared or cut. Lines are compared in clear and shown redacted,
so that a rotated secret appears as a changed line without either value.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.redact import Redactor

MOST_LINES = 30
MOST_BYTES = 2_000
_LONGEST = 160  # characters of one line
_AROUND = 40  # characters of context on each side of a difference in a long line
_MOST_COMPARED = 2_000  # lines: difflib is quadratic
_BLOB = lazy_pattern(r"[A-Za-z0-9+/=_\-\r\n]{200,}")  # base64, which is not readable


def changed_lines(before: Any, after: Any, redactor: Redactor) -> tuple[str, ...]:
    """Return the lines that differ: ``- `` removed, ``+ `` added, ``~ `` changed in a hidden part.

    Args:
        before: a text, or an object or list, compared as indented JSON; None for nothing.
        after: likewise.
        redactor: a redactor that knows the secrets of both.

    Returns:
        At most :data:`MOST_LINES` lines and :data:`MOST_BYTES` bytes, the last one with the number of omitted lines;
        empty for texts without readable lines.
    """
    if any(isinstance(side, str) and _BLOB.fullmatch(side) for side in (before, after)):
        return ()
    old, new = _lines(before, redactor), _lines(after, redactor)
    if max(len(old), len(new)) > _MOST_COMPARED:
        return ()
    return tuple(_bounded(list(_differences(old, new))))


def _lines(value: Any, redactor: Redactor) -> list[tuple[str, str]]:
    """Return each line in clear, with its redacted form."""
    if value is None:
        return []
    if isinstance(value, str):
        raw, shown = value.split("\n"), redactor.text(value).split("\n")
        # a multi-line secret is hidden as one: then only redacted texts can be compared
        return list(zip(raw if len(raw) == len(shown) else shown, shown, strict=True))
    import json  # imported late: rarely needed

    raw_text = json.dumps(value, indent=2, default=str, ensure_ascii=False)
    hidden = redactor.data(value)
    text = json.dumps(hidden, indent=2, default=str, ensure_ascii=False)
    raw, shown = raw_text.split("\n"), redactor.text(text).split("\n")
    return list(zip(raw if len(raw) == len(shown) else shown, shown, strict=True))


def _differences(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Iterator[str]:
    from difflib import SequenceMatcher  # imported late: rarely needed

    matcher = SequenceMatcher(None, [raw for raw, _ in old], [raw for raw, _ in new], autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind != "equal":
            yield from _block([shown for _, shown in old[first:last]], [shown for _, shown in new[start:end]])


def _block(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield one differing block: removed lines, then added ones; lines that look the same are reported once."""
    gone: list[str] = []
    come: list[str] = []
    for left, right in zip_longest(old, new):
        if left == right:
            yield from _flushed(gone, come)
            yield f"~ {_clipped(left)}"
        elif left is None:
            come.append(right)
        elif right is None:
            gone.append(left)
        else:
            pair = _in_context(left, right) if max(len(left), len(right)) > _LONGEST else (left, right)
            gone.append(pair[0])
            come.append(pair[1])
    yield from _flushed(gone, come)


def _flushed(gone: list[str], come: list[str]) -> Iterator[str]:
    yield from (f"- {_clipped(line)}" for line in gone)
    yield from (f"+ {_clipped(line)}" for line in come)
    gone.clear()
    come.clear()


def _in_context(left: str, right: str) -> tuple[str, str]:
    """Return the differing parts of two long lines with some context."""
    shorter = min(len(left), len(right))
    start = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if left[-1 - i] != right[-1 - i]), rest)
    return _part(left, start, len(left) - end), _part(right, start, len(right) - end)


def _part(line: str, start: int, end: int) -> str:
    first, last = max(0, start - _AROUND), min(len(line), end + _AROUND)
    return ("…" if first else "") + line[first:last] + ("…" if last < len(line) else "")


def _clipped(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _bounded(lines: list[str]) -> Iterator[str]:
    room = MOST_BYTES
    for number, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if number >= MOST_LINES or room < 0:
            yield f"… and {len(lines) - number} more lines"
            return
        yield line
