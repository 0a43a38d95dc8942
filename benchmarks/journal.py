"""Figures of the journal: listing, sending, and fifty writers at once.

Run: ``python -m benchmarks journal``, or ``python -m benchmarks.journal 1000000`` for as many events (minutes to fill).
Fails where a list or a send takes more than a multiple of a Python that only imports msgspec and sqlite3.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from change_events.journal import Journal, RecordState
from change_events.journal.events_table import put
from change_events.model import Action, Change, ChangeEvent, Kind, Outcome, Phase, Tool
from change_events.redact import unseal

EVENTS = 100_000
WRITERS = 50
GOALS = {"list": 0.5, "send": 0.3}  # seconds, with 1,000,000 events
# times doing nothing, in the same minute: far above what is usual, for machines that do something else, too
LIMITS = {"list": 25.0, "send": 25.0}

LIST = """
import sys
from change_events.journal import Journal
from change_events.query.selection import query_of
with Journal.open(sys.argv[1]) as journal:
    for record in journal.list(query_of(**{"outcome": None, "limit": 20, **eval(sys.argv[2])})):
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


def fill(path: Path, events: int) -> None:
    with Journal.open(path) as journal:
        connection = journal._connection  # noqa: SLF001  # 100,000 transactions would be a benchmark of the disk
        connection.execute("BEGIN")
        for number in range(events):
            put(connection, event(number), RecordState.SETTLED)
        connection.execute("COMMIT")


def best(command: list[str], environ: dict[str, str] | None = None) -> float:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
        times.append(time.perf_counter() - begun)
    return min(times)


def measured(path: Path, events: int) -> dict[str, float]:
    """Print how long lists and a send take; the slowest of each by name, in times of doing nothing."""
    floor = best([sys.executable, "-c", NOTHING])
    print(f"python with msgspec and sqlite3, doing nothing: {floor * 1000:.0f} ms")
    slowest = dict.fromkeys(LIMITS, 0.0)
    for words, query in (
        ("the last 20", {}),
        ("the last 20 that failed", {"outcome": "failed"}),
        ("nothing found, by column", {"environment": "nowhere"}),
        ("nothing found, by text", {"text": "nowhere"}),
        ("nothing found, by signal", {"signal": "nowhere"}),
        ("nothing found, by tag and person", {"tag": "nowhere", "actor": "nobody"}),
        ("nothing found, by address", {"address": "nowhere"}),
    ):
        took = best([sys.executable, "-c", LIST, str(path), repr(query)])
        slowest["list"] = max(slowest["list"], took)
        print(f"list {words} among {events:,}: {took * 1000:.0f} ms, {took / floor:.1f} times doing nothing")
    environ = {**os.environ, "TFEVENT_STATE_DIR": str(path.parent), "TFEVENT_BUDGET": "0.1"}
    slowest["send"] = best(
        [str(Path(sys.executable).with_name("tfevent")), "events", "send", "--title", "a note"], environ
    )
    print(f"send beside {events:,}: {slowest['send'] * 1000:.0f} ms, {slowest['send'] / floor:.1f} times doing nothing")
    for name, goal in GOALS.items():
        print(f"the slowest {name}: {slowest[name]:.2f} s (goal {goal} s with 1,000,000)")
    return {name: took / floor for name, took in slowest.items()}


def beyond(figures: dict[str, float]) -> list[str]:
    """A line for each figure that is more than its limit."""
    return [
        f"{name}: {figure:.1f} times doing nothing, the most is {LIMITS[name]}"
        for name, figure in figures.items()
        if figure > LIMITS[name]
    ]


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
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "journal.db", events)
        figures = measured(folder / "journal.db", events)
        writers(folder)
    if found := beyond(figures):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
