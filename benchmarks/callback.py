"""What the Ansible callback costs a playbook run, beside none, a trivial one and its peers: ``make bench-ansible``.

The variants take turns in one run: shuffled, and in each second round backwards. Hosts are local and tasks start no
module, so that Ansible itself does as little as it can and ratios are upper bounds. Each variant is checked to have
done its work. ``python -m benchmarks callback`` plays a small size and only what is installed; peers that make
a request or a transaction of each result take part in one round.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST = 0.02  # of a run's CPU may go into our hooks,
_MOST_PAGES = 1.05  # times those of a run without it may be touched with it,
_MANY = 2_000  # where there are so many results; a short run pays for what is done once
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
    sink: Sink
    hosts: int
    tasks: int
    forks: int

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


class Figures(NamedTuple):
    wall: float
    cpu: float
    rss: float  # MiB, of the largest process
    pages: float  # that were touched for the first time since the process was forked: what a busy machine changes least


def none(_bench: Bench, _folder: Path) -> Mapping[str, str]:
    return {}


def trivial(_bench: Bench, _folder: Path) -> Mapping[str, str]:
    return {"ANSIBLE_CALLBACKS_ENABLED": "trivial"}


def ours(bench: Bench, folder: Path) -> Mapping[str, str]:
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "tfevent.infra.change_events",
        "TFEVENT_STATE_DIR": str(folder / "state"),
        "TFEVENT_SEMATEXT_TOKEN": "00000000-0000-4000-8000-000000000000",
        "TFEVENT_SEMATEXT_RECEIVER": bench.sink.url,
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
        "SPLUNK_URL": f"{bench.sink.url}/services/collector/event",
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


def play(bench: Bench, variant: Variant, strategy: str, folder: Path) -> Figures:
    """Run the playbook once. Raises SystemExit if it failed or the callback did not do its work."""
    folder.mkdir()
    environ = environment(bench, folder) | variant.environ(bench, folder)
    command = [bench.python.with_name("ansible-playbook"), "-i", bench.folder / "hosts", "-f", str(bench.forks)]
    before = bench.sink.requests
    with (folder / "output").open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*command, bench.folder / f"{strategy}.yml"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)  # with the workers that it has waited for
        wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not variant.worked(bench, folder, bench.sink.requests - before):
        tail = (folder / "output").read_text()[-2000:]
        sys.exit(f"{tail}\nthe run ended with {process.returncode}, or the callback did not do its work")
    return Figures(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
        usage.ru_minflt,
    )


def write_plays(bench: Bench, strategies: list[str]) -> None:
    hosts = [f"web{number:03} ansible_connection=local" for number in range(bench.hosts)]
    (bench.folder / "hosts").write_text("\n".join(["[web]", *hosts, ""]))
    tasks = [f"    - name: Task {number}\n      {TASKS[number % len(TASKS)]}\n" for number in range(bench.tasks)]
    for strategy in strategies:
        head = f"- name: Benchmark\n  hosts: web\n  gather_facts: false\n  strategy: {strategy}\n  tasks:\n"
        (bench.folder / f"{strategy}.yml").write_text(head + "".join(tasks))


def rounds_of(bench: Bench, names: list[str], strategy: str, rounds: int) -> dict[str, list[Figures]]:
    """Figures by variant; the order within a round is a matter of chance, and of each second one that of the first.

    Backwards, so that a machine that becomes slower and slower counts for nobody.
    """
    figures = defaultdict(list)
    order = list(names)
    for number in range(rounds):
        if number % 2:
            order.reverse()
        else:
            order = random.sample(names, len(names))
        for name in [name for name in order if number == 0 or not VARIANTS[name].slow]:
            folder = bench.folder / f"{strategy}-{number}-{name}"
            figures[name].append(play(bench, VARIANTS[name], strategy, folder))
            print(
                f"  {strategy}, round {number + 1}, {name}: {figures[name][-1].wall:.1f} s", file=sys.stderr, flush=True
            )
    return figures


def medians(figures: Mapping[str, list[Figures]]) -> dict[str, Figures]:
    return {name: Figures(*map(statistics.median, zip(*runs, strict=True))) for name, runs in figures.items()}


def table(bench: Bench, strategy: str, figures: Mapping[str, list[Figures]]) -> None:
    """Print medians, and ratios of medians to the run without a callback."""
    print(f"\n{bench.hosts} hosts x {bench.tasks} tasks, {bench.results} results, {strategy}, forks {bench.forks}:")
    head = f"{'callback':16}{'rounds':>7}{'wall s (min)':>17}{'ratio':>7}{'CPU s':>8}{'ratio':>7}"
    print(f"{head}{'pages':>9}{'peak RSS':>11}")
    middles = medians(figures)
    base = middles["none"]
    for name in [name for name in VARIANTS if name in figures]:
        middle, fastest = middles[name], min(run.wall for run in figures[name])
        wall = f"{middle.wall:.1f} ({fastest:.1f})"
        rss = f"{middle.rss:.0f} MiB" if name == "none" else f"{middle.rss - base.rss:+.0f} MiB"
        print(
            f"{name:16}{len(figures[name]):>7}{wall:>17}{middle.wall / base.wall:>7.2f}"
            f"{middle.cpu:>8.1f}{middle.cpu / base.cpu:>7.2f}{middle.pages / base.pages:>9.3f}{rss:>11}"
        )


def own_time(bench: Bench, strategy: str, base: Figures) -> float:
    """Print what the stopwatch read: the hooks of the callback, in seconds of the run's own process, and of its CPU.

    Returns their share of the run's CPU, which a busy machine changes less than it does the ratios.
    """
    reads = [json.loads(path.read_text()) for path in sorted(bench.folder.glob(f"{strategy}-*/stopwatch.json"))]
    if not reads:
        return 0.0
    hooks = {
        hook: tuple(map(statistics.median, zip(*(read[hook] for read in reads), strict=True))) for hook in reads[0]
    }
    _, total, taken = (sum(column) for column in zip(*hooks.values(), strict=True))
    ends = [hook for hook in hooks if hook.startswith("v2_runner_on_") and hook != "v2_runner_on_start"]
    results, _, spent = (sum(column) for column in zip(*(hooks[hook] for hook in ends), strict=True))
    share = taken / base.cpu
    print(
        f"in the callback's own hooks: {total:.2f} s, {total / base.wall:.1%} of the run without it, and {taken:.2f} s "
        f"of CPU, {share:.1%}; {spent / results * 1e6:.0f} us of CPU for each of {results:.0f} results"
    )
    for hook, (calls, seconds, cpu) in sorted(hooks.items(), key=lambda read: -read[1][1]):
        print(f"  {hook:32}{calls:>7.0f} calls {seconds * 1000:>9.1f} ms, CPU {cpu * 1000:>7.1f} ms")
    return share


def check(bench: Bench, strategy: str, middles: Mapping[str, Figures]) -> None:
    """Raise SystemExit where the callback takes more than it may."""
    share = own_time(bench, strategy, middles["none"])
    if bench.results < _MANY:
        return
    if share > _MOST:
        sys.exit(f"the hooks take {share:.1%} of the CPU; {_MOST:.0%} is the most")
    if "tfevent" in middles and middles["tfevent"].pages > middles["none"].pages * _MOST_PAGES:
        sys.exit(f"more than {_MOST_PAGES} times the pages of a run without it are touched")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="of the environment with Ansible in it"
    )
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strategies", default="linear", help="separated by commas: linear, free, host_pinned")
    parser.add_argument("--callbacks", default=",".join(VARIANTS), help=f"separated by commas: {', '.join(VARIANTS)}")
    return parser.parse_args()


def chosen(bench: Bench, names: str) -> list[str]:
    """The variants to play, always the one without a callback among them. What is not installed is left out."""
    asked = list(dict.fromkeys(["none", *(name.strip() for name in names.split(","))]))
    if unknown := set(asked) - set(VARIANTS):
        sys.exit(f"no such callback: {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    missing = [name for name in asked if not bench.has(VARIANTS[name].needs)]
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (make bench-ansible has them)")
    return [name for name in asked if name not in missing]


def main() -> None:
    options = arguments()
    strategies = options.strategies.split(",")
    with tempfile.TemporaryDirectory() as name:
        sink = Sink()
        python = options.python.absolute()
        bench = Bench(python, Path(name), sink, options.hosts, options.tasks, options.forks)
        names = chosen(bench, options.callbacks)
        write_plays(bench, strategies)
        for strategy in strategies:
            figures = rounds_of(bench, names, strategy, options.rounds)
            table(bench, strategy, figures)
            check(bench, strategy, medians(figures))
        sink.close()


if __name__ == "__main__":
    main()
