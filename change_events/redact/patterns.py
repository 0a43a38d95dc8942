"""The user's own patterns of secrets: searched for within bounds, so that one that backtracks for ever holds up nobody.

:mod:`re` cannot be stopped: it holds the interpreter, signals included, until it is through. :mod:`regex` takes a
timeout and reads the same patterns.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import regex

    from change_events.redact.spans import Span

_SECONDS = 1.0  # for what one pattern fails at, in all; one that is sound never fails
_SECONDS_A_TEXT = 0.25


class Patterns:
    """Finds what the settings' patterns match.

    A text that a pattern is not through with in time is hidden whole, since it may hold what must not be shown. A
    pattern that has used up its time is not tried again: every text is hidden then.

    Args:
        patterns: regular expressions; a group named ``secret`` narrows what is hidden.

    Raises:
        SettingsError: one of them is no regular expression.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = _compiled(patterns) if patterns else ()
        self._left = [_SECONDS] * len(self._patterns)

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence about each pattern that was too slow."""
        return tuple(
            f"redaction pattern {pattern.pattern!r} takes too long, and texts that it was not through with are hidden "
            "whole: write it without a repetition inside a repetition"
            for pattern, left in zip(self._patterns, self._left, strict=True)
            if left < _SECONDS
        )

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where in the text something is to be hidden."""
        for number, pattern in enumerate(self._patterns):
            yield from self._found(number, pattern, text)

    def _found(self, number: int, pattern: regex.Pattern[str], text: str) -> list[Span]:
        group: str | int = "secret" if "secret" in pattern.groupindex else 0
        seconds = min(_SECONDS_A_TEXT, self._left[number])
        begun = time.monotonic()
        try:
            if seconds > 0:
                matches = pattern.finditer(text, timeout=seconds)
                return [(start, end) for start, end in (match.span(group) for match in matches) if 0 <= start < end]
        except TimeoutError:
            self._left[number] -= max(time.monotonic() - begun, seconds)
        return [(0, len(text))] if text else []


def check(pattern: str) -> str | None:
    """What is wrong with a pattern; None where it is a regular expression."""
    import regex

    try:
        regex.compile(pattern)
    except (regex.error, RecursionError) as error:
        return getattr(error, "msg", "nested too deeply")
    return None


def _compiled(patterns: tuple[str, ...]) -> tuple[regex.Pattern[str], ...]:
    import regex

    problems = tuple(
        f"redaction pattern {pattern!r} is no regular expression: {wrong}; correct or remove it"
        for pattern in patterns
        if (wrong := check(pattern))
    )
    if problems:
        raise SettingsError(problems)
    return tuple(regex.compile(pattern) for pattern in patterns)
