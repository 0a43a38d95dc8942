"""What a backend says, fit for journal and terminal: it may quote what the user hides, or hold a secret of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from change_events.destinations.shared.responses import words

if TYPE_CHECKING:
    from change_events.destinations.base import Request, Response
    from change_events.redact import Redactor


class Quoting:
    """Makes quotations of answers; for any thread.

    Args:
        redactor: hides what the settings name and what was seen as a secret. It is copied, since it goes on being used
            by the thread that has it. None: the rules that need no settings.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor.copy() if redactor is not None else None
        self._lock = threading.Lock()

    def quoted(self, request: Request, response: Response) -> str:
        """What the answer says, redacted, on one line; nothing where it says nothing."""
        said = words(response)
        if not said:
            return ""
        with self._lock:
            return request.clean(self._redacted(said))

    def _redacted(self, text: str) -> str:
        if self._redactor is None:
            from change_events.delivery.tailoring import redactor

            self._redactor = redactor((), ()).copy()
        return self._redactor.text(text)
