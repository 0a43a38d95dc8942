"""Figures of the journal: listing, and fifty writers at once. Run: ``python -m benchmarks.journal``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from change_events.journal import Journal, RecordState
from change_events.journal.ledger import put
from change_events.model import Action, Change, ChangeEvent, Kind, Outcome, Phase, Tool
from change_events.redact import unseal

EVENTS = 100_000
WRITERS = 50

LIST = """
import sys
from change_events.journal import Journal, Query
with Journal.open(sys.argv[1]) as journal:
    for record in journal.list(Query(limit=20, **eval(sys.argv[2]))):
        print(record.id, record.started_at, record.outcome, record.title, record.deliveries)
"""
NOTHING = "import msgspec, sqlite3"
WRITE = """
import os, sys, time
from benchmarks.journal import event
from change_events.journal import Journal
while not os.path.exists(sys.argv[2]):
    time.sleep(0.002)
begun = time.perf_counter()
with Journal.open(sys.argv[1]) as journal:
    journal.start(event(int(sys.argv[3])))
    journal.settle(event(int(sys.argv[3])), ["a"])
print(time.perf_counter() - begun)
"""


def event(number: int):
    started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    changes = tuple(Change(address=f"aws_instance.web[{n}]", action=Action.UPDATE) for n in range(20))
    made = ChangeEvent(
        id=f"019a{number:08x}-0000-7000-8000-000000000000",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.FAILED if number % 1000 == 0 else Outcome.SUCCEEDED,
        started_at=started,
        ended_at=started,
        title=f"prod/network: {number % 7} updated",
        message="- update `aws_instance.web`\n" * 20,
        environment="prod",
        tool=Tool(name="terraform"),
        changes=changes,
    )
    return unseal(msgspec.json.encode(made))


def fill(path: Path) -> None:
    with Journal.open(path) as journal:
        connection = journal._connection  # noqa: SLF001  # 100,000 transactions would be a benchmark of the disk
        connection.execute("BEGIN")
        for number in range(EVENTS):
            put(connection, event(number), RecordState.SETTLED)
        connection.execute("COMMIT")


def best(command: list[str]) -> float:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return min(times)


def list_last(path: Path) -> None:
    floor = best([sys.executable, "-c", NOTHING])
    print(f"python with msgspec and sqlite3, doing nothing: {floor * 1000:.0f} ms")
    for words, query in (
        ("the last 20", {}),
        ("the last 20 that failed", {"outcome": "failed"}),
        ("nothing found, by column", {"environment": "nowhere"}),
        ("nothing found, by text", {"text": "nowhere"}),
    ):
        took = best([sys.executable, "-c", LIST, str(path), repr(query)])
        print(f"list {words} among {EVENTS:,}: {took * 1000:.0f} ms, {took / floor:.1f} times doing nothing")


def writers(folder: Path) -> None:
    path, go = folder / "writers.db", folder / "go"
    run = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(go), str(n)], stdout=subprocess.PIPE)
        for n in range(WRITERS)
    ]
    time.sleep(WRITERS * 0.12)  # all of them have started by then
    go.touch()
    crowd = sorted(float(process.communicate()[0]) for process in run)
    go.unlink()
    alone = subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(go), "99"], stdout=subprocess.PIPE)
    go.touch()
    single = float(alone.communicate()[0])
    print(
        f"open, start and settle: alone {single * 1000:.0f} ms; {WRITERS} processes at once: "
        f"median {crowd[WRITERS // 2] * 1000:.0f} ms, slowest {crowd[-1] * 1000:.0f} ms"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "journal.db")
        list_last(folder / "journal.db")
        writers(folder)


if __name__ == "__main__":
    main()
