"""Access by one-use links, which open a session until the server ends."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTES = 32
_SESSIONS = 100
"""Browsers at once: beyond, the oldest has to open a new link."""


class Access:
    """One-use links, and the sessions that they open.

    One link is open at a time. If a client without a session makes a request after its use, the next one is announced,
    so that only a person who sees the announcement can open a second browser.

    Args:
        announce: called with each token except the first.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._sessions: list[str] = []
        self._token: str | None = secrets.token_urlsafe(_BYTES)

    @property
    def token(self) -> str:
        """The token of the open link; a new one if it was used."""
        if self._token is None:
            self._token = secrets.token_urlsafe(_BYTES)
        return self._token

    def open_session(self, token: str) -> str | None:
        """Use the link with this token, and return the secret of a new session; None for another token."""
        if self._token is None or not _same(token, self._token):
            return None
        self._token = None
        session = secrets.token_urlsafe(_BYTES)
        self._sessions = [*self._sessions[1 - _SESSIONS :], session]
        return session

    def is_open(self, session: str) -> bool:
        """Return whether this is the secret of a session."""
        return any([_same(session, known) for known in self._sessions])  # noqa: C419 - all are compared: no early end

    def was_refused(self) -> None:
        """Announce a new link if the last one was used."""
        if self._token is None:
            self._announce(self.token)


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), known.encode())
