# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of a task and of a host while a playbook runs: figures, and the first few names. Never a result."""

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
    """The first few of many texts, each once, and how many more came."""

    __slots__ = ("_most", "_seen", "more", "texts")

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[int] = set()
        self.texts: list[str] = []
        self.more = 0

    def add(self, text: str) -> None:
        """Take one in, unless it is there."""
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
        """Take one out again."""
        if text in self.texts:
            self.texts.remove(text)
        elif self.more:
            self.more -= 1
        self._seen.discard(hash(text))

    @property
    def full(self) -> bool:
        """Whether the next one will only be counted."""
        return len(self.texts) >= self._most


class Failure:
    """One host on which a task did not succeed; its status changes when it turns out to be rescued."""

    __slots__ = ("error", "host", "status")

    def __init__(self, host: str, status: str, error: str | None) -> None:
        self.host = host
        self.status = status
        self.error = error


class Fall(NamedTuple):
    """One failure that took a host out, unless it was rescued.

    Attributes:
        log: of the task; None of one that is not recorded.
        failure: what is recorded of it.
        rescued: it stands in a block that has a ``rescue``; None where only the recap can say.
    """

    log: TaskLog | None
    failure: Failure
    rescued: bool | None


class TaskLog:
    """One task over all its hosts; ``met`` has the bit of each that it ended on.

    The last log of a task that comes around very often holds several ``rounds``, and its figures are sums over them.
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
        """The task ends on a host; on one that it has met, that is a further round."""
        if self.met & host.bit:
            self._further[name] = further = self._further.get(name, 0) + 1
            self.rounds = max(self.rounds, 1 + further)
        self.met |= host.bit

    def changes(self, name: str) -> None:
        """The host has changed something, or had it changed, in the round that it is in."""
        self._changed_in |= 1 << self._further.get(name, 0)

    @property
    def changed_rounds(self) -> int:
        """How many rounds changed something; a change that was taken back has left its bit."""
        return min(self._changed_in.bit_count(), self.counts[CHANGED] + self.partly)

    def failed(self, failure: Failure) -> None:
        """Keep the first few failures."""
        if self.has_room:
            self.failures.append(failure)
        elif all(kept.host != failure.host for kept in self.failures):
            self.failures_more += 1

    @property
    def has_room(self) -> bool:
        """Whether the next failure is kept with its error; of others, only their number is."""
        return len(self.failures) < MOST_FAILURES

    def count_item(self, status: str) -> None:
        """Count one item of a loop."""
        if self.items is None:
            self.items = {OK: 0, CHANGED: 0, FAILED: 0, SKIPPED: 0}
        self.items[status] += 1

    @property
    def happened(self) -> bool:
        """Whether there is something to report: facts that were gathered and tasks that found all well are not."""
        return any(self.counts[status] for status in (CHANGED, FAILED, UNREACHABLE, RESCUED, IGNORED))

    @property
    def changed_something(self) -> bool:
        """Whether anything was changed: also by some items of a loop that failed."""
        return bool(self.counts[CHANGED] or self.partly)


class HostLog:
    """One host of a run: the figures of the recap, and what it was really touched by.

    Attributes:
        groups: inventory groups it is in; None as long as it is only a target of delegation.
        counts: as the recap has them: ``ok`` includes changed and ignored results, ``changed`` all that a module calls
            so.
        touched: changes that were made to it, which is not those that were delegated to others.
        fell: the first failure on it of a task that another host delegated to it.
        pending: failures in the order in which they came: whether one was rescued is known only at the end.
        followed: how many of them another task followed.
        last: uuid of the task, status and log that it ended last with.
        bit: its own, of those that stand for all hosts.
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
        """The worst that happened to it."""
        return worst({**self.counts, CHANGED: self.touched})

    @property
    def is_only_a_delegate(self) -> bool:
        """Whether all that is known of it is that a task failed which another host delegated to it."""
        return bool(self.fell and self.groups is None and not self.touched and not any(self.counts.values()))

    def may_be_rescued(self) -> tuple[int, int]:
        """At least and at most so many of its failures."""
        certain = sum(fall.rescued is True for fall in self.pending)
        return certain, certain + sum(fall.rescued is None for fall in self.pending)

    def set_rescued(self, number: int) -> None:
        """So many of its failures were rescued: the first of those that stand before a rescue, then the next likely."""
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
    """The worst status that is counted at all."""
    return next((status for status in WORST_FIRST if counts.get(status)), OK)


def error_text(data: Mapping[str, Any]) -> str | None:
    """What a failed result says, in lines short enough to be whole: no line is cut, so that no secret is."""
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
    """The first lines and the last ones, the long ones left out."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _ERROR_LINES:
        half = _ERROR_LINES // 2
        lines = [*lines[:half], "…", *lines[-half:]]
    return [line if len(line) <= _LONGEST_LINE else f"({len(line)} characters in one line)" for line in lines]
