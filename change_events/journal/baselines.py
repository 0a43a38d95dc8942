"""The last run of each stack that found nothing to change.

It leaves no event; later runs of the stack are compared with it. Plain functions inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.journal.records import to_micros
from change_events.model.stack import stack_key

if TYPE_CHECKING:
    import sqlite3

    from change_events.model import SealedEvent
    from change_events.model.retention import Retention

MOST = 500
LARGEST = 64_000  # bytes of one
_DAY_MICROS = 86_400 * 1_000_000


def keep(connection: sqlite3.Connection, run: SealedEvent, caps: Retention) -> None:
    """Replace the stack's baseline with this run, unless it has a newer one; the oldest over the caps are removed.

    A playbook has one for each selection of hosts and tasks. Too large ones are omitted.
    """
    if len(run.body) > LARGEST:
        return
    at = to_micros(run.event.started_at)
    connection.execute(
        "INSERT INTO baselines (stack, scope, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (stack, scope) "
        "DO UPDATE SET at = excluded.at, body = excluded.body WHERE excluded.at >= at",
        (stack_key(run.event), _scope(run), at, run.body),
    )
    connection.execute("DELETE FROM baselines WHERE at < ?", (at - caps.days * _DAY_MICROS,))
    connection.execute(
        "DELETE FROM baselines WHERE at < (SELECT at FROM baselines ORDER BY at DESC LIMIT 1 OFFSET ?)", (MOST - 1,)
    )


def find(connection: sqlite3.Connection, text: bytes) -> list[bytes]:
    """Return the bodies that contain a text, newest first."""
    rows = connection.execute("SELECT body FROM baselines WHERE instr(body, ?) ORDER BY at DESC", (text,))
    return [bytes(body) for (body,) in rows]


def _scope(run: SealedEvent) -> str:
    playbook = run.event.playbook
    if playbook is None:
        return ""
    chosen = (playbook.limit, playbook.tags, playbook.skip_tags, playbook.start_at_task)
    return repr(chosen) if any(chosen) else ""
