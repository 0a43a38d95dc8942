"""Figures of a flush: how many waiting events arrive in a second, and at what memory.

Run: ``python -m benchmarks flush``. The receiver is a process of its own; the same bodies sent by httpx alone, over one
connection, are the yardstick. CPU time shows what the rate would be on a machine that does nothing else. Fails where
an event does not arrive, or memory grows with the events; rates depend on what else the machine does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from benchmarks.journal import event
from change_events.journal import Journal, RecordState, outbox
from change_events.journal.events_table import put

FEW, MANY = 1_000, 10_000
ENOUGH = 120.0  # seconds
MOST_MEMORY = 1.5  # times, for ten times as many events

RECEIVER = """
import socketserver, sys
class Receiver(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            length = 0
            while line := self.rfile.readline().strip():
                name, _, text = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(text)
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""
FLUSH = """
import json, resource, sys, time
from change_events.delivery import deliver
from change_events.destinations.base import DestinationSettings
from change_events.journal import Journal
path, budget, urls = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
with Journal.open(path) as journal:
    destinations = [DestinationSettings(name, "webhook", {"url": url}) for name, url in urls.items()]
    begun = time.perf_counter()
    report = deliver(journal, destinations, budget=budget, force=True)
    took, cpu = time.perf_counter() - begun, time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"sent": report.sent, "waiting": report.waiting, "seconds": took, "cpu": cpu, "peak": peak}))
"""
BARE = """
import httpx, json, sys, time
from benchmarks.journal import event
bodies = [event(number).body for number in range(int(sys.argv[2]))]
with httpx.Client() as client:
    begun, cpu = time.perf_counter(), time.process_time()
    for body in bodies:
        client.post(sys.argv[1], content=body, headers={"Content-Type": "application/json"})
    print(json.dumps({"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}))
"""


@contextmanager
def receiver():
    """The address of a process that accepts everything."""
    with subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/in"
        finally:
            process.kill()


def fill(path: Path, number: int, names: list[str]) -> None:
    """Let so many events wait for these destinations, without a transaction for each."""
    with Journal.open(path) as journal:
        connection = journal._connection  # noqa: SLF001  # 10,000 transactions would be a benchmark of the disk
        connection.execute("BEGIN")
        for index in range(number):
            outbox.enqueue(connection, put(connection, event(index), RecordState.SETTLED), names, time.time())
        connection.execute("COMMIT")


def flush(path: Path, urls: dict[str, str], budget: float = ENOUGH) -> dict:
    command = [sys.executable, "-c", FLUSH, str(path), str(budget), json.dumps(urls)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def bare(url: str, number: int) -> dict:
    """The ``seconds`` and seconds of ``cpu`` that the same bodies take by httpx alone."""
    command = [sys.executable, "-c", BARE, url, str(number)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, receiver() as url:
        folder = Path(name)
        peaks, arrived = [], True
        for number in (FEW, MANY):
            fill(folder / f"{number}.db", number, ["one"])
            done = flush(folder / f"{number}.db", {"one": url})
            peaks.append(done["peak"])
            arrived = arrived and done["sent"] == number
            rate = done["sent"] / done["seconds"]
            each = done["cpu"] / done["sent"] * 1000
            print(
                f"flush: {done['sent']:,} events, {rate:.0f} a second, "
                f"{each:.2f} ms of CPU each, peak memory {done['peak']:.1f} MB"
            )
        bodies = bare(url, MANY)
        alone = MANY / bodies["seconds"]
        print(
            f"the same bodies by httpx alone: {alone:.0f} a second; the flush has {rate / alone:.2f} of that, "
            f"with {done['cpu'] / bodies['cpu']:.2f} times the CPU"
        )
        print(f"memory for {MANY // FEW} times as many events: {peaks[1] / peaks[0]:.2f} times")
        names = ["one", "two", "three"]
        fill(folder / "three.db", MANY // 2, names)
        done = flush(folder / "three.db", dict.fromkeys(names, url))
        print(f"three destinations side by side: {done['sent'] / done['seconds']:.0f} deliveries a second in all")
    if found := beyond(peaks[1] / peaks[0], arrived=arrived):
        sys.exit("\n".join(found))


def beyond(memory: float, *, arrived: bool) -> list[str]:
    """A line for each limit that is missed."""
    return [
        *([] if arrived else ["not all events have arrived"]),
        *([f"memory grows {memory:.2f} times, the most is {MOST_MEMORY}"] if memory > MOST_MEMORY else []),
    ]


if __name__ == "__main__":
    main()
