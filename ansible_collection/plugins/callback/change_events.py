# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The callback: passes Ansible's calls on, as plain values, to :mod:`..plugin_utils.observer`.

With :mod:`..plugin_utils.learning`, the only module of the observation that uses Ansible's objects. Each hook extracts
only what is needed. No error may reach the run: an exception from a callback is a warning at each task, an
AssertionError ends the run, a failed import stops it at the start.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: change_events
type: notification
short_description: Record one change event per playbook run
version_added: 0.1.0
author: The tfevent authors (@tfevent)
description:
  - Records what a playbook run changed, by task and host, as one redacted event in a journal on the controller, and
    delivers it to Sematext Events and the other destinations of C(tfevent.yaml).
  - A run that changed nothing leaves no event, unless O(report=always).
requirements:
  - the Python package C(tfevent) in Ansible's own environment, or the command C(tfevent) on E(PATH)
extends_documentation_fragment:
  - tfevent.infra.common
options:
  include_tags:
    description: Globs of tags, separated by commas. Only tasks with one of these tags are recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_INCLUDE_TAGS}]
    ini: [{section: callback_tfevent, key: include_tags}]
    vars: [{name: tfevent_include_tags}]
  exclude_tags:
    description: Globs of tags, separated by commas. Tasks with one of these tags are not recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_EXCLUDE_TAGS}]
    ini: [{section: callback_tfevent, key: exclude_tags}]
    vars: [{name: tfevent_exclude_tags}]
  include_hosts:
    description: Globs of host names, separated by commas. Only results of these hosts are recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_INCLUDE_HOSTS}]
    ini: [{section: callback_tfevent, key: include_hosts}]
    vars: [{name: tfevent_include_hosts}]
  exclude_hosts:
    description: Globs of host names, separated by commas. Results of these hosts are not recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_EXCLUDE_HOSTS}]
    ini: [{section: callback_tfevent, key: exclude_hosts}]
    vars: [{name: tfevent_exclude_hosts}]
  include_tasks:
    description: Globs of task names, separated by commas. Only these tasks are recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_INCLUDE_TASKS}]
    ini: [{section: callback_tfevent, key: include_tasks}]
    vars: [{name: tfevent_include_tasks}]
  exclude_tasks:
    description: Globs of task names, separated by commas. These tasks are not recorded.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_EXCLUDE_TASKS}]
    ini: [{section: callback_tfevent, key: exclude_tasks}]
    vars: [{name: tfevent_exclude_tasks}]
  diff_contents:
    description: >-
      Record the lines that C(--diff) shows for files of up to 20,000 characters, redacted. Without it, only which files
      and attributes differ.
    type: raw
    env: [{name: TFEVENT_ANSIBLE_DIFF_CONTENTS}]
    ini: [{section: callback_tfevent, key: diff_contents}]
    vars: [{name: tfevent_diff_contents}]
"""

EXAMPLES = r"""
enable: |-
  In ansible.cfg, with the options in a section of their own:

  [defaults]
  callbacks_enabled = tfevent.infra.change_events

  [callback_tfevent]
  environment = prod
  service = shop
  sematext_token_file = ~/.config/tfevent/sematext.token
  exclude_tags = check,facts

one run: |-
  By variables, for one run:

  ANSIBLE_CALLBACKS_ENABLED=tfevent.infra.change_events TFEVENT_REPORT=always ansible-playbook site.yml

extra variables: |-
  From ansible-core 2.21 on:

  ansible-playbook site.yml -e tfevent_service=shop
"""

import os
import sys
import time
from contextlib import contextmanager, suppress
from functools import wraps
from operator import attrgetter

from ansible import context
from ansible.executor.task_result import TaskResult
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version
from ansible_collections.tfevent.infra.plugins.plugin_utils import (
    ansible_objects,
    callback_options,
    client,
    errors,
    records,
    variables,
)
from ansible_collections.tfevent.infra.plugins.plugin_utils.learning import Learning, host_variables
from ansible_collections.tfevent.infra.plugins.plugin_utils.observer import Observer, Recap
from ansible_collections.tfevent.infra.plugins.plugin_utils.result_buffer import BEGINS, WHOLE, ResultBuffer
from ansible_collections.tfevent.infra.plugins.plugin_utils.session import HandoverError

_NEW = hasattr(TaskResult, "task")  # since ansible-core 2.19
_task = attrgetter("task" if _NEW else "_task")
_host = attrgetter("host" if _NEW else "_host")
_SAME_MOMENT = 0.05  # seconds; the strategy `free` reports the start of a task on each host
_IGNORED = "ignored"  # a failure that the playbook says to ignore
_MEANT = ansible_objects.MEANT


def _unharmed(hook):
    """Protect the run from errors: one warning, and the callback switches itself off."""

    @wraps(hook)
    def guarded(self, *given, **named):
        try:
            return hook(self, *given, **named)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is wrong with us
            self._give_up(error)

    return guarded


def _keeps(status):
    """Return the hook for results of this status, which keeps a result without details by its status only."""

    def kept(self, result):
        try:
            task, raw = _task(result), getattr(result, "_return_data", None)
            if raw is None:  # a function of ours is called only where it must be: see the hooks below
                raw = ansible_objects.raw(result)
            if task._uuid in self._plain and not raw.get("changed") and raw.keys().isdisjoint(_MEANT):
                is_time = self._buffer.keep(status, _host(result).name, task._uuid)
            else:
                is_time = self._buffer.keep_whole(result, status)
            if is_time:
                self._observer.catch_up()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is wrong with us
            self._give_up(error)

    return kept


class CallbackModule(CallbackBase):
    """The hooks, of one or two lines each."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "tfevent.infra.change_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self._observer = None
        self._buffer = ResultBuffer()
        self._play = self._learning = None
        self._shown = frozenset()  # errors that Ansible had shown before the run
        self._begun, self._begun_at = None, 0.0  # the task that began last, and when, in seconds since 1970
        self._plain = set()  # tasks of whose results nothing is needed but how they ended, where nothing has changed

    # -- the run --------------------------------------------------------------------------------------------------

    @_unharmed
    def v2_playbook_on_start(self, playbook):
        if self._observer is None:
            self._observer = self._observe()
        if self._observer is not None:
            self._shown = frozenset(errors.shown(self._display))
            self._plain = set()  # the next playbook is reported on its own
            self._learning = Learning(self._observer.learn, playbook._loader)
            self._buffer.begin()
            self._observer.playbook_starts(ansible_objects.circumstances(playbook, context.CLIARGS, ansible_version))

    @_unharmed
    def v2_playbook_on_play_start(self, play):
        if self._observer is None:  # ansible-console has no playbook that begins
            self.disabled = True
            return
        self._observer.catch_up()
        self._play = play
        self._learning.play_starts(play)
        self._observer.play_starts(str(play._uuid), str(play.get_name()))

    @_unharmed
    def v2_playbook_on_stats(self, stats):
        figures = {str(host): ansible_objects.figures(stats.summarize(host)) for host in stats.processed}
        self._observer.playbook_ends(Recap(figures, variables.plain(stats.custom or {})))

    # -- tasks ----------------------------------------------------------------------------------------------------

    @_unharmed
    def v2_playbook_on_handler_task_start(self, task):
        self._task_starts_again(task)

    @_unharmed
    def v2_playbook_on_include(self, included_file):
        hosts = [str(host.get_name()) for host in included_file._hosts]
        self._observer.includes(str(included_file._task._uuid), hosts)

    # These are called for each task on each host. Whatever they touch lies on a page that the last fork shared, and
    # that is copied for it: they do without a wrapper, and call next to nothing.

    def v2_playbook_on_task_start(self, task, is_conditional):  # noqa: ARG002 - by name, as Ansible calls it
        try:
            now = time.time()
            if task._uuid != self._begun or not 0 <= now - self._begun_at < _SAME_MOMENT:
                self._begun, self._begun_at = task._uuid, now
                self._task_starts_again(task)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is wrong with us
            self._give_up(error)

    def v2_runner_on_start(self, host, task):
        try:
            if self._buffer.keep(BEGINS, host, task._uuid):
                self._observer.catch_up()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is wrong with us
            self._give_up(error)

    v2_runner_on_ok = _keeps(records.OK)
    v2_runner_on_skipped = _keeps(records.SKIPPED)

    @_unharmed
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._keep_whole(result, _IGNORED if ignore_errors else records.FAILED)

    @_unharmed
    def v2_runner_on_unreachable(self, result):
        self._keep_whole(result, records.UNREACHABLE)

    # -- how ------------------------------------------------------------------------------------------------------

    def _observe(self):
        if os.environ.get("TFEVENT_DISABLE", "") not in {"", "0"}:
            self.disabled = True
            return None
        installation = client.load_apart()
        if installation is None:
            self._warn(client.missing())
            self.disabled = True
            return None
        for text in callback_options.misspelt(self._plugin_options):
            self._warn(text)
        return Observer(
            installation,
            self.get_option,
            os.environ,
            gather=self._gather,
            error=lambda: errors.outside_of_tasks(self._display, self._shown),  # of what is shown by then
            warn=self._warn,
            say=self._say,
        )

    def _keep_whole(self, result, how):
        if self._buffer.keep_whole(result, how):
            self._observer.catch_up()

    def _gather(self):
        """Process all buffered calls, and learn further secrets."""
        self._buffer.look(self._look)
        self._observer.learn(dict.fromkeys(self._learning.secrets_of_files()), {})

    def _look(self, at, what, one, other):
        if what == BEGINS:
            self._task_started(at, one, other)
        elif what == WHOLE:
            self._task_result(at, one, other)
        else:
            self._observer.task_result(records.Result(str(other), str(one), what, {}, at=at))

    def _task_starts_again(self, task):
        if self._observer.knows_task(str(task._uuid)):
            self._observer.task_starts_again()
        else:
            self._observer.catch_up()
            self._task_starts(task)

    def _task_started(self, at, host, uuid):
        name = str(host.get_name())
        if not self._observer.knows_host(name):
            self._observer.host_seen(name, tuple(str(group.get_name()) for group in host.get_groups()))
        self._observer.task_started(str(uuid), name, at)

    def _task_starts(self, task):
        if not self._observer.knows_task(str(task._uuid)):
            has_environment = self._learning.task_starts(task)
            self._observer.task_starts(ansible_objects.record(task))
            if not has_environment and ansible_objects.is_plain(task):
                self._plain.add(task._uuid)

    def _task_result(self, at, result, how):
        task = _task(result)
        ignored = how == _IGNORED or (how == records.UNREACHABLE and bool(task.ignore_unreachable))
        status = records.FAILED if how == _IGNORED else how
        data = ansible_objects.data(task, result, status)
        self._learning.task_ends(task, data, failed=status in {records.FAILED, records.UNREACHABLE})
        self._task_starts(task)
        censored = bool(task.no_log) or "censored" in data or bool(data.get("_ansible_no_log"))
        self._observer.task_result(
            records.Result(
                str(task._uuid),
                str(_host(result).get_name()),
                status,
                data,
                ignored=ignored,
                delegate_to=str(task.delegate_to) if task.delegate_to else None,
                checked=bool(task.check_mode),
                censored=censored,
                arguments=records.no_arguments if censored else ansible_objects.arguments(task),
                variable=self._variables_of(task, _host(result)) if task.delegate_to else records.no_variable,
                at=at,
            )
        )

    def _variables_of(self, task, host):
        """Return a function for the variables of a host by name, looked up on first use."""
        found = {}

        def variable(name):
            if not found:
                manager = self._play.get_variable_manager()
                found.update(host_variables(manager, play=self._play, host=host) | task.get_vars())
            return found.get(name)

        return variable

    def _warn(self, text):
        with _regardless_of_errors():
            self._display.warning("tfevent: " + " ".join(text.split()))

    def _say(self, text):
        with _regardless_of_errors():
            self._display.display("tfevent: " + " ".join(text.split()), stderr=True)

    def _give_up(self, error):
        self.disabled = True
        self._buffer.clear()
        client.show_where(error)
        observer, self._observer = self._observer, None
        text = (
            str(error)
            if isinstance(error, HandoverError)
            else f"{type(error).__name__} in the callback (TFEVENT_DEBUG=1 shows where)"
        )
        self._warn(f"this run is not recorded any further: {text}")
        if observer is not None:
            observer.stop()


@contextmanager
def _regardless_of_errors():
    """Write a message; if standard error cannot be written (full disk, closed), it is lost, and Ansible continues.

    Unwritten text would stay in the stream and fail the interpreter at its end.
    """
    try:
        yield
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            number = sys.stderr.fileno()
            kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            sys.stderr.flush()
            os.dup2(kept, number)
            os.close(kept)
            os.close(nowhere)
