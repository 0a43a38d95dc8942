# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Converts a playbook's run log to the event of the run, in the shape of the published schema, not redacted."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.tfevent.infra.plugins.plugin_utils import versions
from ansible_collections.tfevent.infra.plugins.plugin_utils.records import FAILED, UNREACHABLE, Circumstances
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import (
    CHANGED,
    IGNORED,
    RESCUED,
    STATUSES,
    Failure,
    HostLog,
    TaskLog,
    worst,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.tfevent.infra.plugins.plugin_utils.run_log import RunLog

MOST_CHANGES = 500
MOST_HOSTS = 1000
MOST_GROUPS = 100
MOST_UNFINISHED = 100
_NUMBER = re.compile(r"(\d+)")
_HANDLED = (RESCUED, IGNORED)
_NOT_PLAIN = {"all", "ungrouped"}


class Identity(NamedTuple):
    """The identity of one run.

    Attributes:
        id: ID of its event.
        started_at: seconds since 1970.
        trace: ``run_id``, ``trace_id``, ``span_id``, ``parent_span_id``, ``parent_run_id``.
    """

    id: str
    started_at: float
    trace: Mapping[str, str | None]


class Paths:
    """File names relative to the repository around a directory, else to the directory itself."""

    def __init__(self, directory: str) -> None:
        self._root = _repository(directory) or directory

    def name(self, path: str) -> str:
        """Return ``roles/web/tasks/main.yml``; a path elsewhere stays absolute."""
        relative = os.path.relpath(path, self._root)
        return path if relative.startswith(os.pardir) else relative


def _repository(directory: str) -> str | None:
    folder = os.path.abspath(directory)
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def event(
    run: RunLog, about: Circumstances, identity: Identity, *, over: bool = False, end: str | None = None
) -> dict[str, Any]:
    """Return the event of one playbook.

    Args:
        run: its log.
        about: its circumstances.
        identity: its ID, start and trace.
        over: it has ended.
        end: what ended it before its recap.
    """
    paths = Paths(about.directory)
    logs = [log for log in run.logs if log.happened or _unfinished(run, log) or run.is_open(log)]
    changes = [_change(run, log, paths) for log in _most_important(logs)]
    _make_unique(changes)
    hosts = _hosts(run)
    check = about.check and not _really_changed(run)
    document = circumstances(about, identity)
    document["phase"] = "checked" if check else "applied"
    plays = [about.ad_hoc] if about.ad_hoc else list(run.plays.values())
    document["playbook"] |= _without_nothing(plays=plays, end=end, **_versions(run))
    document |= {
        "summary": _summary(run, logs, check=check),
        "changes": changes,
        "hosts": hosts[:MOST_HOSTS],
        "failures": [*_own_failures(run), *(_failure(change) for change in changes if change["outcome"] == "failed")],
        "related": [_without_nothing(id=one, relation="sent", title=title) for one, title in run.sent.items()],
    }
    left_out = {"changes": len(logs) - len(changes), "hosts": max(len(hosts) - MOST_HOSTS, 0)}
    if any(left_out.values()):
        document["truncated"] = left_out
    if over:
        document |= {"outcome": outcome(run, end, check=check), "ended_at": moment(max(run.now(), identity.started_at))}
    return document


def circumstances(about: Circumstances, identity: Identity) -> dict[str, Any]:
    """Return the parts of an event known before the run."""
    paths = Paths(about.directory)
    return {
        "id": identity.id,
        "kind": "infrastructure",
        "phase": "checked" if about.check else "applied",
        "started_at": moment(identity.started_at),
        "title": "",
        "tool": _without_nothing(
            name="ansible", version=about.version, command=" ".join(about.command), directory=about.directory
        ),
        "trace": {name: value for name, value in identity.trace.items() if value is not None},
        "playbook": _without_nothing(
            file=paths.name(about.file) if about.file else None,
            tags=[tag for tag in about.tags if tag != "all"],
            skip_tags=about.skip_tags,
            limit=about.limit,
            inventory=[paths.name(source) if os.path.isabs(source) else source for source in about.inventory],
            check=about.check,
            diff=about.diff,
            start_at_task=about.start_at_task,
            forks=about.forks,
            variables=sorted(about.variables),
        ),
    }


def moment(seconds: float) -> str:
    """Return seconds since 1970 in RFC 3339."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


# -- how it went --------------------------------------------------------------------------------------------------


def _really_changed(run: RunLog) -> bool:
    """Return whether a check run changed something, through a task with ``check_mode: false``."""
    return any(log.changed_something and not log.checked for log in run.logs)


def outcome(run: RunLog, end: str | None, *, check: bool) -> str:
    """Return the outcome of the whole run, as in the schema; ``check`` for a check run."""
    did = any(log.changed_something and (check or not log.checked) for log in run.logs)
    fell = any(host.status in {FAILED, UNREACHABLE} for host in run.hosts.values())
    if end in SIGNALS.values():
        return "cancelled"
    if fell or end is not None:
        return "partial" if did else "failed"
    return "succeeded" if did else "no_change"


SIGNALS = {2: "interrupted (SIGINT)", 15: "terminated (SIGTERM)", 1: "hung up (SIGHUP)"}


def _summary(run: RunLog, logs: Iterable[TaskLog], *, check: bool) -> dict[str, Any]:
    changed = [log for log in logs if log.changed_something]
    real = [log for log in changed if check or not log.checked]
    outcomes = [_outcome(run, log) for log in logs]
    statuses = tally(host.status for host in run.hosts.values() if not host.is_only_a_delegate)
    hosts_changed = sum(bool(host.touched) for host in run.hosts.values())
    found = {
        "counts": {"change": len(real)},
        "outcomes": {name: outcomes.count(name) for name in ("applied", "failed", "unknown") if name in outcomes},
        "by_type": tally(log.task.action for log in real),
        "by_module": tally(log.task.role for log in real if log.task.role),
        "hosts": statuses,
        "tasks": _task_counts(run, real),
        "by_group": _groups(run),
    }
    if hosts_changed != statuses.get(CHANGED, 0):
        found["hosts_changed"] = hosts_changed
    return found if check else {**found, "applied": {"change": len(real)}}


def _task_counts(run: RunLog, changed: list[TaskLog]) -> dict[str, int]:
    worsts = [worst({**log.counts, CHANGED: 0}) for log in run.logs]
    bad = worsts.count(FAILED) + worsts.count(UNREACHABLE)
    figures = {"failed": bad, RESCUED: worsts.count(RESCUED), IGNORED: worsts.count(IGNORED)}
    total = sum(log.rounds for log in run.logs if any(log.counts.values()))
    return {"total": total, CHANGED: sum(log.changed_rounds for log in changed), **figures}


def _groups(run: RunLog) -> dict[str, dict[str, int]]:
    members: dict[str, list[str]] = {}
    for host in run.hosts.values():
        for group in host.groups or ():
            if group not in _NOT_PLAIN and (group in members or len(members) < MOST_GROUPS):
                members.setdefault(group, []).append(host.status)
    return {group: tally(statuses) for group, statuses in members.items()}


def tally(words: Iterable[str]) -> dict[str, int]:
    """Count each word."""
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


# -- tasks --------------------------------------------------------------------------------------------------------


def _most_important(logs: list[TaskLog]) -> list[TaskLog]:
    """Return tasks in order of their start; of too many, failed ones before those with changes."""
    if len(logs) <= MOST_CHANGES:
        return logs
    ranked = sorted(logs, key=lambda log: not (log.counts[FAILED] or log.counts[UNREACHABLE]))[:MOST_CHANGES]
    kept = {id(log) for log in ranked}
    return [log for log in logs if id(log) in kept]


def _unfinished(run: RunLog, log: TaskLog) -> list[str]:
    return [host for host, running in run.running.items() if running is log]


def _outcome(run: RunLog, log: TaskLog) -> str:
    if log.counts[FAILED] or log.counts[UNREACHABLE]:
        return "failed"
    if _unfinished(run, log) or run.is_open(log):
        return "unknown"
    return "planned" if log.checked else "applied"


def _change(run: RunLog, log: TaskLog, paths: Paths) -> dict[str, Any]:
    task = log.task
    bad = log.counts[FAILED] or log.counts[UNREACHABLE]
    only_handled = not (log.changed_something or bad or _outcome(run, log) == "unknown")
    return _without_nothing(
        address=f"{task.role} : {task.name}" if task.role else task.name,
        action="no_op" if only_handled else "change",
        outcome=_outcome(run, log),
        type=task.action,
        name=task.name,
        module=task.role,
        duration=round(max(log.ended - log.began, 0), 3),
        error=next((f.error for f in log.failures if f.status not in _HANDLED and f.error), None),
        source=_without_nothing(file=paths.name(task.file), line=task.line) if task.file else None,
        task=_task_run(run, log),
    )


def _task_run(run: RunLog, log: TaskLog) -> dict[str, Any]:
    unfinished = _unfinished(run, log)
    omitted = log.changed_on.more + log.failures_more + max(len(unfinished) - MOST_UNFINISHED, 0)
    return _without_nothing(
        play=log.play,
        role=log.task.role,
        handler=log.task.handler,
        rounds=log.rounds if log.rounds > 1 else None,
        hosts={status: number for status in STATUSES if (number := log.counts[status])},
        changed_on=_sorted(log.changed_on.texts),
        failures=[_host_failure(failure) for failure in sorted(log.failures, key=lambda one: _natural(one.host))],
        hosts_omitted=omitted,
        delegated_to=_sorted(log.delegated_to.texts),
        items=log.items,
        retries=log.retries,
        things=_sorted(log.things.texts),
        things_omitted=log.things.more,
        diff=_sorted(log.diffs.texts),
        checked=log.checked,
        censored=log.censored,
        unfinished=_sorted(unfinished)[:MOST_UNFINISHED],
    )


def _sorted(texts: list[str]) -> list[str]:
    """Sort results by name: their order is random, and readers compare runs."""
    return sorted(texts, key=_natural)


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key that puts ``web2`` before ``web10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(text)]


def _host_failure(failure: Failure) -> dict[str, Any]:
    status = None if failure.status == FAILED else failure.status  # which goes without saying
    return _without_nothing(host=failure.host, error=failure.error, status=status)


def _make_unique(changes: list[dict[str, Any]]) -> None:
    """Number tasks of the same name, since the address is used as a key."""
    seen: dict[str, int] = {}
    for change in changes:
        seen[change["address"]] = number = seen.get(change["address"], 0) + 1
        if number > 1:
            change["address"] += f" #{number}"


def _own_failures(run: RunLog) -> list[dict[str, Any]]:
    """Return the error that is not a task's."""
    return [{"summary": run.error}] if run.error else []


def _failure(change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the failure entry of a failed task."""
    failed = [f for f in change["task"].get("failures", ()) if f.get("status") not in _HANDLED]
    hosts = change["task"]["hosts"]
    number = hosts.get(FAILED, 0) + hosts.get(UNREACHABLE, 0)
    first = failed[0] if failed else {"host": ""}
    several = f"{number} hosts, first {first['host']}"
    if "rounds" in change["task"]:  # figures are sums over them
        several = f"{first['host']} and {number - 1} more times"
    where = first["host"] if number == 1 else several
    what = "unreachable:" if first.get("status") == UNREACHABLE else "failed on"
    reason = (first.get("error") or "").split("\n", 1)[0]
    return _without_nothing(
        summary=f"{what} {where}: {reason}" if reason else f"{what} {where}",
        detail=first.get("error"),
        address=change["address"],
        **(change.get("source") or {}),
    )


# -- the rest -----------------------------------------------------------------------------------------------------


def _hosts(run: RunLog) -> list[dict[str, Any]]:
    """Return all hosts: failed ones first, then changed ones."""
    order = {FAILED: 0, UNREACHABLE: 1, CHANGED: 2}
    named = sorted(run.hosts.items(), key=lambda item: (order.get(item[1].status, 3), _natural(item[0])))
    return [_host(name, host) for name, host in named]


def _host(name: str, host: HostLog) -> dict[str, Any]:
    status = host.fell.status if host.fell and host.is_only_a_delegate else host.status
    return {"name": name, "status": status, **{status: n for status, n in host.counts.items() if n}}


def _versions(run: RunLog) -> dict[str, Any]:
    met = [log.task for log in run.logs if any(log.counts.values())]
    return {"collections": versions.of_collections(task.action for task in met), "roles": versions.of_roles(met)}


def _without_nothing(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, (), [], {}, False, 0, "")}
