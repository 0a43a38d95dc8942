# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the callback was called for and has not looked at yet.

It is looked at together: after each fork of a worker caches are cold, and each page that is written is copied. So
nothing is made but what is kept, in one list: an object for each would lie on pages of its own.
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
    """Keeps what happens, in order, until it is looked at."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._whole = 0
        self._began = self._due = 0.0

    def begin(self) -> None:
        """A playbook begins."""
        self._began = time()

    def keep(self, what: str, one: Any, other: Any) -> bool:
        """Keep one, and say whether it is time to look.

        Args:
            what: :data:`BEGINS` (host, uuid of the task), else how a result ended that says no more than that (name of
                the host, uuid of the task).
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
        """Keep a result, and how it ended, as :data:`WHOLE`; the rest as above."""
        self._whole += 1
        return self.keep(WHOLE, result, how) or self._whole >= _MOST_WHOLE

    def look(self, at_one: Callable[[float, str, Any, Any], object]) -> None:
        """Call for each: when (seconds since 1970), and what it was kept with. An interrupt loses that one only."""
        kept, seen, self._whole = self._kept, 0, 0
        try:
            while seen < len(kept):
                when, what, one, other = kept[seen : seen + _VALUES]
                seen += _VALUES
                at_one(when, what, one, other)
        finally:  # Ctrl-C may come in the midst: the others are looked at when the run is settled
            del kept[:seen]

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()
