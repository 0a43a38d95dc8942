"""What PostgreSQL, or a pooler before it, says before a session has begun: it has no code that a driver shows."""

from __future__ import annotations

from enum import Enum, auto


class Rejection(Enum):
    """Why nobody was let in."""

    STARTING = auto()
    CONNECTIONS = auto()
    USER = auto()
    NO_ENTRY = auto()
    NO_LOGIN = auto()
    DATABASE = auto()
    PARAMETER = auto()
    TLS = auto()
    OTHER = auto()


# The first row that fits counts. A server may say it in its own language: then the last one does.
_WORDS: tuple[tuple[Rejection, tuple[str, ...]], ...] = (
    (Rejection.STARTING, ("starting up", "shutting down", "recovery mode", "not yet accepting")),
    (Rejection.CONNECTIONS, ("too many", "slots are reserved", "no more connections")),
    (Rejection.USER, ("authentication failed", "no password supplied", "no such user")),
    (Rejection.NO_ENTRY, ("no pg_hba.conf entry",)),
    (Rejection.NO_LOGIN, ("not permitted to log in",)),
    (Rejection.DATABASE, ('database "', "no such database")),
    (Rejection.USER, ('role "',)),
    (Rejection.PARAMETER, ("unsupported startup parameter",)),
    (Rejection.TLS, ("certificate", "SSL")),
)


def rejection_of(text: str) -> Rejection:
    """What a text means."""
    return next((rejection for rejection, words in _WORDS if any(word in text for word in words)), Rejection.OTHER)
