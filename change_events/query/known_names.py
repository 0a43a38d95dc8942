"""Checks of requested names; an unknown one is an error with near matches."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from change_events.errors import TfeventError
from change_events.text.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.settings import Settings

_MOST_NAMES = 2_000
_SHOWN = 4
_MOST_ADDRESSES = 20_000


def check_known(source: Source, *, host: str | None, **columns: str | None) -> None:
    """Raise TfeventError for a service, environment or host that no event has; the text names near matches."""
    for column, wanted in columns.items():
        if wanted is not None:
            known = source.values_of(column, limit=_MOST_NAMES)
            if wanted not in known:
                raise TfeventError(f"no event of {column} {wanted!r} is recorded; {_near(wanted, known)}")
    if host is not None and not source.things_named(host, limit=1):
        known = [thing.address for thing in source.things_at(host, limit=_MOST_NAMES)]
        if host not in known:
            near = _near_host(host, source.addresses(limit=_MOST_ADDRESSES))
            raise TfeventError(f"no change of host {host!r} is recorded; {near}")


def _near(wanted: str, known: Sequence[str]) -> str:
    near = near_names(wanted, known, most=_SHOWN, cutoff=0.5) or known[:_SHOWN]
    if not near:
        return "none is known"
    others = len(known) - len(near)
    more = f" and {'at least ' if len(known) >= _MOST_NAMES else ''}{others} more" if others else ""
    return f"known: {', '.join(near)}{more}"


def _near_host(wanted: str, known: Sequence[str]) -> str:
    """Return the near matches of a host, without dissimilar names, most of which are not hosts."""
    near = near_names(wanted, known, most=4, cutoff=0.5)
    return _near(wanted, near) if near else "expected a host of a playbook, or a resource's ID, name or network address"


def known_signals(settings: Settings) -> tuple[str, ...]:
    """Return the names of signals: built-in ones, and those of the settings."""
    from change_events.signals.names import NAMES

    own = settings.signals
    return (*NAMES, *(name for name in (own.names if own else ()) if name not in NAMES))


def not_a_signal(name: str, known: Sequence[str]) -> str:
    """Return the message for an unknown signal, with near matches."""
    near = get_close_matches(name, known, n=3)
    if near:
        return f"{name!r} is not a signal: did you mean {' or '.join(near)}?"
    return f"{name!r} is not a signal; the signals are {', '.join(known)}"
