# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gathers the results of a playbook while it runs: by task over all hosts, and by host.

Memory is bounded by the number of tasks and hosts, not of results: a result is examined once and discarded. This module
reads no files, never waits, and does not know Ansible's objects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import diffs, module_targets, recap, results
from ansible_collections.tfevent.infra.plugins.plugin_utils.records import FAILED, OK, UNREACHABLE, Result, Task
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import (
    CHANGED,
    IGNORED,
    MOST_PENDING,
    Failure,
    Fall,
    HostLog,
    TaskLog,
)

OWN_MODULE = "tfevent.infra.change_event"
_BUILTIN = ("", "ansible.builtin.", "ansible.legacy.")
_META = frozenset(prefix + "meta" for prefix in _BUILTIN)
_INCLUDES = frozenset(prefix + name for prefix in _BUILTIN for name in ("include", "include_role", "include_tasks"))
# what these change is what Ansible knows, and no machine
_KNOWLEDGE = ("add_host", "gather_facts", "group_by", "include_vars", "set_fact", "set_stats", "setup")
_NO_MACHINE = frozenset([OWN_MODULE, *(prefix + name for prefix in _BUILTIN for name in _KNOWLEDGE)])
MOST_TASKS = 2_000  # tasks whose results may still come: with included files, there can be some for each host
MOST_ROUNDS = 50  # logs of one task that a host comes by again and again: the last one sums up all further rounds
MOST_JOBS = 50_000  # asynchronous jobs that no one has asked about yet
MOST_SENT = 100  # events that the playbook sent itself
_ASK = "ansible.builtin.async_status"


Place = tuple[str, str, "int | None", str, bool]


class RunLog:
    """One playbook from start to end.

    Args:
        check: the run is a check.
        contents: also record the lines shown by ``--diff``.

    Attributes:
        plays: names of the started plays, in order.
        logs: log of each task, in the order of their start.
        hosts: outcome of each host.
        running: hosts with a task that has not ended, with its log.
        sent: IDs and titles of events sent by the playbook.
        error: error that ended it outside of any task, if known.
        reconciled: where the recap's counts differ from those counted here; see :mod:`.recap`.
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
        self.error: str | None = None
        self.reconciled: dict[str, dict[str, dict[str, int]]] = {}
        self._begun: TaskLog | None = None
        self._play = ""
        self._tasks: dict[str, Task] = {}
        # tasks that are not recorded, and whether a failure of theirs is rescued
        self._left_out: dict[str, bool | None] = {}
        self._places: dict[Place, list[TaskLog]] = {}
        self._jobs: dict[tuple[str, str], TaskLog | None] = {}  # None: it is known how it ended
        self._hidden_jobs: set[str] = set()  # hosts with jobs whose ids are censored
        self._moment: float | None = None  # of what is looked at

    def now(self) -> float:
        """Seconds since 1970: of the call being processed, else the clock."""
        return self._clock() if self._moment is None else self._moment

    # -- what the callback is called for --------------------------------------------------------------------------

    def play_starts(self, uuid: str, name: str) -> None:
        """Note the start of a play; a play with ``serial`` calls this for each batch."""
        self.plays.setdefault(uuid, name)
        self._play = uuid
        for host in self.hosts.values():
            host.last = None

    def knows(self, task: str) -> bool:
        """Return whether this task has started, or is excluded."""
        return task in self._tasks or task in self._left_out

    def task_starts(self, task: Task) -> None:
        """Note the start of a task; the strategy ``free`` calls this for each host."""
        _make_room(self._tasks)
        self._tasks[task.uuid] = task
        self._begun = self._logs_at(task)[-1]

    def is_open(self, log: TaskLog) -> bool:
        """Return whether this task was the last to start and has no results yet: it may be running anywhere."""
        return log is self._begun and not any(log.counts.values())

    def exclude_task(self, task: Task) -> None:
        """Note the start of a task that is not recorded: only whether its failure removes a host matters."""
        _make_room(self._left_out)
        self._left_out[task.uuid] = task.rescued

    def host_seen(self, host: str, groups: tuple[str, ...]) -> None:
        """Note the first task of a host, and its groups in the inventory."""
        self.host(host).groups = groups

    def task_started(self, task: str, host: str, at: float | None = None) -> None:
        """Note the start of a task on a host; ``at`` is in seconds since 1970, by default now."""
        self._moment = at
        if task in self._tasks:
            self.running[host] = self._log(self._tasks[task], self.host(host))

    def task_result(self, result: Result) -> None:
        """Record the result of a task on a host."""
        self._moment = result.at
        begun = self.running.pop(result.host, None)
        task = self._tasks.get(result.task)
        if task is None:
            self._result_of_excluded(result)
            return
        if task.action in _META:
            return  # the recap does not count them
        host = self.host(result.host)
        repeated = host.last is not None and host.last[0] == result.task
        log = host.last[2] if repeated and host.last else begun or self._log(task, host)
        if not repeated:
            log.add_host(result.host, host)
        log.ended = self.now()
        log.checked = log.checked or result.checked
        log.censored = log.censored or result.censored
        self._again(log, host, result)
        status = self._status(log, result)
        self._count(log, host, result, status, again=repeated)
        log.retries += results.retries(result.data)
        self._look_inside(log, result, status)

    def includes(self, task: str, hosts: Iterable[str]) -> None:
        """Note that a task includes a file or a role for these hosts: the recap counts each as ok."""
        for name in hosts if task not in self._left_out else ():
            self.host(name).counts[OK] += 1

    def is_over(self, figures: Mapping[str, Mapping[str, int]], *, all_counted: bool = True) -> None:
        """End the playbook at its recap.

        Args:
            figures: number of tasks by host and status (:data:`~.task_log.STATUSES`).
            all_counted: False if some tasks or hosts are excluded here; then only rescues are used.
        """
        self._moment = self._begun = None
        self.running.clear()
        for name in figures if all_counted else ():
            self.host(name)
        self.reconciled = recap.take_over(self.hosts, figures, all_counted=all_counted)

    # -- where it is kept -----------------------------------------------------------------------------------------

    def host(self, name: str) -> HostLog:
        """Return the outcome of this host, created if needed."""
        host = self.hosts.get(name)
        if host is None:
            host = self.hosts[name] = HostLog(len(self.hosts))
        return host

    def _logs_at(self, task: Task) -> list[TaskLog]:
        """Return the logs of one place in the code.

        An included file yields new tasks for each batch of hosts, or for each host; for a reader they are the same
        tasks. Only a host that reaches it a second time needs another log.
        """
        place = (self._play, task.file or task.uuid, task.line, task.action, task.handler)
        logs = self._places.setdefault(place, [])
        return logs or self._another(logs, task)

    def _another(self, logs: list[TaskLog], task: Task) -> list[TaskLog]:
        log = TaskLog(task, self.plays.get(self._play), self.now())
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
        """Replace the result of a task that ends twice on a host (a missing include: ok, then failed)."""
        if host.last == (result.task, OK, log) and result.status == FAILED:
            log.counts[OK] -= 1

    def _status(self, log: TaskLog, result: Result) -> str:
        """Return the effective status: a failure that says "changed" is a failure, a polled job is not a new change."""
        if result.ignored and result.status in {FAILED, UNREACHABLE}:
            return IGNORED
        if result.status != OK or not result.data.get("changed"):
            return result.status
        if log.task.action in _NO_MACHINE:
            return OK
        return OK if log.task.action == _ASK and self._was_counted(result) else CHANGED

    def _was_counted(self, result: Result) -> bool:
        """Return whether every job of the result was counted when it was launched."""
        if result.host in self._hidden_jobs:
            return True
        return all((result.host, str(part.get("ansible_job_id"))) in self._jobs for part in results.parts(result.data))

    def _count(self, log: TaskLog, host: HostLog, result: Result, status: str, *, again: bool) -> None:
        log.counts[status] += 1
        changed = result.status != UNREACHABLE and bool(result.data.get("changed"))
        recap.count(host.counts, log.task.action in _INCLUDES, status, changed=changed)
        host.last = (result.task, status, log)
        where = self._where(log, result)
        failed = status in {FAILED, UNREACHABLE, IGNORED}
        failure = self._failed(log, host, result, status, again=again) if failed else None
        if status == CHANGED or (failure and self._is_partly_done(log, result)):
            log.partly += status != CHANGED
            log.changes(result.host)
            for target in where.changed:
                log.changed_on.add(target)
            self._touch(where.changed, result)
        if failure:
            for target in where.failed:
                self.host(target).fell = self.host(target).fell or failure
        if host.pending and status != FAILED:
            self._follow(host)

    def _is_partly_done(self, log: TaskLog, result: Result) -> bool:
        """Return whether a failed loop has changed something."""
        if not log.task.loops or log.task.action in _NO_MACHINE or log.task.action == _ASK:
            return False
        return any(results.item_status(part) == CHANGED for part in results.items(result.data))

    def _where(self, log: TaskLog, result: Result) -> results.Where:
        """Return the machines that were changed, and others that failed; none if unknown."""
        where = results.where(result.data, result.delegate_to, result.host, result.variable, failed=result.status != OK)
        for name in where.delegates:
            log.delegated_to.add(name)
        return where

    def _touch(self, targets: tuple[str, ...], result: Result) -> None:
        if self._check or not result.checked:  # a task that is only checked in a real run touches nothing
            for target in targets:
                self.host(target).touched += 1

    def _failed(self, log: TaskLog, host: HostLog, result: Result, status: str, *, again: bool) -> Failure:
        is_shown = log.has_room and not (log.censored or result.censored)
        failure = Failure(result.host, status, results.error(result.data) if is_shown else None)
        log.failed(failure)
        if status == FAILED and len(host.pending) < MOST_PENDING:
            # the recap counts no include as rescued whose file or role cannot be loaded: it was ok, and fails again
            rescued = False if again and log.task.action in _INCLUDES else log.task.rescued
            host.pending.append(Fall(log, failure, rescued))
        return failure

    def _result_of_excluded(self, result: Result) -> None:
        """Count the rescues of excluded tasks, as the recap does."""
        host, rescued = self.hosts.get(result.host), self._left_out.get(result.task)
        if host is None or rescued is None:
            return
        if result.status != FAILED:
            self._follow(host)
        elif not result.ignored and len(host.pending) < MOST_PENDING:
            host.pending.append(Fall(None, Failure(result.host, FAILED, None), rescued))

    def _follow(self, host: HostLog) -> None:
        """Note that a task follows a failure, which was then rescued, if that is possible."""
        if host.followed < len(host.pending):
            host.followed = len(host.pending)
            host.set_rescued(host.may_be_rescued()[0])

    # -- what is in it --------------------------------------------------------------------------------------------

    def _look_inside(self, log: TaskLog, result: Result, status: str) -> None:
        for part in results.parts(result.data):
            loops = log.task.loops and part is not result.data
            if loops:
                item = results.item_status(part)
                log.count_item(OK if item == CHANGED and log.task.action in _NO_MACHINE else item)
            if log.task.action == OWN_MODULE:
                self._keep_sent(part)
            elif (results.item_status(part) if loops else status) == CHANGED:
                self._name(log, result, part)
            if part.get("ansible_job_id"):
                self._job(log, result, part)
            elif log.task.launches and (log.censored or result.censored):
                self._hidden_jobs.add(result.host)

    def _name(self, log: TaskLog, result: Result, part: Mapping[str, Any]) -> None:
        if log.censored or result.censored or "censored" in part:
            return
        if name := module_targets.thing(log.task.action, part, result.arguments) or diffs.subject(part.get("diff")):
            log.things.add(name)
        if part.get("diff") and log.diffs_left and not log.diffs.full:
            log.diffs_left -= 1
            path = module_targets.path(part, result.arguments)
            for difference in diffs.differences(part["diff"], contents=self._contents, path=path):
                log.diffs.add(difference)

    def _job(self, log: TaskLog, result: Result, part: Mapping[str, Any]) -> None:
        """Remember a launched job; undo its change if it turns out to have made none."""
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
            if log.rounds == 1 or not log.counts[CHANGED]:  # else it may have changed the host in another round
                log.changed_on.drop(host)
            self.hosts[host].touched -= 1

    def _keep_sent(self, part: Mapping[str, Any]) -> None:
        """Keep the events sent by the playbook, which belong to this run."""
        if part.get("recorded") is False and not part.get("repeated"):
            return  # a check run, or one that was lost: no one could look it up
        ids = part.get("ids") if isinstance(part.get("ids"), (list, tuple)) else [part.get("id")]
        event = part.get("event")
        title = event.get("title") if isinstance(event, Mapping) else part.get("title")
        for one in ids or ():
            if isinstance(one, str) and one and len(self.sent) < MOST_SENT:
                self.sent.setdefault(one, title if isinstance(title, str) else None)


def _make_room(tasks: dict[str, Any]) -> None:
    """Drop a task; it is reported again if it recurs."""
    if len(tasks) >= MOST_TASKS:
        del tasks[next(iter(tasks))]
