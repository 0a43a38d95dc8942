"""How long the answers of a large ledger take for a reader under row-level security."""

from __future__ import annotations

import time
from pathlib import Path

from change_events.journal import Query
from change_events.ledger.source import LedgerSource

GOAL = 100  # milliseconds on an idle machine
_DEEP = 1_000 * 20  # events before page 1,000
_QUESTIONS = {
    "first page": {},
    "environment": {"environment": "prod"},
    "service": {"service": "service-7"},
    "outcome and environment": {"outcome": "failed", "environment": "dev"},
    "actor": {"actor": "person-7"},
    "host": {"host": "host-7.example.com"},
    "tag": {"tag": "owner=squad-3"},
    "signal": {"signal": "iam_widened"},
    "address": {"address": "module.main.aws_instance.r7"},
    "nothing found": {"service": "nowhere"},
    "frequent text": {"text": "resize"},
    "text of one in 10,000": {"text": "ops-7808"},
    "the same and a service": {"text": "ops-7808", "service": "service-7"},
    "text of no event": {"text": "nowhere-at-all"},
}


def measured(url: str) -> None:
    """Print the best of five of each question: by the clock, and by the time that the server's process has run."""
    with LedgerSource.open(url) as source:
        deep = next(iter(source.list(Query(limit=1, before=_deep(source)))), None)
        questions = {**_QUESTIONS, "page 1,000": {"before": deep.id}} if deep else _QUESTIONS
        for name, terms in questions.items():
            best = min(_once(source, Query(**terms)) for _ in range(5))
            print(f"{name}: {best[0]:.0f} ms, {best[1]:.0f} ms of it the server's CPU (goal {GOAL} ms)", flush=True)


def _deep(source: LedgerSource) -> str | None:
    found = None
    for record in source.list(Query(limit=_DEEP)):
        found = record.id
    return found


def _once(source: LedgerSource, query: Query) -> tuple[float, float]:
    pid = source._connection.info.backend_pid  # noqa: SLF001
    begun, ran = time.perf_counter(), _ran(pid)
    for record in source.list(query):
        assert record.title
    return (time.perf_counter() - begun) * 1_000, _ran(pid) - ran


def _ran(pid: int) -> float:
    """Milliseconds that a process of this machine has run; 0 where the kernel does not count them."""
    path = Path(f"/proc/{pid}/schedstat")
    return int(path.read_text().split()[0]) / 1e6 if path.exists() else 0.0
