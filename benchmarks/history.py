"""Figures of what the journal knows of things: `why`, `suspects`, signals of history, and what they cost each write.

Run: ``python -m benchmarks history``, or ``python -m benchmarks.history 20000`` for as many events (a minute or two to
fill). Fails where an answer takes more than its limit in times of work of the same process in the same minute, or where
a run's record takes longer by more than a part.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.limits import enforce
from change_events.history.signals import history_signals
from change_events.history.suspects import Incident, suspects
from change_events.history.why import why
from change_events.journal import Journal, RecordState, touched
from change_events.journal.events_table import put
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

EVENTS = 100_000
STACKS, RESOURCES = 50, 40  # of each stack
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# seconds on an idle machine; the window of suspects has 360 runs
GOALS = {
    "why": 0.05,
    "suspects": 0.5,
    "signals of 100 changes": 0.1,
    "why, the command": 0.2,
    "rows of a record": 0.003,
}
# CPU in times of what takes an idle machine about 100 ms, the command in times of a Python that does nothing
LIMITS = {
    "why": 0.5,
    "suspects": 10.0,
    "signals of 100 changes": 2.0,
    "why, the command": 3.0,
    "rows of a record": 0.1,
}
_ROUNDS = 40


def event(number: int, changes: int = 3) -> ChangeEvent:
    started = FIRST + timedelta(minutes=number)
    stack = number % STACKS
    return ChangeEvent(
        id=f"019a{number:08x}-0000-7000-8000-000000000000",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.SUCCEEDED,
        started_at=started,
        ended_at=started,
        title=f"prod/stack{stack}: {changes} updated",
        message="- update `aws_instance.web`\n" * 3,
        environment="prod",
        service=f"service{stack % 7}",
        tool=Tool(name="terraform"),
        actor=Actor(user="ann", host="ci"),
        vcs=Vcs(repository="acme/infra", path=f"stack{stack}", commit=f"{number:040x}"),
        changes=tuple(change((number // STACKS + n) % RESOURCES, number) for n in range(changes)),
    )


def change(resource: int, number: int) -> Change:
    attributes = tuple(
        AttributeChange(path=path, before=value(number + by), after=value(number + by + 1))
        for path, by in (("instance_type", 0), ("tags.version", 7))
    )
    return Change(
        address=f"module.app.aws_instance.web[{resource}]",
        action=Action.UPDATE,
        outcome=ChangeOutcome.APPLIED,
        type="aws_instance",
        id=f"i-{resource:08x}",
        attributes=attributes,
    )


def value(number: int) -> Value:
    return Value(kind=ValueKind.VALUE, text=f'"{number % 5}"')


def sealed(number: int, changes: int = 3):
    return unseal(msgspec.json.encode(event(number, changes)))


def fill(path: Path, events: int) -> None:
    with Journal.open(path) as journal:
        connection = journal._connection  # noqa: SLF001  # 100,000 transactions would be a benchmark of the disk
        connection.execute("BEGIN")
        for number in range(events):
            made = sealed(number)
            touched.record(connection, put(connection, made, RecordState.SETTLED), made.event)
        connection.execute("COMMIT")


def timed(work, clock=time.process_time) -> float:
    """The best of five, in seconds of our CPU: other programs run, too."""
    times = []
    for _ in range(5):
        begun = clock()
        work()
        times.append(clock() - begun)
    return min(times)


def of_children() -> float:
    """Seconds of CPU of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pace() -> float:
    """Seconds that this machine takes now for what takes an idle one about 100 ms."""

    def work() -> None:
        for number in range(32_000):
            msgspec.json.decode(msgspec.json.encode({"number": [number] * 40, "text": "x" * 200}))

    return timed(work)


def answers(path: Path, events: int) -> dict[str, float]:
    """Print how long each answer takes; in times of the machine's pace."""
    with Journal.open(path) as journal:
        end = FIRST + timedelta(minutes=events)
        asked = {
            "why": max(
                timed(lambda text=text: why(journal, text, limit=10))
                for text in (
                    "module.app.aws_instance.web[1]",
                    "module.app.aws_instance.web[1].instance_type",
                    "module.app",
                    "*.web[1]",
                    "i-00000001",
                )
            ),
            "suspects": timed(lambda: suspects(journal, Incident(end, service="service3"), limit=5)),
            "signals of 100 changes": timed(lambda: history_signals(journal, event(events + 1, 100), seconds=60)),
        }
    floor = pace()
    for name, seconds in asked.items():
        print(f"{name} among {events:,} events: {seconds * 1000:.0f} ms (goal {GOALS[name] * 1000:.0f} ms)")
    return {name: seconds / floor for name, seconds in asked.items()}


def command(path: Path) -> dict[str, float]:
    """The whole command, in times of a Python that does nothing."""

    def run(words: list[str]) -> float:
        environ = {**os.environ, "TFEVENT_STATE_DIR": str(path.parent)}
        return timed(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environ), of_children)

    floor = run([sys.executable, "-c", "import msgspec, sqlite3"])
    tfevent = str(Path(sys.executable).with_name("tfevent"))
    took = run([tfevent, "events", "why", "module.app.aws_instance.web[1].instance_type"])
    name = "why, the command"
    goal = GOALS[name]
    print(f"{name}: {took * 1000:.0f} ms of CPU (goal {goal * 1000:.0f} ms); python alone {floor * 1000:.0f} ms")
    return {name: took / floor}


def write(folder: Path) -> dict[str, float]:
    """What the rows cost a run that starts and settles, which is compared with one without them, by turns."""
    record = touched.record
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with Journal.open(folder / "writes.db") as journal:
        for number in range(2 * _ROUNDS):
            with_rows = number % 2 == 0
            touched.record = record if with_rows else lambda *_: None
            made = sealed(number, 20)
            begun = time.perf_counter(), time.process_time()
            journal.start(made)
            journal.settle(made, ["a"])
            times[with_rows].append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    touched.record = record
    ours, without = ([statistics.median(column) for column in zip(*times[rows], strict=True)] for rows in (True, False))
    more = ours[1] - without[1]
    print(f"start and settle of 20 changes: {ours[0] * 1000:.1f} ms, without the rows {without[0] * 1000:.1f} ms")
    print(f"the rows take {more * 1000:.1f} ms of CPU (goal {GOALS['rows of a record'] * 1000:.0f} ms)")
    return {"rows of a record": more / pace()}


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = write(folder)
        fill(folder / "journal.db", events)
        print(f"the journal has {(folder / 'journal.db').stat().st_size / 2**20:.0f} MiB")
        figures |= answers(folder / "journal.db", events) | command(folder / "journal.db")
    enforce(figures, LIMITS)


if __name__ == "__main__":
    main()
