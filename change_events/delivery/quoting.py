"""Prepares backends' messages for journal and terminal: they may quote hidden values or contain secrets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from change_events.destinations.shared.responses import words

if TYPE_CHECKING:
    from change_events.destinations.base import Request, Response
    from change_events.redact import Redactor


class Quoting:
    """Quotes responses; usable from any thread.

    Args:
        redactor: hides values by the settings' rules, and known secrets. It is copied, since its thread continues to
            use it. None: only the rules that need no settings.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor.copy() if redactor is not None else None
        self._lock = threading.Lock()

    def quoted(self, request: Request, response: Response) -> str:
        """Return the message of a response, redacted, on one line; empty if there is none."""
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
