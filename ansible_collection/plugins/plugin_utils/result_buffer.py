# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Buffers the callback's calls.

They are processed in batches: after each fork of a worker, caches are cold and every written page is copied. So nothing
but the values is kept, in one list: separate objects would be spread over more pages.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BEGINS = "begins"
WHOLE = "whole"
_VALUES = 4  # of each: when, what, and two more
_MOST = 1_000 * _VALUES
_MOST_WHOLE = 100  # of them, results as a whole
_LEAST_WAIT = 1.0  # seconds until they are looked at, where another one comes,
_LONGEST_WAIT = 5.0  # and at the most; between them,
_SHARE = 20  # one part in so many of the time that the playbook has taken


class ResultBuffer:
    """Keeps calls in order until they are processed."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._whole = 0
        self._began = self._due = 0.0

    def begin(self) -> None:
        """Start a playbook."""
        self._began = time()

    def keep(self, what: str, one: Any, other: Any) -> bool:
        """Keep one call; returns whether a batch is due.

        Args:
            what: :data:`BEGINS` (host, uuid of the task), or the status of a result without details (name of the host,
                uuid of the task).
            one: the first of the two values.
            other: the second.
        """
        now = time()
        kept = self._kept
        if not kept:
            self._due = now + min(_LONGEST_WAIT, max(_LEAST_WAIT, (now - self._began) / _SHARE))
        kept += (now, what, one, other)
        return not kept[0] <= now < self._due or len(kept) >= _MOST

    def keep_whole(self, result: Any, how: str) -> bool:
        """Keep a whole result and its status, as :data:`WHOLE`; otherwise like :meth:`keep`."""
        self._whole += 1
        return self.keep(WHOLE, result, how) or self._whole >= _MOST_WHOLE

    def look(self, at_one: Callable[[float, str, Any, Any], object]) -> None:
        """Process each call: its time (seconds since 1970) and its values. An interrupt loses only the current one."""
        kept, seen, self._whole = self._kept, 0, 0
        try:
            while seen < len(kept):
                when, what, one, other = kept[seen : seen + _VALUES]
                seen += _VALUES
                at_one(when, what, one, other)
        finally:  # Ctrl-C may come in the midst: the others are looked at when the run is settled
            del kept[:seen]

    def clear(self) -> None:
        """Discard all calls."""
        self._kept.clear()
