"""What ``doctor`` looks at in the core: settings, journal, fingerprint key, destinations."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from change_events.cli.toolbox import Check
from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from change_events.cli.session import Session
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import JournalCounts

KEY_FILE = "fingerprint.key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def settings_checks(files: Sequence[Path], mistakes: Sequence[str], warnings: Sequence[str]) -> Iterator[Check]:
    """Which settings were read, and each mistake and warning in them (their sentences carry the remedies)."""
    for mistake in mistakes:
        yield Check("settings", "error", mistake)
    for warning in warnings:
        yield Check("settings", "warning", warning)
    if files:
        yield Check("settings", "ok", f"read {', '.join(map(str, files))}")
    elif not mistakes:
        yield Check("settings", "ok", "no tfevent.yaml here or above: the defaults and TFEVENT_* hold")


def journal_check(session: Session) -> Check:
    """The journal can be opened and written, and how much it holds."""
    path = session.settings_and_mistakes[0].journal
    try:
        counts = session.journal.counts()
    except JournalError as error:
        return Check("journal", "error", str(error))
    if not os.access(path, os.W_OK):
        remedy = "Give yourself the right to write it, or set TFEVENT_JOURNAL to another place."
        return Check("journal", "error", f"{path} cannot be written", remedy)
    return _counts(f"{path}: {_events(counts.events)}", counts)


def standing_checks(session: Session, destinations: Iterable[DestinationSettings]) -> Iterator[Check]:
    """Destinations that are left alone because they failed."""
    from change_events.delivery import left_alone

    for destination in destinations:
        try:
            standing = session.journal.standing(destination.name)
        except JournalError:  # the journal's own check tells it
            return
        if standing.failures:
            remedy = "`tfevent events flush` tries it at once." if standing.wait else None
            yield Check(destination.name, "warning", left_alone(standing), remedy)


def _counts(text: str, counts: JournalCounts) -> Check:
    if counts.pruned:
        text += f", {counts.pruned} older ones removed at its caps"
    if counts.given_up:
        by_name = ", ".join(
            f"{name} {figures.dropped}" for name, figures in counts.destinations.items() if figures.dropped
        )
        text += f", {_deliveries(counts.given_up)} dropped ({by_name})"
    if counts.parked:
        remedy = "`tfevent events list --undelivered` names them, `tfevent events flush --parked` tries again."
        return Check("journal", "warning", f"{text}, {_deliveries(counts.parked)} parked", remedy)
    if counts.waiting:
        told = f"{text}, {_deliveries(counts.waiting)} waiting"
        return Check("journal", "warning", told, "Run `tfevent events flush`.")
    return Check("journal", "ok", f"{text}, none waiting")


def _events(number: int) -> str:
    return f"{number} {'event' if number == 1 else 'events'}"


def _deliveries(number: int) -> str:
    return f"{number} {'delivery' if number == 1 else 'deliveries'}"


def key_check(path: Path) -> Check:
    """The key that makes fingerprints of secrets comparable, and only on this machine."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Check("fingerprint key", "ok", "made by the first run")
    except OSError as error:
        return Check("fingerprint key", "warning", f"{path}: {error.strerror}", _KEY_REMEDY)
    if mode & _OTHERS:
        return Check("fingerprint key", "warning", f"{path} can be read by others", f"chmod 600 {path}")
    if not os.access(path, os.R_OK):
        return Check("fingerprint key", "warning", f"{path} cannot be read", _KEY_REMEDY)
    return Check("fingerprint key", "ok", str(path))


_KEY_REMEDY = "Until it can, fingerprints of secrets are comparable within one run only."


def destination_checks(destinations: Iterable[DestinationSettings], *, send_test: bool) -> Iterator[Check]:
    """Each destination is asked whether it can be reached; with ``send_test`` it gets a marked event."""
    from change_events.delivery import probe

    nowhere = True
    for destination in destinations:
        nowhere = False
        result = probe(destination, send_test=send_test)
        yield Check(destination.name, "ok" if result.ok else "error", result.text)
    if nowhere:
        yield Check(
            "destinations",
            "warning",
            "none: events stay in the journal",
            "Set TFEVENT_SEMATEXT_TOKEN, or name a destination in tfevent.yaml.",
        )
