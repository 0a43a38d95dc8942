"""What PostgreSQL, or a pooler before it, says before a session has begun: it has no code that a driver shows."""

from __future__ import annotations

from enum import Enum, auto


class Refusal(Enum):
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
_WORDS: tuple[tuple[Refusal, tuple[str, ...]], ...] = (
    (Refusal.STARTING, ("starting up", "shutting down", "recovery mode", "not yet accepting")),
    (Refusal.CONNECTIONS, ("too many", "slots are reserved", "no more connections")),
    (Refusal.USER, ("authentication failed", "no password supplied", "no such user")),
    (Refusal.NO_ENTRY, ("no pg_hba.conf entry",)),
    (Refusal.NO_LOGIN, ("not permitted to log in",)),
    (Refusal.DATABASE, ('database "', "no such database")),
    (Refusal.USER, ('role "',)),
    (Refusal.PARAMETER, ("unsupported startup parameter",)),
    (Refusal.TLS, ("certificate", "SSL")),
)


def refusal_of(text: str) -> Refusal:
    """What a text means."""
    return next((refusal for refusal, words in _WORDS if any(word in text for word in words)), Refusal.OTHER)
