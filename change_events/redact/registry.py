"""The secrets that were seen in this run, and where they stand in a text."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from change_events.redact import encodings
from change_events.redact.control_chars import clean
from change_events.redact.scrub_scope import SHORTEST, SHORTEST_WORD, Scrub, is_of_any_case, scrub, stands_alone
from change_events.text.ascii_case import ascii_lower
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_GRAM = 4
_STRIDE = SHORTEST - _GRAM + 1
_WINDOW = 256 * _STRIDE  # small: who forks, such as Ansible, pays for each page of ours
_SPARSE = [slice(start, start + _GRAM) for start in range(0, _WINDOW, _STRIDE)]
_WORD_START = lazy_pattern(r"(?<![^\W_])\S")
_LINE = 12  # characters a single line of a multi-line secret needs to be looked for by itself
_DEPTH = 3  # encodings inside encodings that are followed
_BUDGET = 1_000_000  # characters of decoded texts that are searched besides
_BUDGET_FACTOR = 3  # times the text's own

Original = Callable[["Span"], "Span"]


class Registry:
    """Thousands of secrets, found in a text in time that does not depend on their number.

    Every secret but the shortest has at least six characters, so one of three neighbouring places inside it
    is a multiple of three in any text: it is enough to look up every third group of four characters of the
    text in the set of groups that secrets begin with. Only a text with a hit is read closely: by the six
    characters a secret begins with, then by length. The index is in lower case; whether a stretch is the secret
    as it was given is decided last, since only long ones with letters and digits count in any case.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._pending: list[str] = []
        self._secrets: set[str] = set()
        self._of_any_case: set[str] = set()  # in lower case, those that are looked for in any
        self._lengths: dict[str, list[int]] = {}  # first six characters -> lengths of the secrets that begin so
        self._grams: set[str] = set()
        self._words: set[str] = set()  # of the secrets, those that are looked for as whole words
        self._short: set[str] = set()  # and those with fewer characters than the index needs
        self.has_brackets = False  # one of those that were remembered holds a bracket

    def add(self, secret: str) -> bool:
        """Remember one secret; its index is built when the next text is read. Returns whether it is new."""
        if secret in self._seen:
            return False
        self._seen.add(secret)
        if "[" in secret or "]" in secret:
            self.has_brackets = True
        self._pending.append(secret)
        return True

    def copy(self) -> Registry:
        """One that remembers the same secrets; its index is built when it reads its first text."""
        made = Registry()
        made._seen = set(self._seen)
        made._pending = list(self._seen)
        made.has_brackets = self.has_brackets
        return made

    def spans(self, text: str) -> list[Span]:
        """Return where a secret stands in the text: as it is or encoded, in another case, reversed."""
        if self._pending:
            self._index()
        if not self._secrets or len(text) < SHORTEST_WORD:
            return []
        return list(self._find(text))

    def _index(self) -> None:
        pending, self._pending = self._pending, []
        for secret in pending:
            for form in _forms(secret):
                how = scrub(form)
                if form in self._secrets or how is Scrub.NOWHERE:
                    continue
                self._secrets.add(form)
                if how is Scrub.WORD:
                    self._words.add(form)
                if len(form) < SHORTEST:
                    self._short.add(form)
                    continue
                self._index_one(ascii_lower(form))
                if is_of_any_case(form):
                    self._index_changed(form)

    def _index_changed(self, secret: str) -> None:
        forms = {secret, secret[::-1]}
        if not secret.isascii():
            forms |= {form for given in tuple(forms) for form in (given.upper(), given.lower())}
        for form in map(ascii_lower, forms):
            self._of_any_case.add(form)
            self._index_one(form)

    def _index_one(self, secret: str) -> None:
        lengths = self._lengths.setdefault(secret[:SHORTEST], [])
        if len(secret) not in lengths:
            lengths.append(len(secret))
            lengths.sort(reverse=True)
        self._grams.update((secret[0:4], secret[1:5], secret[2:6]))

    def _find(self, text: str) -> Iterator[Span]:
        """Search a text and what it decodes to, the least nested first, within a bound of characters."""
        budget = _BUDGET + _BUDGET_FACTOR * len(text)
        queue: deque[tuple[str, int, tuple[Original, ...]]] = deque([(text, _DEPTH, ())])
        while queue:
            text, depth, steps = queue.popleft()
            for span in self._in_text(text):
                yield _original(span, steps)
            if not depth or (budget <= 0 and steps):
                continue
            for decoded in encodings.runs(text):
                budget -= len(decoded.text) if steps else 0
                for span in self._plain(decoded.text, decoded.lower):
                    yield _original(span, (*steps, decoded.original))
                readable = decoded.readable() if depth > 1 else None
                if readable is not None:
                    queue.append((readable.text, depth - 1, (*steps, decoded.original, readable.original)))
            for view in encodings.views(text) if budget > 0 else ():
                budget -= len(view.text)
                queue.append((view.text, depth - 1, (*steps, view.original)))

    def _in_text(self, text: str) -> Iterator[Span]:
        yield from self._plain(text, ascii_lower(text))
        if self._short:
            yield from self._short_words(text)

    def _plain(self, text: str, lower: str) -> Iterator[Span]:
        for start in range(0, len(lower), _WINDOW):
            window = lower[start : start + _WINDOW + _GRAM]
            grams = map(window.__getitem__, islice(_SPARSE, len(window) // _STRIDE + 1))
            if not self._grams.isdisjoint(grams):
                yield from self._closely(text, lower, start, start + len(window))

    def _closely(self, text: str, lower: str, first: int, last: int) -> Iterator[Span]:
        """Look for secrets around the groups that hit: one begins at such a group, or one or two characters before."""
        grams, known = self._grams, self._lengths
        for place in [place for place in range(first, last, _STRIDE) if lower[place : place + _GRAM] in grams]:
            for start in range(max(0, place - _STRIDE + 1), place + 1):
                for size in known.get(lower[start : start + SHORTEST], ()):
                    if lower[start : start + size] in self._of_any_case or self._stands(text, start, start + size):
                        yield start, start + size
                        break

    def _short_words(self, text: str) -> Iterator[Span]:
        for match in _WORD_START.finditer(text):
            start = match.start()
            for size in range(SHORTEST - 1, SHORTEST_WORD - 1, -1):
                if self._stands(text, start, start + size):
                    yield start, start + size
                    break

    def _stands(self, text: str, start: int, end: int) -> bool:
        found = text[start:end]
        return found in self._secrets and (found not in self._words or stands_alone(text, start, end))


def _original(span: Span, steps: tuple[Original, ...]) -> Span:
    for step in reversed(steps):
        span = step(span)
    return span


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it was given, as it reads when cleaned and trimmed, and its longer lines one by one."""
    yield secret
    if not secret.isascii():
        yield from {unicodedata.normalize(form, secret) for form in ("NFC", "NFD")} - {secret}
    if secret.isprintable() and secret[:1] != " " and secret[-1:] != " ":
        return
    readable = clean(secret)
    yield readable
    yield readable.strip()
    if "\n" in readable:
        yield from (line for part in readable.split("\n") if len(line := part.strip()) >= _LINE)
