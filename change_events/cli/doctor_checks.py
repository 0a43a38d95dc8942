"""The checks of ``doctor`` for the core: settings, journal, fingerprint key, destinations."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from change_events.cli.tool_adapter import Check
from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import JournalCounts, Owed
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

KEY_FILE = "fingerprint.key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def settings_checks(files: Sequence[Path], mistakes: Sequence[str], warnings: Sequence[str]) -> Iterator[Check]:
    """Yield the settings files that were read, and each mistake and warning, which include the remedy."""
    for mistake in mistakes:
        yield Check("settings", "error", mistake)
    for warning in warnings:
        yield Check("settings", "warning", warning)
    if files and mistakes:
        yield Check("settings", "warning", f"other settings of {', '.join(map(str, files))} apply")
    elif files:
        yield Check("settings", "ok", f"read {', '.join(map(str, files))}")
    elif not mistakes:
        yield Check("settings", "ok", "no tfevent.yaml here or above: the defaults and TFEVENT_* apply")


def source_checks(settings: Settings) -> Iterator[Check]:
    """Yield the source of each value and its trust, without values."""
    if settings.sources:
        lines = [f"{source.name} from {source.where} ({source.trust})" for source in settings.sources]
        yield Check("sources", "ok", "\n".join(lines))


def journal_check(session: Session) -> Check:
    """Check that the journal can be opened and written, and report its size."""
    path = session.settings_and_mistakes[0].journal
    try:
        counts = session.journal.counts()
    except JournalError as error:
        return Check("journal", "error", str(error))
    if not os.access(path, os.W_OK):
        remedy = "Make it writable, or set TFEVENT_JOURNAL to another path."
        return Check("journal", "error", f"{path} cannot be written", remedy)
    return _counts(f"{path}: {_events(counts.events)}", counts)


def standing_checks(session: Session, destinations: Iterable[DestinationSettings]) -> Iterator[Check]:
    """Yield destinations that are backing off after failures."""
    from change_events.delivery import left_alone

    for destination in destinations:
        try:
            standing = session.journal.standing(destination.name)
        except JournalError:  # the journal's own check reports it
            return
        if standing.failures:
            remedy = "`tfevent events flush` tries it at once." if standing.wait and not standing.asked else None
            yield Check(destination.name, "warning", left_alone(standing, session.journal.now()), remedy)


def _counts(text: str, counts: JournalCounts) -> Check:
    if counts.pruned:
        text += f", {counts.pruned} older ones removed at its caps"
    if counts.given_up:
        by_name = ", ".join(
            f"{name} {figures.dropped}" for name, figures in counts.destinations.items() if figures.dropped
        )
        text += f", {_deliveries(counts.given_up)} dropped ({by_name})"
    if counts.parked:
        remedy = "`tfevent events list --undelivered` lists them, `tfevent events flush --parked` retries."
        return Check("journal", "warning", f"{text}, {_deliveries(counts.parked)} parked", remedy)
    if counts.waiting:
        return Check(
            "journal", "warning", f"{text}, {_deliveries(counts.waiting)} waiting", "Run `tfevent events flush`."
        )
    return Check("journal", "ok", f"{text}, none waiting")


def _events(number: int) -> str:
    return f"{number} {'event' if number == 1 else 'events'}"


def _deliveries(number: int) -> str:
    return f"{number} {'delivery' if number == 1 else 'deliveries'}"


def key_check(path: Path) -> Check:
    """Check the key of secrets' fingerprints, which are comparable on this machine only."""
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


_KEY_REMEDY = "Until then, fingerprints of secrets are comparable only within one run."


def destination_checks(settings: Settings, session: Session, *, send_test: Collection[str]) -> Iterator[Check]:
    """Yield the result for each destination: reachability, open deliveries, and whether any event can match.

    Args:
        settings: with the destinations.
        session: with the journal.
        send_test: names of those that receive a test event instead of a probe.
    """
    from change_events.delivery import Probe

    # side by side: of a dozen that do not answer, each would take its seconds
    here = _here(session) if send_test else None
    probes = {
        one.name: Probe(one, send_test=one.name in send_test, here=here, redactor=session.redactor)
        for one in settings.destinations
    }
    owed, recent = _from_journal(session)
    for destination in settings.destinations:
        name = destination.name
        result = probes[name].result()
        took = f" ({result.seconds:.2f} s)" if name in send_test else ""
        yield Check(name, "ok" if result.ok else "error", result.text + took)
        if name in owed:
            yield _owed_check(name, owed[name])
        yield from _routing_checks(destination, settings, recent)
    if not settings.names:
        yield Check("destinations", "warning", "none: events stay in the journal", _NOWHERE)
    unusable = set(settings.names) - probes.keys()
    for name in sorted((owed.keys() | unusable) - probes.keys()):
        waiting = f"{_owed_words(owed[name])}, but " if name in owed else ""
        what, remedy = ("not usable", _UNUSABLE) if name in unusable else ("not in the settings", _UNNAMED)
        yield Check(name, "warning", f"{waiting}{what}", remedy)


def _here(session: Session) -> ChangeEvent:
    """Return an event with the current repository and CI run."""
    from change_events.context import detect
    from change_events.delivery.probe import test_event
    from change_events.model import Kind

    around = detect(Path.cwd(), os.environ, redactor=session.redactor)
    return msgspec.structs.replace(test_event(Kind.CUSTOM).event, vcs=around.vcs, actor=around.actor)


_NOWHERE = "Set TFEVENT_SEMATEXT_TOKEN, or add a destination to tfevent.yaml."
_UNNAMED = "Add it to tfevent.yaml again; otherwise its events wait until the journal is pruned."
_UNUSABLE = "Its events wait until the settings reported above are corrected."
_OWED = "`tfevent events flush` delivers waiting events; `tfevent events flush --parked` also parked ones."
_RECENT, _ENOUGH = 100, 20  # events of the journal that routing is asked about, and from how many on it says something


def _from_journal(session: Session) -> tuple[dict[str, Owed], list[ChangeEvent]]:
    """Return open deliveries and the newest events; nothing if the journal cannot be read."""
    from change_events.journal import Query, RecordState

    try:
        journal = session.journal
        newest = journal.list(Query(limit=_RECENT, state=RecordState.SETTLED))
        return journal.owed(), [record.event for record in newest]
    except (JournalError, ValueError):  # reported already; or written by a newer version
        return {}, []


def _owed_check(name: str, owed: Owed) -> Check:
    return Check(name, "warning", _owed_words(owed), _OWED)


def _owed_words(owed: Owed) -> str:
    parts = [
        f"{number} {word}, {'' if number == 1 else 'the oldest '}for {_age(since)}"
        for number, word, since in (
            (owed.waiting, "waiting", owed.waiting_since),
            (owed.parked, "parked", owed.parked_since),
        )
        if number
    ]
    return "; ".join(parts)


def _age(since: float) -> str:
    from change_events.delivery.event_age import span

    return span(max(0.0, time.time() - since))


def _routing_checks(
    destination: DestinationSettings, settings: Settings, recent: Sequence[ChangeEvent]
) -> Iterator[Check]:
    from change_events import routing
    from change_events.cli import route_check

    pointless = list(route_check.problems(destination, settings))
    for problem in pointless:
        yield Check(destination.name, "warning", problem, "See docs/how-to/routing.md.")
    if pointless or not destination.routing.when or len(recent) < _ENOUGH:
        return
    met = sum(routing.goes_to(event, destination, settings) for event in recent)
    share = f"of the last {len(recent)} events {met or 'none'} would go there"
    yield Check(destination.name, "ok" if met else "warning", share)
