"""What the Ansible callback costs a playbook run, beside none, a trivial one and its peers: ``make bench-ansible``.

Each variant is played at the same time as the run without a callback that it is compared with: both have the same share
of the same machine, whose speed changes by more than what is measured. Ratios are those of CPU seconds, of all
processes; the run without a callback beside itself shows how far to trust them. Hosts are local and tasks start no
module, so that Ansible itself does as little as it can and ratios are upper bounds. Each variant is checked to have
done its work. ``python -m benchmarks callback`` plays a small size and only what is installed; peers that make
a request or a transaction of each result take part in one round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.playbooks import ROOT, VARIANTS, Bench, Sink, environment, write_plays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GOAL = 1.02  # times the CPU of a run without it should be used with it, as a median,
_MOST = 1.05  # and may be: where objects happen to lie in memory makes a difference, whoever imports something;
_MOST_HOOKS = 0.02  # of a run's CPU may go into its hooks,
_MANY = 2_000  # where there are so many results; a short run pays for what is done once
_REAPED = ROOT / "benchmarks" / "reaped.py"


class Figures(NamedTuple):
    cpu: float
    rss: float  # MiB, of the largest process
    pages: float  # that were touched for the first time since the process was forked


class Pair(NamedTuple):
    """A run with a callback, and the one without that was played at the same time."""

    ours: Figures
    base: Figures


def play(bench: Bench, name: str, strategy: str, folder: Path) -> Figures:
    """Run the playbook once. Raises RuntimeError if it failed or the callback did not do its work."""
    folder.mkdir()
    variant, sink = VARIANTS[name], Sink()
    bench = bench._replace(url=sink.url)
    environ = environment(bench, folder) | variant.environ(bench, folder)
    playbook = [bench.python.with_name("ansible-playbook"), "-i", bench.folder / "hosts", "-f", str(bench.forks)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", _REAPED, *playbook, bench.folder / f"{strategy}.yml"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)  # with all that it has waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    sink.close()
    if process.returncode or not variant.worked(bench, folder, sink.requests):
        tail = (folder / "output").read_text()[-2000:]
        raise RuntimeError(f"{tail}\nthe run ended with {process.returncode}, or {name} did not do its work")
    return Figures(
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
        usage.ru_minflt,
    )


def play_pair(bench: Bench, name: str, strategy: str, number: int) -> Pair:
    """Play it and the run without a callback at once. Raises SystemExit if one of them failed."""
    played: dict[str, Figures] = {}
    troubles: list[str] = []

    def one(role: str, variant: str) -> None:
        try:
            played[role] = play(bench, variant, strategy, bench.folder / f"{strategy}-{number}-{name}-{role}")
        except (OSError, RuntimeError) as error:
            troubles.append(str(error))

    threads = [
        threading.Thread(target=one, args=args)
        for args in (("ours", name), ("base", "none"))[:: -1 if number % 2 else 1]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        sys.exit("\n".join(troubles))
    return Pair(**played)


def rounds_of(bench: Bench, names: list[str], strategy: str, rounds: int) -> dict[str, list[Pair]]:
    """The pairs of each variant, which take turns; a peer that takes ten times as long has one."""
    pairs = defaultdict(list)
    for number in range(rounds):
        for name in [name for name in names if number == 0 or not VARIANTS[name].slow]:
            pair = play_pair(bench, name, strategy, number)
            pairs[name].append(pair)
            figures = f"{pair.ours.cpu:.1f} s of CPU, {pair.base.cpu:.1f} without"
            print(f"  {strategy}, round {number + 1}, {name}: {figures}", file=sys.stderr, flush=True)
    return pairs


def ratio(pairs: list[Pair], figure: str) -> float:
    """The median of the pairs' ratios."""
    return statistics.median(getattr(pair.ours, figure) / getattr(pair.base, figure) for pair in pairs)


def middle(figures: list[Figures]) -> Figures:
    return Figures(*map(statistics.median, zip(*figures, strict=True)))


def table(bench: Bench, strategy: str, pairs: Mapping[str, list[Pair]]) -> None:
    """Print medians, and medians of the ratios to the run without a callback that was played at the same time."""
    print(f"\n{bench.hosts} hosts x {bench.tasks} tasks, {bench.results} results, {strategy}, forks {bench.forks}:")
    print(f"{'callback':16}{'rounds':>7}{'CPU s':>8}{'ratio':>8}{'least':>8}{'most':>8}{'pages':>8}{'peak RSS':>11}")
    for name, played in pairs.items():
        ours, base = middle([pair.ours for pair in played]), middle([pair.base for pair in played])
        ratios = sorted(pair.ours.cpu / pair.base.cpu for pair in played)
        print(
            f"{name:16}{len(played):>7}{ours.cpu:>8.1f}{ratio(played, 'cpu'):>8.3f}{ratios[0]:>8.3f}{ratios[-1]:>8.3f}"
            f"{ratio(played, 'pages'):>8.3f}{ours.rss - base.rss:>+7.0f} MiB"
        )


def own_time(bench: Bench, strategy: str, pairs: list[Pair]) -> float:
    """Print what the stopwatch read: the CPU of the callback's hooks; returns its share of the run's."""
    reads = [json.loads(path.read_text()) for path in sorted(bench.folder.glob(f"{strategy}-*/stopwatch.json"))]
    base = middle([pair.base for pair in pairs])
    hooks = {
        hook: tuple(map(statistics.median, zip(*(read[hook] for read in reads), strict=True))) for hook in reads[0]
    }
    taken = sum(cpu for _calls, cpu in hooks.values())
    ends = [hook for hook in hooks if hook.startswith("v2_runner_on_") and hook != "v2_runner_on_start"]
    results, spent = (sum(column) for column in zip(*(hooks[hook] for hook in ends), strict=True))
    print(
        f"in the callback's own hooks: {taken:.2f} s of CPU, {taken / base.cpu:.1%} of the run without it; "
        f"{spent / results * 1e6:.0f} us for each of {results:.0f} results"
    )
    for hook, (calls, cpu) in sorted(hooks.items(), key=lambda read: -read[1][1]):
        print(f"  {hook:32}{calls:>7.0f} calls {cpu * 1000:>9.1f} ms")
    return taken / base.cpu


def faults(bench: Bench, strategy: str, pairs: Mapping[str, list[Pair]]) -> Iterator[str]:
    """Print what the callback takes beside the goal; gives a sentence for each thing that is more than it may be."""
    share = own_time(bench, strategy, pairs["timed"]) if "timed" in pairs else 0.0
    many = bench.results >= _MANY
    if many and share > _MOST_HOOKS:
        yield f"{strategy}: the hooks take {share:.1%} of the CPU; {_MOST_HOOKS:.0%} is the most"
    if many and "tfevent" in pairs:
        much = ratio(pairs["tfevent"], "cpu")
        print(f"with tfevent, {much:.3f} times the CPU of a run without a callback; the goal is {_GOAL}")
        if much > _MOST:
            yield f"{strategy}: {much:.3f} times the CPU of a run without it; {_MOST} is the most"


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
    """The variants to play. What is not installed is left out."""
    asked = list(dict.fromkeys(name.strip() for name in names.split(",")))
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
        python = options.python.absolute()
        bench = Bench(python, Path(name), options.hosts, options.tasks, options.forks)
        names = chosen(bench, options.callbacks)
        write_plays(bench, strategies)
        found: list[str] = []
        for strategy in strategies:
            pairs = rounds_of(bench, names, strategy, options.rounds)
            table(bench, strategy, pairs)
            found += faults(bench, strategy, pairs)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
