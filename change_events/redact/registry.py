"""The secrets that were seen in this run, and where they stand in a text."""

from __future__ import annotations

import binascii
from itertools import islice
from typing import TYPE_CHECKING

from change_events.redact import encodings
from change_events.redact.common import SHORTEST, is_scrubbed
from change_events.redact.controls import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span

_GRAM = 4
_STRIDE = SHORTEST - _GRAM + 1
_WINDOW = 256 * _STRIDE  # small: who forks, such as Ansible, pays for each page of ours
_SPARSE = [slice(start, start + _GRAM) for start in range(0, _WINDOW, _STRIDE)]
_DENSE = [slice(start, start + _GRAM) for start in range(_WINDOW)]
_LINE = 12  # characters a single line of a multi-line secret needs to be looked for by itself
_DEPTH = 3  # encodings inside encodings that are followed


class Registry:
    """Thousands of secrets, found in a text in time that does not depend on their number.

    Every secret has at least six characters, so one of three neighbouring places inside it is a multiple of three
    in any text: it is enough to look up every third group of four characters of the text in the set of groups that
    secrets begin with. Only a text with a hit is read closely: by the six characters a
    secret begins with, then by length.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._pending: list[str] = []
        self._secrets: set[str] = set()
        self._lengths: dict[str, list[int]] = {}  # first six characters -> lengths of the secrets that begin so
        self._grams: set[str] = set()
        self._base64_grams: set[str] = set()

    def add(self, secret: str) -> bool:
        """Remember one secret; its index is built when the next text is read. Tells whether it is new."""
        if secret in self._seen:
            return False
        self._seen.add(secret)
        self._pending.append(secret)
        return True

    def spans(self, text: str) -> list[Span]:
        """Return where a secret stands in the text: as it is, JSON-escaped, URL-encoded, in base64 or in hex."""
        if self._pending:
            self._index()
        if not self._secrets or len(text) < SHORTEST:
            return []
        return list(self._find(text, _DEPTH))

    def _index(self) -> None:
        pending, self._pending = self._pending, []
        for secret in pending:
            for form in _forms(secret):
                if form not in self._secrets and is_scrubbed(form):
                    self._index_one(form)

    def _index_one(self, secret: str) -> None:
        self._secrets.add(secret)
        lengths = self._lengths.setdefault(secret[:SHORTEST], [])
        if len(secret) not in lengths:
            lengths.append(len(secret))
        self._grams.update((secret[0:4], secret[1:5], secret[2:6]))
        head = secret[:SHORTEST].encode("utf-8", "replace")
        # the first whole group of base64 at each of the three alignments
        groups = binascii.b2a_base64(head[0:3] + head[1:4] + head[2:5], newline=False).decode()
        self._base64_grams.update((groups[0:4], groups[4:8], groups[8:12]))
        if "+" in groups or "/" in groups:
            groups = groups.replace("+", "-").replace("/", "_")  # the URL-safe alphabet
            self._base64_grams.update((groups[0:4], groups[4:8], groups[8:12]))

    def _find(self, text: str, depth: int) -> Iterator[Span]:
        yield from self._plain(text)
        if depth == 0:
            return
        for view in encodings.views(text):
            for span in self._find(view.text, depth - 1):
                yield view.original(span)
        for start, end in encodings.base64_runs(text):
            if self._in_base64(text[start:end], depth):
                yield start, end
        for span, decoded in encodings.hex_runs(text):
            if self._holds(decoded, depth - 1):
                yield span

    def _holds(self, text: str, depth: int) -> bool:
        return next(self._find(text, depth), None) is not None

    def _in_base64(self, run: str, depth: int) -> bool:
        for start in range(0, len(run), _WINDOW):
            window = run[start : start + _WINDOW + _GRAM]
            grams = map(window.__getitem__, islice(_DENSE, len(window)))
            if not self._base64_grams.isdisjoint(grams):
                return any(self._holds(text, depth - 1) for text in encodings.decode_base64(run))
        return False

    def _plain(self, text: str) -> Iterator[Span]:
        for start in range(0, len(text), _WINDOW):
            window = text[start : start + _WINDOW + _GRAM]
            grams = map(window.__getitem__, islice(_SPARSE, len(window) // _STRIDE + 1))
            if not self._grams.isdisjoint(grams):
                yield from self._closely(text, max(0, start - _STRIDE), start + _WINDOW)

    def _closely(self, text: str, first: int, last: int) -> Iterator[Span]:
        known = self._lengths
        for start in range(first, min(last, len(text) - SHORTEST + 1)):
            lengths = known.get(text[start : start + SHORTEST])
            if lengths:
                size = max((n for n in lengths if text[start : start + n] in self._secrets), default=0)
                if size:
                    yield start, start + size


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it was given, as it reads when cleaned and trimmed, and its longer lines one by one."""
    yield secret
    if secret.isprintable() and secret[:1] != " " and secret[-1:] != " ":
        return
    readable = clean(secret)
    yield readable
    yield readable.strip()
    if "\n" in readable:
        yield from (line for part in readable.split("\n") if len(line := part.strip()) >= _LINE)
