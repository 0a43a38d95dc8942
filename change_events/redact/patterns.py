"""The user's patterns of secrets, searched with a time limit.

:mod:`re` cannot be interrupted: it blocks the interpreter, including signals. :mod:`regex` has a timeout. Patterns use
:mod:`re`'s syntax: a pattern that only ``regex`` accepts is invalid, and differences are rewritten so that both mean
the same.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from change_events.errors import SettingsError
from change_events.process import bounded
from change_events.redact.tokens import shape_spans
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_SECONDS = 1.0  # of CPU, for all that takes one pattern long,
_SECONDS_A_TEXT = 0.25
_LONG = 0.02  # a sound pattern takes microseconds
# A pattern that has used up its time is tried on short texts all the same: ids and names must not go for lack of
# time. What each costs at most gets less, and stays a hundred times what a match in such a text takes.
_SHORT = 200  # characters
_SECONDS_A_SHORT_TEXT = 0.002
_LEAST_SECONDS_A_SHORT_TEXT = 0.0003
_SECONDS_OF_GRACE = 1.0
# `{` that begins no repetition: to `regex`, `{e}` allows errors. Escapes and names of characters stay.
_BRACE = lazy_pattern(r"(?P<kept>\\N\{[^}]*\}|\\.|\{(?:\d+,?\d*|,\d+)\})|\{", re.DOTALL)
_COUNTED = lazy_pattern(r"\{,?\d")
_LONGEST = 4_000  # characters of a pattern


class Patterns:
    """Finds matches of the settings' patterns.

    A text whose search times out is hidden completely, since it may contain secrets. A pattern that has used up its
    time is tried on short texts only: longer ones are hidden.

    Args:
        patterns: regular expressions; a group named ``secret`` narrows what is hidden.

    Raises:
        SettingsError: one of them is not a regular expression.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = _compiled(patterns) if patterns else ()
        self._left = [_SECONDS + _SECONDS_OF_GRACE] * len(self._patterns)
        self._sources = patterns
        self._slow: set[int] = set()

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence about each pattern that was too slow."""
        return tuple(
            f"redaction pattern {self._sources[number]!r} takes too long, and texts that it was not through with are "
            "hidden whole: make it simpler, without a repetition inside a repetition"
            for number in sorted(self._slow)
        )

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where in the text something is to be hidden."""
        for number, pattern in enumerate(self._patterns):
            yield from self._found(number, pattern, text)

    def _found(self, number: int, pattern: Any, text: str) -> list[Span]:
        bounds = {"timeout": self._seconds(number, text)}
        begun = time.thread_time()
        try:
            if bounds["timeout"] > 0:
                return list(shape_spans(pattern, text, **bounds))
        except TimeoutError:
            self._slow.add(number)
        finally:
            spent = time.thread_time() - begun
            if spent > _LONG or number in self._slow:
                self._left[number] -= spent
        self._slow.add(number)
        return [(0, len(text))] if text else []

    def _seconds(self, number: int, text: str) -> float:
        left = self._left[number]
        if left > _SECONDS_OF_GRACE:
            return min(_SECONDS_A_TEXT, left - _SECONDS_OF_GRACE)
        if len(text) > _SHORT:
            return 0.0
        return max(_LEAST_SECONDS_A_SHORT_TEXT, _SECONDS_A_SHORT_TEXT * left / _SECONDS_OF_GRACE)


@lru_cache(maxsize=256)
def check(pattern: str) -> str | None:
    """Return what is wrong with a pattern; None if it is valid and can be searched with a time limit."""
    if len(pattern) > _LONGEST:
        return f"it is longer than {_LONGEST:,} characters"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        return getattr(error, "msg", None) or "its flags or repetitions cannot be"
    try:
        if _COUNTED.search(pattern):  # repetitions that `regex` writes out, of one another, too
            bounded.run(lambda: str(bool(compile_bounded(pattern))))
        compile_bounded(pattern)
    except bounded.ExceededError:
        return "its repetitions are too many: write fewer than ten thousand, of one another together"
    except (bounded.FailedError, _regex_error(), RecursionError, OverflowError, ValueError):
        return "it cannot be searched for within bounds of time and memory: rewrite it"
    return None


def _compiled(patterns: tuple[str, ...]) -> tuple[Any, ...]:
    problems = tuple(
        f"redaction pattern {pattern!r} is not a regular expression: {wrong}; correct or remove it"
        for pattern in patterns
        if (wrong := check(pattern))
    )
    if problems:
        raise SettingsError(problems)
    return tuple(compile_bounded(pattern) for pattern in patterns)


def compile_bounded(pattern: str) -> Any:
    """Compile a valid pattern with `regex`, which supports a timeout."""
    import regex

    return regex.compile(_BRACE.sub(lambda match: match["kept"] or r"\{", pattern))


def _regex_error() -> type[Exception]:
    import regex

    error: type[Exception] = regex.error
    return error
