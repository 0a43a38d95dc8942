"""Names of signals as they are given on a command line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.session import Session


def known_signals(session: Session) -> tuple[str, ...]:
    """The built-in names, and those of the settings."""
    from change_events.signals.names import NAMES

    own = session.settings.signals
    return (*NAMES, *(name for name in (own.names if own else ()) if name not in NAMES))


def not_known(name: str, known: Sequence[str]) -> str:
    """What is wrong with a name that is none, and what was probably meant."""
    near = get_close_matches(name, known, n=3)
    if near:
        return f"{name!r} is not a signal: did you mean {' or '.join(near)}?"
    return f"{name!r} is not a signal; the signals are {', '.join(known)}"
