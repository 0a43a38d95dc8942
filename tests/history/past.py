"""Runs of a made-up team, in a journal of their own: what the tests of this folder ask about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import msgspec

from change_events.journal import Journal
from change_events.model import (
    Action,
    Actor,
    AttributeChange,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Kind,
    Outcome,
    Phase,
    Tool,
    Value,
    ValueKind,
    Vcs,
)
from change_events.redact import unseal

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
ABSENT = Value(kind=ValueKind.ABSENT)
UNKNOWN = Value(kind=ValueKind.UNKNOWN)


_numbers = itertools.count()


def new_id(started):
    milliseconds = int(started.timestamp() * 1000)
    text = f"{milliseconds:012x}70008{next(_numbers):015x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def value(text):
    if isinstance(text, Value):
        return text
    return Value(kind=ValueKind.VALUE, text=msgspec.json.encode(text).decode())


def secret(fingerprint):
    return Value(kind=ValueKind.SENSITIVE, fingerprint=fingerprint)


def change(address, action="update", outcome="applied", attributes=None, **fields):
    """``attributes``: path → (before, after)."""
    kind = address.partition("[")[0].rpartition(".")[0].rpartition(".")[2]
    return Change(
        **{
            "address": address,
            "action": Action(action),
            "outcome": ChangeOutcome(outcome),
            "type": kind,
            "attributes": tuple(
                AttributeChange(path=path, before=value(before), after=value(after))
                for path, (before, after) in (attributes or {}).items()
            ),
            **fields,
        }
    )


def run(minutes_ago, *changes, stack="network", user="ann", now=NOW, **fields):
    """A run of terraform that began so long ago and took a minute."""
    started = now - timedelta(minutes=minutes_ago)
    return ChangeEvent(
        **{
            "id": new_id(started),
            "kind": Kind.INFRASTRUCTURE,
            "phase": Phase.APPLIED,
            "outcome": Outcome.SUCCEEDED,
            "started_at": started,
            "ended_at": started + timedelta(minutes=1),
            "title": f"{stack}: {len(changes)} changed",
            "tool": Tool(name="terraform"),
            "actor": Actor(user=user, host="laptop"),
            "vcs": Vcs(repository="acme/infra", path=stack, commit="c0ffee1" + "0" * 33, subject="A change"),
            "changes": changes,
            **fields,
        }
    )


def settle(journal, *events):
    for event in events:
        journal.settle(unseal(msgspec.json.encode(event)), [])
    return [event.id for event in events]


def journal_of(path, *events):
    journal = Journal.open(path / "journal.db")
    settle(journal, *events)
    return journal
