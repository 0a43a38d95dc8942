"""Time limits of tests that hold on any machine, however slow or busy, and still end what hangs.

Prefer counts, CPU time, ratios of one run, or a fault that would take minutes. Where a wall-clock limit is needed, take
:func:`at_most` and :func:`limit`, which scale it by how slow this machine is right now. ``tests/guards`` holds that no
test compares a difference of clocks with a bare number.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
HANG = 300.0  # seconds after which a wait is given up: only what hangs takes so long
PATIENCE = "30"  # seconds of delivery where the budget is not what is tested
# What a command under test gets: no limit of the product strikes because the machine is busy. A test of such a limit
# sets TFEVENT_BUDGET itself, or takes HURRIED on top.
PATIENT = {"TFEVENT_BUDGET": PATIENCE, "PYTHONPATH": f"{ROOT / 'tests/support/patient'}:{ROOT}"}
HURRIED = {"PYTHONPATH": str(ROOT)}

_LOOPS, _STARTS = 100_000, 4
_NOMINAL = 0.03  # seconds that the sample takes on an idle core of 2024
_VALID = 5.0  # seconds that a sample counts
_AFTER = 5  # samples when a limit has passed: the load comes in waves


class _Sampled:
    factor = 1.0
    at = float("-inf")


class Took:
    """How long a block took, in ``seconds``: compare it with another one or a lower bound."""

    seconds = 0.0


def slowness() -> float:
    """How many times slower than an idle machine this one is right now, in CPU time and process starts; at least 1."""
    if time.monotonic() - _Sampled.at > _VALID:
        _Sampled.factor = _sample()
        _Sampled.at = time.monotonic()
    return _Sampled.factor


def limit(seconds: float) -> float:
    """A wall-clock limit for this machine as it is right now; ``seconds`` are those of an idle one."""
    return seconds * slowness()


@contextmanager
def at_most(seconds: float, why: str = "") -> Iterator[Took]:
    """The block takes at most so long (seconds of an idle machine); ``why`` is said if it does not."""
    factor, took = slowness(), Took()
    begun = time.monotonic()
    yield took
    took.seconds = time.monotonic() - begun
    if took.seconds > seconds * factor:  # busier since the first sample?
        factor = max(factor, _queue(), *(_sample() for _ in range(_AFTER)))
    allowed = seconds * factor
    assert took.seconds <= allowed, (
        f"took {took.seconds:.1f} s of {allowed:.1f} s ({factor:.1f} times {seconds} s); {why}"
    )


@contextmanager
def stopwatch() -> Iterator[Took]:
    """How long the block takes, to be compared with something of the same run."""
    took = Took()
    begun = time.monotonic()
    yield took
    took.seconds = time.monotonic() - begun


def wait_for(condition: Callable[[], object], what: str = "what was waited for") -> None:
    """Wait until ``condition`` holds; only a hang ends it otherwise."""
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.005)


def _queue() -> float:
    """How many processes shared each core during the last minute: samples miss a wave that has just passed."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _sample() -> float:
    begun = time.monotonic()
    total = 0
    for number in range(_LOOPS):
        total = (total * 31 + number) & 0xFFFFFFFF
    for _ in range(_STARTS):
        subprocess.run(["/bin/true"], check=False)
    return max(1.0, (time.monotonic() - begun) / _NOMINAL)
