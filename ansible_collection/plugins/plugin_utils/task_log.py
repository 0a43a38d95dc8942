# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The data kept of a task and of a host while a playbook runs: counts, and the first few names. Never a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.tfevent.infra.plugins.plugin_utils.records import FAILED, OK, SKIPPED, UNREACHABLE, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_NAMES = 20  # hosts of one task
MOST_FAILURES = 10
MOST_THINGS = 20
MOST_DIFFS = 10
MOST_PENDING = 200  # failures of one host that may turn out to be rescued

CHANGED, RESCUED, IGNORED = "changed", "rescued", "ignored"
STATUSES = (OK, CHANGED, FAILED, UNREACHABLE, SKIPPED, RESCUED, IGNORED)
WORST_FIRST = (FAILED, UNREACHABLE, CHANGED, RESCUED, IGNORED, OK, SKIPPED)

_ERROR_LINES = 12
_LONGEST_LINE = 20_000


class Bag:
    """The first few of many texts, each once, and the number of the others."""

    __slots__ = ("_most", "_seen", "more", "texts")

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[int] = set()
        self.texts: list[str] = []
        self.more = 0

    def add(self, text: str) -> None:
        """Add a text, unless it is there."""
        mark = hash(text)
        if mark in self._seen:
            return
        if len(self._seen) < self._most * 25:  # enough to recognize most repetitions, and bounded
            self._seen.add(mark)
        if len(self.texts) < self._most:
            self.texts.append(text)
        else:
            self.more += 1

    def drop(self, text: str) -> None:
        """Remove a text."""
        if text in self.texts:
            self.texts.remove(text)
        elif self.more:
            self.more -= 1
        self._seen.discard(hash(text))

    @property
    def full(self) -> bool:
        """Whether the next text will only be counted."""
        return len(self.texts) >= self._most


class Failure:
    """One host on which a task did not succeed; its status changes if it turns out to be rescued."""

    __slots__ = ("error", "host", "status")

    def __init__(self, host: str, status: str, error: str | None) -> None:
        self.host = host
        self.status = status
        self.error = error


class Fall(NamedTuple):
    """One failure that removed a host from the play, unless it was rescued.

    Attributes:
        log: log of the task; None if it is not recorded.
        failure: its record.
        rescued: it is in a block with a ``rescue``; None if only the recap shows it.
    """

    log: TaskLog | None
    failure: Failure
    rescued: bool | None


class TaskLog:
    """One task over all its hosts; ``met`` has the bit of each host on which it ended.

    The last log of a frequently repeated task covers several ``rounds``, and its counts are their sums.
    """

    __slots__ = (
        "_changed_in", "_further", "began", "censored", "changed_on", "checked", "counts", "delegated_to", "diffs",
        "diffs_left", "ended", "failures", "failures_more", "items", "met", "partly", "play", "retries", "rounds",
        "task", "things",
    )  # fmt: skip

    def __init__(self, task: Task, play: str | None, now: float) -> None:
        self.task = task
        self.play = play
        self.counts = dict.fromkeys(STATUSES, 0)
        self.partly = 0  # results that did not succeed, of loops of which some items changed something
        self.items: dict[str, int] | None = None
        self.changed_on = Bag(MOST_NAMES)
        self.delegated_to = Bag(MOST_NAMES)
        self.things = Bag(MOST_THINGS)
        self.diffs = Bag(MOST_DIFFS)
        self.diffs_left = MOST_DIFFS * 5  # how many more are worth the time to look at
        self.failures: list[Failure] = []
        self.failures_more = 0
        self.retries = 0
        self.met = 0
        self.rounds = 1
        self._further: dict[str, int] = {}  # rounds of a host beyond its first; hosts need not keep step
        self._changed_in = 0  # a bit for each round in which something changed
        self.checked = False
        self.censored = task.no_log
        self.began = now
        self.ended = now

    def add_host(self, name: str, host: HostLog) -> None:
        """Note the end of the task on a host; on a known host, this is a further round."""
        if self.met & host.bit:
            self._further[name] = further = self._further.get(name, 0) + 1
            self.rounds = max(self.rounds, 1 + further)
        self.met |= host.bit

    def changes(self, name: str) -> None:
        """Note a change on or for the host, in its current round."""
        self._changed_in |= 1 << self._further.get(name, 0)

    @property
    def changed_rounds(self) -> int:
        """Return the number of rounds with changes; an undone change has left its bit."""
        return min(self._changed_in.bit_count(), self.counts[CHANGED] + self.partly)

    def failed(self, failure: Failure) -> None:
        """Keep the first few failures."""
        if self.has_room:
            self.failures.append(failure)
        elif all(kept.host != failure.host for kept in self.failures):
            self.failures_more += 1

    @property
    def has_room(self) -> bool:
        """Return whether the next failure is kept with its error; others are only counted."""
        return len(self.failures) < MOST_FAILURES

    def count_item(self, status: str) -> None:
        """Count one item of a loop."""
        if self.items is None:
            self.items = {OK: 0, CHANGED: 0, FAILED: 0, SKIPPED: 0}
        self.items[status] += 1

    @property
    def happened(self) -> bool:
        """Return whether the task is worth reporting, unlike fact gathering and tasks without changes."""
        return any(self.counts[status] for status in (CHANGED, FAILED, UNREACHABLE, RESCUED, IGNORED))

    @property
    def changed_something(self) -> bool:
        """Return whether anything was changed, including by some items of a failed loop."""
        return bool(self.counts[CHANGED] or self.partly)


class HostLog:
    """One host of a run: the counts of the recap, and its actual changes.

    Attributes:
        groups: its inventory groups; None while it is only a target of delegation.
        counts: as in the recap: ``ok`` includes changed and ignored results, ``changed`` all that a module reports as
            such.
        touched: changes made to it, without those delegated to others.
        fell: the first failure on it of a task delegated by another host.
        pending: failures in order; which ones were rescued is only known at the end.
        followed: number of failures followed by another task.
        last: uuid, status and log of its last task.
        bit: its bit in the sets of hosts.
    """

    __slots__ = ("bit", "counts", "fell", "followed", "groups", "last", "pending", "touched")

    def __init__(self, number: int) -> None:
        self.bit = 1 << number
        self.groups: tuple[str, ...] | None = None
        self.counts = dict.fromkeys(STATUSES, 0)
        self.touched = 0
        self.fell: Failure | None = None
        self.pending: list[Fall] = []
        self.followed = 0
        self.last: tuple[str, str, TaskLog] | None = None

    @property
    def status(self) -> str:
        """Its worst status."""
        return worst({**self.counts, CHANGED: self.touched})

    @property
    def is_only_a_delegate(self) -> bool:
        """Whether it is only known as the target of a failed delegated task."""
        return bool(self.fell and self.groups is None and not self.touched and not any(self.counts.values()))

    def may_be_rescued(self) -> tuple[int, int]:
        """Return the minimum and maximum number of its rescued failures."""
        certain = sum(fall.rescued is True for fall in self.pending)
        return certain, certain + sum(fall.rescued is None for fall in self.pending)

    def set_rescued(self, number: int) -> None:
        """Mark this number of failures as rescued: first those in front of a rescue, then the likeliest others."""
        order = {True: 0, None: 1, False: 2}
        likely = sorted(range(len(self.pending)), key=lambda at: order[self.pending[at].rescued])
        rescued = set(likely[: max(number, 0)])
        for at, (log, failure, _dummy) in enumerate(self.pending):
            status = RESCUED if at in rescued else FAILED
            if log is not None and failure.status != status:
                log.counts[failure.status] -= 1
                log.counts[status] += 1
                self.counts[failure.status] -= 1
                self.counts[status] += 1
                failure.status = status


def worst(counts: Mapping[str, int]) -> str:
    """Return the worst status with a count."""
    return next((status for status in WORST_FIRST if counts.get(status)), OK)


def error_text(data: Mapping[str, Any]) -> str | None:
    """Return the error of a failed result in whole lines: no line is cut, so that no secret is."""
    texts = [_text(data.get("msg")), _text(data.get("reason"))]
    rc = data.get("rc")
    if isinstance(rc, int) and not isinstance(rc, bool) and rc:
        texts.append(f"rc={rc}")
    texts.append(_text(data.get("stderr")) or _text(data.get("module_stderr")))
    lines = [line for text in texts for line in _whole_lines(text)]
    return "\n".join(dict.fromkeys(lines)) or None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "\n".join(part for part in value if isinstance(part, str))
    return ""


def _whole_lines(text: str) -> Iterable[str]:
    """Return the first and last lines, without long ones."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _ERROR_LINES:
        half = _ERROR_LINES // 2
        lines = [*lines[:half], "…", *lines[-half:]]
    return [line if len(line) <= _LONGEST_LINE else f"({len(line)} characters in one line)" for line in lines]
