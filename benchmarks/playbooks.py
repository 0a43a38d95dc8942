"""What `benchmarks.callback` plays: a playbook whose tasks do as little as they can, with one callback or another."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[1]
CALLBACKS = ROOT / "benchmarks" / "ansible_callbacks"
TASKS = (
    "debug: {msg: 'hello {{ inventory_hostname }}'}",
    "set_fact: {round: '{{ 1 + 1 }}'}",
    "assert: {that: [1 + 1 == 2], quiet: true}",
    "debug: {msg: changed}\n      changed_when: true",
    "debug: {msg: never}\n      when: inventory_hostname == 'nobody'",
)


class Sink:
    """Takes any request on loopback and counts them."""

    def __init__(self) -> None:
        sink = self

        class Accept(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # the name is the base class's
                self.rfile.read(int(self.headers["Content-Length"]))
                sink.requests += 1
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

            def log_message(self, *_):
                pass

        self.requests = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Accept)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Bench(NamedTuple):
    """One call of the benchmark."""

    python: Path
    folder: Path
    hosts: int
    tasks: int
    forks: int
    url: str = ""  # of the run's sink

    @property
    def results(self) -> int:
        return self.hosts * self.tasks

    def has(self, module: str) -> bool:
        found = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        return subprocess.run([self.python, "-c", found], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Variant(NamedTuple):
    """One callback.

    Attributes:
        environ: variables that turn it on, for a run in this folder.
        worked: whether the run left what it should have, in this folder or at the sink, which got so many requests.
        needs: module without which it is left out.
        slow: takes part in one round only.
    """

    environ: Callable[[Bench, Path], Mapping[str, str]]
    worked: Callable[[Bench, Path, int], bool]
    needs: str = "ansible"
    slow: bool = False


def none(_bench: Bench, _folder: Path) -> Mapping[str, str]:
    return {}


def trivial(_bench: Bench, _folder: Path) -> Mapping[str, str]:
    return {"ANSIBLE_CALLBACKS_ENABLED": "trivial"}


def ours(bench: Bench, folder: Path) -> Mapping[str, str]:
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "tfevent.infra.change_events",
        "TFEVENT_STATE_DIR": str(folder / "state"),
        "TFEVENT_SEMATEXT_TOKEN": "00000000-0000-4000-8000-000000000000",
        "TFEVENT_SEMATEXT_RECEIVER": bench.url,
    }


def timed(bench: Bench, folder: Path) -> Mapping[str, str]:
    return {
        **ours(bench, folder),
        "ANSIBLE_CALLBACKS_ENABLED": "stopwatch",
        "BENCH_STOPWATCH": str(folder / "stopwatch.json"),
    }


def opentelemetry(_bench: Bench, folder: Path) -> Mapping[str, str]:
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "community.general.opentelemetry",
        "ANSIBLE_OPENTELEMETRY_STORE_SPANS_IN_FILE": str(folder / "spans"),
    }


def splunk(bench: Bench, _folder: Path) -> Mapping[str, str]:
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "community.general.splunk",
        "SPLUNK_URL": f"{bench.url}/services/collector/event",
        "SPLUNK_AUTHTOKEN": "none",
    }


def ara(bench: Bench, folder: Path) -> Mapping[str, str]:
    where = subprocess.run(
        [bench.python, "-m", "ara.setup.callback_plugins"], capture_output=True, text=True, check=True
    )
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "ara_default",
        "ANSIBLE_CALLBACK_PLUGINS": where.stdout.strip(),
        "ARA_API_CLIENT": "offline",
        "ARA_BASE_DIR": str(folder / "ara"),
    }


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _nothing(_bench: Bench, _folder: Path, requests: int) -> bool:
    return requests == 0


def _one_event(_bench: Bench, folder: Path, requests: int) -> bool:
    return requests == 1 and _size(folder / "state" / "journal.db") > 0


def _spans(bench: Bench, folder: Path, _requests: int) -> bool:
    return _size(folder / "spans") > bench.results * 100


def _request_each(bench: Bench, _folder: Path, requests: int) -> bool:
    return requests >= bench.results


def _row_each(bench: Bench, folder: Path, _requests: int) -> bool:
    with closing(sqlite3.connect(folder / "ara" / "ansible.sqlite")) as database:
        return database.execute("SELECT count(*) FROM results").fetchone()[0] >= bench.results


VARIANTS = {
    "none": Variant(none, _nothing),
    "trivial": Variant(trivial, _nothing),
    "tfevent": Variant(ours, _one_event, "change_events"),
    "timed": Variant(timed, _one_event, "change_events"),
    "opentelemetry": Variant(opentelemetry, _spans, "opentelemetry.exporter.otlp"),
    "splunk": Variant(splunk, _request_each, "ansible_collections.community.general", slow=True),
    "ara": Variant(ara, _row_each, "ara.server", slow=True),
}


def environment(bench: Bench, folder: Path) -> dict[str, str]:
    """Nothing of this machine's Ansible, and no callback."""
    foreign = ("ANSIBLE_", "TFEVENT_", "ARA_", "OTEL_", "SPLUNK_", "TRACEPARENT")
    (folder / "ansible.cfg").touch()
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "PATH": f"{bench.python.parent}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tests" / "collections"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    }


def write_plays(bench: Bench, strategies: list[str]) -> None:
    hosts = [f"web{number:03} ansible_connection=local" for number in range(bench.hosts)]
    (bench.folder / "hosts").write_text("\n".join(["[web]", *hosts, ""]))
    tasks = [f"    - name: Task {number}\n      {TASKS[number % len(TASKS)]}\n" for number in range(bench.tasks)]
    for strategy in strategies:
        head = f"- name: Benchmark\n  hosts: web\n  gather_facts: false\n  strategy: {strategy}\n  tasks:\n"
        (bench.folder / f"{strategy}.yml").write_text(head + "".join(tasks))
