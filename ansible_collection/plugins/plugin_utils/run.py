# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a playbook did, gathered while it runs: by task over all hosts, and by host.

Memory is bounded by the number of tasks and hosts, whatever the number of results: a result is looked at once
and forgotten. Nothing here reads a file, waits, or knows Ansible's objects.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import diffs, things
from ansible_collections.tfevent.infra.plugins.plugin_utils.facts import FAILED, OK, SKIPPED, UNREACHABLE, Result, Task
from ansible_collections.tfevent.infra.plugins.plugin_utils.logs import (
    CHANGED,
    IGNORED,
    MOST_PENDING,
    Failure,
    HostLog,
    TaskLog,
    error_text,
)

OWN_MODULE = "tfevent.infra.change_event"
MOST_TASKS = 2_000  # tasks whose results may still come: with included files, there can be some for each host
MOST_ROUNDS = 50  # times that one host comes by one task, kept apart
MOST_JOBS = 50_000  # asynchronous jobs that nobody has asked about yet
MOST_SENT = 100  # events that the playbook sent itself
_TEMPLATE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_ASK = "ansible.builtin.async_status"


Place = tuple[str, str, "int | None", str, bool]


class Run:
    """One playbook from its start to its end.

    Args:
        check: the run only checks what it would change.
        contents: tell the lines that ``--diff`` shows, too.

    Attributes:
        plays: names of the plays that began, in order.
        logs: what each task did, in the order in which they began.
        hosts: what became of each host.
        running: hosts on which a task was started and has not ended, with its log.
        sent: ids and titles of events that the playbook sent itself.
        unmatched: plays that no host matched.
    """

    def __init__(self, *, check: bool = False, contents: bool = False, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._check = check
        self._contents = contents
        self.plays: dict[str, str] = {}
        self.logs: list[TaskLog] = []
        self.hosts: dict[str, HostLog] = {}
        self.running: dict[str, TaskLog] = {}
        self.sent: dict[str, str | None] = {}
        self.unmatched = 0
        self._play = ""
        self._tasks: dict[str, Task] = {}
        self._places: dict[Place, list[TaskLog]] = {}
        self._jobs: dict[tuple[str, str], TaskLog | None] = {}  # None: it is known how it ended

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    # -- what the callback is called for --------------------------------------------------------------------------

    def play_starts(self, uuid: str, name: str) -> None:
        """A play begins; each batch of a play with ``serial`` says so again."""
        self.plays.setdefault(uuid, name)
        self._play = uuid
        for host in self.hosts.values():
            host.last = None

    def knows(self, task: str) -> bool:
        """Whether this task has begun."""
        return task in self._tasks

    def task_starts(self, task: Task) -> None:
        """A task begins; the strategy ``free`` says so for each host."""
        if len(self._tasks) >= MOST_TASKS:
            del self._tasks[next(iter(self._tasks))]  # whoever needs it again tells of it again
        self._tasks[task.uuid] = task
        self._logs_at(task)

    def meets(self, host: str, groups: tuple[str, ...]) -> None:
        """A host has its first task, and is in these groups of the inventory."""
        self._host(host).groups = groups

    def begins(self, task: str, host: str) -> None:
        """A task is started on a host."""
        if task in self._tasks:
            self.running[host] = self._log(self._tasks[task], self._host(host))

    def ends(self, result: Result) -> None:
        """A task has ended on a host."""
        begun = self.running.pop(result.host, None)
        task = self._tasks.get(result.task)
        if task is None:
            return
        host = self._host(result.host)
        repeated = host.last is not None and host.last[0] == result.task
        log = host.last[2] if repeated and host.last else begun or self._log(task, host)
        log.met |= host.bit
        log.ended = self._clock()
        log.checked = log.checked or result.checked
        log.censored = log.censored or result.censored
        self._again(log, host, result)
        status = self._status(log, result)
        self._count(log, host, result, status)
        log.retries += _retries(result.data)
        self._look_inside(log, result, status)

    def is_over(self, rescued: Mapping[str, int]) -> None:
        """The playbook came to its recap, which says how many failures of each host were rescued."""
        self.running.clear()
        for name, host in self.hosts.items():
            host.set_rescued(rescued.get(name, 0))

    # -- where it is kept -----------------------------------------------------------------------------------------

    def _host(self, name: str) -> HostLog:
        host = self.hosts.get(name)
        if host is None:
            host = self.hosts[name] = HostLog(len(self.hosts))
        return host

    def _logs_at(self, task: Task) -> list[TaskLog]:
        """The logs of one place in the code.

        A file that is included is a set of new tasks for each batch of hosts, or for each host: to a reader, its
        tasks are the same ones. Only a host that comes by a second time needs another log.
        """
        place = (self._play, task.file or task.uuid, task.line, task.action, task.handler)
        logs = self._places.setdefault(place, [])
        return logs or self._another(logs, task)

    def _another(self, logs: list[TaskLog], task: Task) -> list[TaskLog]:
        log = TaskLog(task, self.plays.get(self._play), self._clock())
        logs.append(log)
        self.logs.append(log)
        return logs

    def _log(self, task: Task, host: HostLog) -> TaskLog:
        logs = self._logs_at(task)
        for log in logs:
            if not log.met & host.bit:
                return log
        return logs[-1] if len(logs) >= MOST_ROUNDS else self._another(logs, task)[-1]

    # -- one result -----------------------------------------------------------------------------------------------

    def _again(self, log: TaskLog, host: HostLog, result: Result) -> None:
        """A task that ends twice on a host (a file to include that is missing: ok, then failed) counts once."""
        if host.last == (result.task, OK, log) and result.status == FAILED:
            log.counts[OK] -= 1

    def _status(self, log: TaskLog, result: Result) -> str:
        """What the result means: a failed one that says "changed" is failed, a job asked about is no new change."""
        if result.ignored and result.status in {FAILED, UNREACHABLE}:
            return IGNORED
        if result.status != OK or not result.data.get("changed"):
            return result.status
        if log.task.action == OWN_MODULE:
            return OK  # telling of a change is none
        return OK if log.task.action == _ASK and self._was_counted(result) else CHANGED

    def _was_counted(self, result: Result) -> bool:
        """Whether every job of the result was counted when it was launched."""
        return all((result.host, str(part.get("ansible_job_id"))) in self._jobs for part in _parts(result.data))

    def _count(self, log: TaskLog, host: HostLog, result: Result, status: str) -> None:
        log.counts[status] += 1
        host.counts[status] += 1
        host.last = (result.task, status, log)
        if status in {CHANGED, IGNORED}:
            host.counts[OK] += 1
        targets = self._delegated_to(log, result) or (result.host,)
        if status == CHANGED:
            for target in targets:
                log.changed_on.add(target)
            self._touch(targets, result)
        elif status in {FAILED, UNREACHABLE, IGNORED}:
            self._failed(log, host, result, status)
        if host.pending and status != FAILED:
            self._follow(host)

    def _delegated_to(self, log: TaskLog, result: Result) -> tuple[str, ...]:
        """The machines that were really changed, where those are others."""
        found = {}
        for part in _parts(result.data) if result.delegate_to else ():
            name = _delegate(str(result.delegate_to), part)
            if name is not None and name != result.host:
                log.delegated_to.add(name)
                if part.get("changed"):
                    found[name] = True
        return tuple(found)

    def _touch(self, targets: tuple[str, ...], result: Result) -> None:
        if self._check or not result.checked:  # a task that is only checked in a real run touches nothing
            for target in targets:
                self._host(target).touched += 1

    def _failed(self, log: TaskLog, host: HostLog, result: Result, status: str) -> None:
        told = log.has_room and not (log.censored or result.censored)
        failure = Failure(result.host, status, _error(result.data) if told else None)
        log.failed(failure)
        if status == FAILED and len(host.pending) < MOST_PENDING:
            host.pending.append((log, failure))

    def _follow(self, host: HostLog) -> None:
        """Another task follows a failure: it was rescued, if it could be (``always`` follows, too)."""
        while host.followed < len(host.pending):
            log = host.pending[host.followed][0]
            if log.task.rescued and host.rescued == host.followed:
                host.rescued += 1
                host.set_rescued(host.rescued)
            host.followed += 1

    # -- what is in it --------------------------------------------------------------------------------------------

    def _look_inside(self, log: TaskLog, result: Result, status: str) -> None:
        for part in _parts(result.data):
            loops = log.task.loops and part is not result.data
            if loops:
                log.count_item(_item_status(part))
            if log.task.action == OWN_MODULE:
                self._keep_sent(part)
            elif (_item_status(part) if loops else status) == CHANGED:
                self._name(log, result, part)
            if part.get("ansible_job_id"):
                self._job(log, result, part)

    def _name(self, log: TaskLog, result: Result, part: Mapping[str, Any]) -> None:
        if log.censored or result.censored or "censored" in part:
            return
        if name := things.thing(log.task.action, part, result.arguments) or diffs.subject(part.get("diff")):
            log.things.add(name)
        if part.get("diff") and log.diffs_left and not log.diffs.full:
            log.diffs_left -= 1
            for difference in diffs.differences(part["diff"], contents=self._contents):
                log.diffs.add(difference)

    def _job(self, log: TaskLog, result: Result, part: Mapping[str, Any]) -> None:
        """Remember a job that was launched; take back its change if it turns out to have made none."""
        key = (result.host, str(part["ansible_job_id"]))
        if log.task.action != _ASK:
            if not part.get("finished") and len(self._jobs) < MOST_JOBS:
                self._jobs[key] = log
            return
        launched = self._jobs.get(key)
        if launched is None or not part.get("finished"):
            return
        self._jobs[key] = None
        if part.get("changed") and not part.get("failed") and result.status == OK:
            self._name(launched, result, part)
        elif not launched.task.loops:  # of a loop, other jobs may have made theirs
            self._take_back(launched, result.host)

    def _take_back(self, log: TaskLog, host: str) -> None:
        if log.counts[CHANGED]:
            log.counts[CHANGED] -= 1
            log.counts[OK] += 1
            log.changed_on.drop(host)
            self.hosts[host].counts[CHANGED] -= 1
            self.hosts[host].touched -= 1

    def _keep_sent(self, part: Mapping[str, Any]) -> None:
        """Events that the playbook sent: they belong to this run."""
        if part.get("recorded") is False and not part.get("repeated"):
            return  # a check run, or one that was lost: nobody could look it up
        ids = part.get("ids") if isinstance(part.get("ids"), (list, tuple)) else [part.get("id")]
        event = part.get("event")
        title = event.get("title") if isinstance(event, Mapping) else part.get("title")
        for one in ids or ():
            if isinstance(one, str) and one and len(self.sent) < MOST_SENT:
                self.sent.setdefault(one, title if isinstance(title, str) else None)


def _parts(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results of a loop's items, or the one result."""
    results = data.get("results")
    items = [part for part in results if isinstance(part, Mapping)] if isinstance(results, (list, tuple)) else []
    looped = bool(items) and any("ansible_loop_var" in part or "censored" in part for part in items)
    yield from items if looped else (data,)


def _delegate(target: str, part: Mapping[str, Any]) -> str | None:
    """The machine that one result came from; of a loop, ``{{ item }}`` or ``{{ item.name }}`` is to be filled in."""
    match = _TEMPLATE.fullmatch(target)
    if match is None:
        return None if "{{" in target else target
    value: Any = part
    for step in match[1].split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def _item_status(part: Mapping[str, Any]) -> str:
    """How one item ended; since 2.21 a failed one is known by its exception only, a skipped one by its reason."""
    if _is_failed(part):
        return FAILED
    if part.get("skipped") or "skip_reason" in part:
        return SKIPPED
    return CHANGED if part.get("changed") else OK


def _is_failed(part: Mapping[str, Any]) -> bool:
    return bool(part.get("failed") or part.get("unreachable") or "exception" in part)


def _retries(data: Mapping[str, Any]) -> int:
    attempts = [part.get("attempts") for part in _parts(data)]
    return sum(number - 1 for number in attempts if isinstance(number, int) and number > 1)


def _error(data: Mapping[str, Any]) -> str | None:
    """The error of a result; of a loop, that of its first failed item."""
    parts = list(_parts(data))
    failed = next((part for part in parts if _is_failed(part)), None)
    return error_text(failed if failed is not None and len(parts) > 1 else parts[0] if len(parts) == 1 else data)
