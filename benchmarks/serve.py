"""Figures of `tfevent events serve`: pages on a large journal, their size, the start, and memory after many requests.

Run: ``python -m benchmarks serve``, or ``python -m benchmarks.serve 20000 1000`` for as many events and requests.
Fails where a page takes more than its limit in times of work of the same process, is too large, or memory grows.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from benchmarks.history import EVENTS, FIRST, fill, of_children, pace, timed
from benchmarks.limits import enforce
from change_events.journal import Journal, Query
from change_events.journal.read_only import ReadOnlyJournal
from change_events.server.page import PageRequest
from change_events.server.pages import listing, timeline
from change_events.server.rendering import render

REQUESTS = 500
# seconds of CPU and kilobytes on an idle machine
GOALS = {"first page": 0.05, "page 1,000 of the list": 0.05, "start to the first page": 0.4, "kilobytes": 100}
# CPU in times of what takes an idle machine about 100 ms; the start in times of a Python that does nothing
LIMITS = {
    "first page": 1.5,
    "page 1,000 of the list": 1.5,
    "start to the first page": 20.0,
    "kilobytes": 100.0,
    "growth": 1.15,
}


def request(now, **query):
    return PageRequest(
        path={}, query=query, now=now, zone=ZoneInfo("Europe/Berlin"), zone_name="Europe/Berlin, UTC+1",
        source_name="journal of a benchmark", live=True,
    )  # fmt: skip


def pages(path: Path, events: int) -> dict[str, float]:
    now = FIRST + timedelta(minutes=events)
    with Journal.open(path, index=True) as journal:
        deep = min(100 * 999, events - 100)
        before = next(iter(journal.list(Query(until=now - timedelta(minutes=deep), limit=1)))).id
    asked = {
        "first page": (timeline, request(now)),
        "page 1,000 of the list": (listing, request(now, before=before)),
    }
    figures = {}
    floor = pace()
    for name, (module, what) in asked.items():

        def made(module=module, what=what) -> str:
            with ReadOnlyJournal.open(path, patience=1, seconds=60) as source:
                return render(module.build(source, what), what)

        size = len(made().encode()) / 1000
        seconds = timed(made)
        print(f"{name} of {events:,} events: {seconds * 1000:.0f} ms of CPU (goal {GOALS[name] * 1000:.0f} ms), "
              f"{size:.0f} kB (goal {GOALS['kilobytes']} kB)")  # fmt: skip
        figures |= {name: seconds / floor, "kilobytes": max(size, figures.get("kilobytes", 0))}
    return figures


def process(path: Path, requests: int) -> dict[str, float]:
    """The command: CPU and time from its start to the first page, memory after many requests."""
    environ = {**os.environ, "TFEVENT_STATE_DIR": str(path.parent), "TFEVENT_JOURNAL": str(path)}
    floor = timed(lambda: subprocess.run([sys.executable, "-c", "import msgspec, sqlite3"], check=True), of_children)
    began = time.perf_counter()
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("tfevent")), "events", "serve", "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ, text=True,
    )  # fmt: skip
    try:
        link = server.stdout.readline().strip()
        with httpx.Client(trust_env=False, timeout=60, follow_redirects=True) as client:
            client.get(link).raise_for_status()
            first, cpu = time.perf_counter() - began, cpu_of(server.pid)
            base = link.partition("/enter")[0]
            memory = []
            for half in range(2):
                for number in range(requests // 2):
                    client.get(base + ("/", "/list", "/static/style.css", "/feed.json")[number % 4]).raise_for_status()
                memory.append(resident(server.pid))
                print(f"memory after {(half + 1) * (requests // 2):,} requests: {memory[-1] / 1024:.0f} MiB")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    print(f"start to the first page: {first * 1000:.0f} ms, {cpu * 1000:.0f} ms of CPU "
          f"(goal {GOALS['start to the first page'] * 1000:.0f} ms); python alone {floor * 1000:.0f} ms")  # fmt: skip
    return {"start to the first page": cpu / floor, "growth": memory[1] / memory[0]}


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Kibibytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def main() -> None:
    words = [int(word) for word in sys.argv[1:]]
    events, requests = [*words, *(EVENTS, REQUESTS)[len(words) :]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        fill(path, events)
        figures = pages(path, events) | process(path, requests)
    enforce(figures, LIMITS)


if __name__ == "__main__":
    main()
