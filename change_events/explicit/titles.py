"""Titles of explicit events without a sender's title: ``shop 1.4.2 deployed to prod``."""

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
    """Return whether an event of this kind is meaningful without a sender's title."""
    return kind in _NOUNS


def begun(event: ChangeEvent) -> str:
    """Return the title of an event in progress or attempted: ``deployment of shop 1.4.2 to prod``."""
    subject = _subject(event)
    if event.kind in _NOUNS:
        return f"{_NOUNS[event.kind]}{f' of {subject}' if subject else ''}{_place(event)}"
    doing = event.tool.name if event.tool else event.kind.value
    return f"{doing}{f' for {subject}' if event.service else ''}{_place(event)}"


def done(event: ChangeEvent) -> str:
    """Return the title of a success: ``shop 1.4.2 deployed to prod``."""
    subject = _subject(event)
    return f"{subject} {_DONE[event.kind]}{_place(event)}" if subject and event.kind in _DONE else begun(event)


def ended(title: str, outcome: Outcome | None, detail: str = "") -> str:
    """Return a title with its outcome after a dash: ``failed, exit code 3``; unchanged for a success.

    A colon would be read as an assignment after a word such as "password", and the rest hidden.
    """
    if outcome not in ENDINGS:
        return title
    return f"{title} — {ENDINGS[outcome]}{f', {detail}' if detail else ''}"


def default(event: ChangeEvent, detail: str = "") -> str:
    """Return the title of an event that has none, whatever its outcome."""
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
