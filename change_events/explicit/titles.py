"""Titles of explicit events whose senders gave none: ``shop 1.4.2 deployed to prod``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Kind, Outcome, Severity

if TYPE_CHECKING:
    from change_events.model import ChangeEvent

_BAD = {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}
ENDINGS = {
    Outcome.FAILED: "failed",
    Outcome.PARTIAL: "partially failed",
    Outcome.CANCELLED: "cancelled",
    Outcome.DECLINED: "declined",
    Outcome.NO_CHANGE: "no change",
    Outcome.UNKNOWN: "outcome unknown",
}
_NOUNS = {Kind.DEPLOYMENT: "deployment", Kind.BUILD: "build", Kind.BOOT: "boot", Kind.START: "start", Kind.STOP: "stop"}
_DONE = {
    Kind.DEPLOYMENT: "deployed",
    Kind.BUILD: "built",
    Kind.BOOT: "booted",
    Kind.START: "started",
    Kind.STOP: "stopped",
}


def speaks_for_itself(kind: Kind) -> bool:
    """Whether an event of this kind says something without a title of its sender's."""
    return kind in _NOUNS


def begun(event: ChangeEvent) -> str:
    """What goes on, or was tried: ``deployment of shop 1.4.2 to prod``, ``migrate.sh for shop in prod``."""
    subject = _subject(event)
    if event.kind in _NOUNS:
        return f"{_NOUNS[event.kind]}{f' of {subject}' if subject else ''}{_place(event)}"
    doing = event.tool.name if event.tool else event.kind.value
    return f"{doing}{f' for {subject}' if event.service else ''}{_place(event)}"


def done(event: ChangeEvent) -> str:
    """What went well: ``shop 1.4.2 deployed to prod``."""
    subject = _subject(event)
    return f"{subject} {_DONE[event.kind]}{_place(event)}" if subject and event.kind in _DONE else begun(event)


def ended(title: str, outcome: Outcome | None, detail: str = "") -> str:
    """A title with how it ended: its own words, a dash, ``failed, exit code 3``; as it is where all went well.

    No colon: what follows one after a word such as "password" is taken for a secret, and hidden.
    """
    if outcome not in ENDINGS:
        return title
    return f"{title} — {ENDINGS[outcome]}{f', {detail}' if detail else ''}"


def default(event: ChangeEvent, detail: str = "") -> str:
    """The title of an event that has none, whatever its outcome."""
    return done(event) if event.outcome is Outcome.SUCCEEDED else ended(begun(event), event.outcome, detail)


def severity(outcome: Outcome | None, begun: Severity = Severity.INFO) -> Severity:
    """The severity of an explicit event whose sender gave none: of its outcome, and never below that of its start.

    Every way to send one (``send``, ``run``, ``record``, the module) asks here, so that one event has one severity.
    """
    if outcome in _BAD:
        return Severity.ERROR
    return Severity.WARNING if outcome is Outcome.CANCELLED and begun is Severity.INFO else begun


def _subject(event: ChangeEvent) -> str:
    """Service and version; a machine for its boot; else the repository's name."""
    if event.kind is Kind.BOOT:
        return (event.actor.host if event.actor else None) or "host"
    repository = (event.vcs.repository or "") if event.vcs else ""
    name = event.service or repository.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return " ".join(part for part in (name, event.version) if part)


def _place(event: ChangeEvent) -> str:
    if event.kind in {Kind.START, Kind.STOP}:
        host = event.actor.host if event.actor else None
        return f" on {host}" if host else ""
    if event.kind in {Kind.BUILD, Kind.BOOT} or not event.environment:
        return ""
    return f" to {event.environment}" if event.kind is Kind.DEPLOYMENT else f" in {event.environment}"
