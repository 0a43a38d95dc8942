# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records the playbooks of one command: an event each, and one around several."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.tfevent.infra.plugins.plugin_utils import awx, options, run_document
from ansible_collections.tfevent.infra.plugins.plugin_utils.command_summary import CommandLog
from ansible_collections.tfevent.infra.plugins.plugin_utils.exit_hooks import ExitHooks
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_log import RunLog
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_reporter import RunReporter
from ansible_collections.tfevent.infra.plugins.plugin_utils.session import HandoverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

    from ansible_collections.tfevent.infra.plugins.plugin_utils.client import Client
    from ansible_collections.tfevent.infra.plugins.plugin_utils.records import Circumstances, Result, Task

BETWEEN_PLAYS = "an error outside of any task"
BETWEEN_PLAYBOOKS = "not all playbooks were run"
_FLUSH_SECONDS = 5.0
_EXIT_SECONDS, _DYING_SECONDS = 6.0, 1.0  # that a process of its own is waited for


class Recap(NamedTuple):
    """Ansible's data at the end of a playbook; counts are those of the whole command so far.

    Attributes:
        figures: number of tasks by host and status (:data:`~.task_log.STATUSES`).
        custom: values of ``set_stats`` by name: under ``_run`` for the whole run, else by host.
    """

    figures: Mapping[str, Mapping[str, int]] = {}
    custom: Mapping[str, Mapping[str, Any]] = {}


class Observer:
    """The implementation of the callback's hooks. Its exceptions are bugs, which the callback reports.

    Args:
        client: the available tfevent.
        option: returns the value of an option by name, None if it is not set.
        environ: the variables of this process.
        gather: passes on everything since its last call; called before anything is handed over.
        error: returns the error that ended the run outside of any task, None if unknown.
        warn: takes one line with a problem; ``say`` takes one line of information.
    """

    def __init__(
        self,
        client: Client,
        option: Callable[[str], Any],
        environ: MutableMapping[str, str],
        *,
        gather: Callable[[], None],
        error: Callable[[], str | None],
        warn: Callable[[str], object],
        say: Callable[[str], object],
    ) -> None:
        self._client = client
        self._gather = gather
        self._error = error
        self._environ = environ
        self._warn = warn
        self._say = say
        self._settings = options.environment(option, environ)
        self._filter = options.Filter.of(option)
        self._contents = options.is_on(option("diff_contents"))
        self._exit_hooks = ExitHooks(self._is_at_its_end)
        self._about: Circumstances | None = None
        self._run: RunLog | None = None
        self._reporter: RunReporter | None = None
        self._command: CommandLog | None = None
        self._around: RunReporter | None = None
        self._number = 0
        self._figures: Mapping[str, Mapping[str, int]] = {}
        self._custom: Mapping[str, Any] = {}
        self._all_custom: Mapping[str, Any] = {}
        self._waits = False

    # -- a playbook -----------------------------------------------------------------------------------------------

    def playbook_starts(self, about: Circumstances) -> None:
        """Record the start of a playbook, before its first task."""
        self._exit_hooks.arm()
        self._number += 1
        self._custom = {}
        with self._exit_hooks.step():
            if len(about.playbooks) > 1 and self._command is None:
                self._command = CommandLog(about)
                self._around = self._reporter_of(self._command.event, about)
                self._around.start()
            self._about = about
            self._run = RunLog(check=about.check, contents=self._contents)
            self._reporter = self._reporter_of(self._event, about)  # known before it starts: Ctrl-C settles it, too
            self._reporter.start()

    def playbook_ends(self, recap: Recap) -> None:
        """Settle and deliver the event of a playbook, at its recap."""
        self._take_in()
        if self._run is None or self._about is None:
            return
        self._run.is_over(_since(recap.figures, self._figures), all_counted=self._filter.takes_all)
        self._figures = recap.figures
        self._custom, self._all_custom = _newer(recap.custom, self._all_custom), recap.custom
        last = self._number >= len(self._about.playbooks)
        with self._exit_hooks.step():
            try:
                self._settle(None, deliver=last and self._around is None)
                if last:
                    self._settle_command(None, deliver=True)
            except KeyboardInterrupt:
                if not last:
                    raise
                self._warn(
                    "delivery was interrupted here, and may go on in the background: what is not delivered then waits "
                    "for the next run or `tfevent events flush`"
                )
                self._settle_command(None, deliver=False)

    def learn(self, secrets: Mapping[str, None], variables: Mapping[str, Any]) -> None:
        """Hide these values; see :meth:`RunReporter.learn`."""
        for reporter in (self._reporter, self._around):
            if reporter is not None:
                reporter.learn(secrets, variables)

    def includes(self, task: str, hosts: Iterable[str]) -> None:
        """Note that a task includes a file or a role for these hosts."""
        if self._run is not None:
            self._run.includes(task, [host for host in hosts if self._filter.takes_host(host)])

    # -- within it ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Process everything so far, and write a checkpoint if one is due."""
        self._take_in()
        self._checkpoint()

    def play_starts(self, uuid: str, name: str) -> None:
        """Note the start of a play, or of its next batch."""
        if self._run is not None:
            self._run.play_starts(uuid, name)
            self._checkpoint(soon=True)

    def knows_task(self, uuid: str) -> bool:
        """Return whether a task need not be examined again."""
        return self._run is None or self._run.knows(uuid)

    def task_starts(self, task: Task) -> None:
        """Note the start of a task."""
        if self._run is None:
            return
        if not self._filter.takes_task(task):
            self._run.exclude_task(task)
            return
        self._run.task_starts(task)
        self._checkpoint(soon=True)

    def task_starts_again(self) -> None:
        """Note that a known task starts for other hosts, where it may take long too."""
        if self._reporter is not None and self._reporter.has_time(soon=True):
            self._take_in()
            self._checkpoint(soon=True)

    def knows_host(self, name: str) -> bool:
        """Return whether a host need not be examined again."""
        log = self._run.hosts.get(name) if self._run is not None else None
        return log is not None and log.groups is not None

    def host_seen(self, host: str, groups: tuple[str, ...]) -> None:
        """Note the first task of a host."""
        if self._run is not None and self._filter.takes_host(host):
            self._run.host_seen(host, groups)

    def task_started(self, task: str, host: str, at: float) -> None:
        """Note the start time of a task on a host (seconds since 1970)."""
        if self._run is not None and host in self._run.hosts:
            self._run.task_started(task, host, at)

    def task_result(self, result: Result) -> None:
        """Record the result of a task on a host."""
        if self._run is not None and self._filter.takes_host(result.host):
            self._run.task_result(result)

    def stop(self) -> None:
        """Stop observing after an error in tfevent."""
        for reporter in (self._reporter, self._around):
            if reporter is not None:
                reporter.drop()
        self._run = self._reporter = self._around = self._command = None

    # -- how ------------------------------------------------------------------------------------------------------

    def _reporter_of(self, compose: Callable[..., dict[str, Any]], about: Circumstances) -> RunReporter:
        session = self._client.session(environ=self._settings, directory=about.directory, say=self._warn)
        reporter = RunReporter(session, self._environ, compose)
        reporter.learn(dict.fromkeys(about.secrets), about.variables)
        return reporter

    def _event(self, identity: run_document.Identity, *, over: bool = False, end: str | None = None) -> dict[str, Any]:
        if self._run is None or self._about is None:
            return {}
        made = run_document.event(self._run, self._about, identity, over=over, end=end)
        made |= _launched(self._about, self._environ)
        made["data"] = {**self._custom.get("_run", {}), **_by_host(self._custom)}
        if self._run.reconciled:
            made["data"]["reconciled"] = self._run.reconciled
        return made

    def _take_in(self) -> None:
        with self._exit_hooks.step():
            self._gather()

    def _checkpoint(self, *, soon: bool = False) -> None:
        if self._reporter is None:
            return
        with self._exit_hooks.step():
            try:
                self._reporter.checkpoint(soon=soon)
            except HandoverError as error:
                self._warn(
                    f"cannot write the checkpoint ({error}); if this run is killed, its event will be incomplete"
                )
                self._reporter.no_more_checkpoints()

    def _settle(self, end: str | None, *, deliver: bool, seconds: float | None = None) -> None:
        reporter, run, about = self._reporter, self._run, self._about
        if reporter is None or run is None or about is None:
            return
        try:
            answer = reporter.settle(end, deliver=deliver, seconds=seconds)
            self._note(answer, delivered=reporter.delivers)
            if self._command is not None:
                self._command.add(run, about, answer)
            else:
                self._report_to_user(answer)
        finally:
            self._reporter = self._run = None

    def _settle_command(self, end: str | None, *, deliver: bool, seconds: float | None = None) -> None:
        """Settle the event around several playbooks; their events are delivered with it, within one budget."""
        around, self._around = self._around, None
        if around is not None:
            answer = around.settle(end, deliver=deliver, seconds=seconds)
            self._note(answer, delivered=around.delivers)
            self._report_to_user(answer)

    def _note(self, answer: Mapping[str, Any], *, delivered: bool) -> None:
        """Return whether deliveries are pending; those that were tried and wait have used their budget."""
        self._waits = not delivered and (self._waits or "waiting" in dict(answer.get("destinations") or {}).values())

    def _report_to_user(self, answer: Mapping[str, Any]) -> None:
        if answer.get("line"):
            self._say(str(answer["line"]))

    # -- the end of the process -----------------------------------------------------------------------------------

    def _is_at_its_end(self, number: int | None, dying: bool) -> None:
        """Settle what is still open, without threads, which an interpreter at its end cannot start."""
        end = run_document.SIGNALS.get(number or 0)
        about = self._about
        seconds = _DYING_SECONDS if dying else _EXIT_SECONDS
        if self._run is not None:
            self._gather()
            self._run.error = None if end else self._error()
        all_begun = about is None or self._number >= len(about.playbooks)
        around = end or (BETWEEN_PLAYS if all_begun else BETWEEN_PLAYBOOKS)
        try:
            self._settle(end or BETWEEN_PLAYS, deliver=False, seconds=seconds)
        finally:  # a process of its own may not be through in time, and goes on
            self._settle_command(around, deliver=False, seconds=seconds)
        if self._waits and about is not None:
            _flush(self._settings, about.directory, wait=not dying)


def _flush(environ: Mapping[str, str], directory: str, *, wait: bool) -> None:
    """Deliver waiting events, in a process of its own if this one has only moments left."""
    command = [sys.executable, "-P", "-m", "tf_wrapper", "events", "flush", "--timeout", f"{_FLUSH_SECONDS:.0f}"]
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if wait:
        try:
            process.wait(_FLUSH_SECONDS + 1)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            return


def _launched(about: Circumstances, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the controller that launched the run, if any."""
    actor, links = awx.actor(about.variables, environ)
    actor = actor or awx.of_pull(awx.parent_command(os.getppid()))
    return {"actor": actor, "links": links} if actor else {}


def _since(
    figures: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """Return the counts of this playbook alone, for the hosts it ran on."""
    found = {
        host: {name: number - before.get(host, {}).get(name, 0) for name, number in counts.items()}
        for host, counts in figures.items()
    }
    return {host: counts for host, counts in found.items() if any(counts.values())}


def _newer(custom: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the custom values set since; Ansible's are those of the whole command so far."""
    fresh = {
        whose: {name: value for name, value in values.items() if (name, value) not in before.get(whose, {}).items()}
        for whose, values in custom.items()
    }
    return {whose: values for whose, values in fresh.items() if values}


def _by_host(custom: Mapping[str, Any]) -> dict[str, Any]:
    rest = {host: values for host, values in sorted(custom.items()) if host != "_run"}
    return {"per_host": rest} if rest else {}
