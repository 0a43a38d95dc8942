"""The drift check of directories: which terraform commands run, and how their output is interpreted.

A refresh-only plan shows all drift, including drift that nothing depends on. Pending changes are the difference between
the configuration and the stored state: `plan -refresh=false`, which queries no provider about resources. terraform's
exit code only shows whether it failed: with `-detailed-exitcode` it is 2 also for a plan that only rewrites the state
(terraform#36403) or an output (terraform#37406).
"""

from __future__ import annotations

import errno
import os
import stat
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple

from change_events.drift.results import DirectoryCheck, Pending, Reason, Status, Terms
from change_events.errors import InputError
from change_events.text.markdown import one_line
from tf_wrapper.drift import locks
from tf_wrapper.drift.findings import read_findings
from tf_wrapper.drift.messages import Messages
from tf_wrapper.drift.plan_place import PlanPlace, plan_place, state_version
from tf_wrapper.drift.processes import Place, Processes, TooSlowError
from tf_wrapper.drift.variables import variable_words
from tf_wrapper.drift.workspaces import has_workspace
from tf_wrapper.launch.environment import helper_environment
from tf_wrapper.launch.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from concurrent.futures import Future

    from change_events.drift.results import Request
    from change_events.redact import Redactor

_LOOK = 0.1  # seconds between two looks at signals
_NO_DIRECTORY = {
    errno.ENOENT: "no such directory",
    errno.ENOTDIR: "is not a directory",
    errno.ELOOP: "no such directory: too many levels of symbolic links",
    errno.ENAMETOOLONG: "no such directory: the name is too long",
}
_LONGEST_NAME = 90  # of a workspace
_MOVED = "the state was written while it was checked"


class _Asked(NamedTuple):
    """The raw results for a directory.

    Attributes:
        directory: as it was given.
        drift: messages of the refresh-only plan.
        plan: its JSON, if it lists drift.
        pending: messages of the ordinary plan; None if it was not made.
        why: why the result is unknown; empty if the messages say so.
        seconds: duration.
    """

    directory: str
    drift: Messages
    plan: bytes | None = None
    pending: Messages | None = None
    pending_why: str = ""
    failed: bool = False
    why: Reason | None = None
    seconds: float = 0.0


class Checker:
    """Checks directories in parallel.

    Args:
        binary: path of terraform.
        request: the options of the check.
        environ: the user's environment.
    """

    def __init__(self, binary: str, request: Request, environ: Mapping[str, str]) -> None:
        self._binary = binary
        self._tool = "tofu" if os.path.basename(binary).startswith("tofu") else "terraform"
        self._request = request
        self._environ = helper_environment(environ)
        self._variables = variable_words(environ, request.var_files)
        self._processes = Processes(lock=request.lock)

    def results(self, redactor: Redactor, tick: Callable[[float], int]) -> Generator[DirectoryCheck]:
        """Yield the results of the directories as they complete.

        Args:
            redactor: redactor of the whole check: a secret of one directory is hidden in the results of all.
            tick: waits for the given seconds, and returns the number of signals so far: the first one ends the check,
                the second also processes that do not end by themselves.

        Raises:
            KeyboardInterrupt: the check was ended by ``tick``, and no process of it runs any more.
        """
        with ThreadPoolExecutor(max_workers=self._request.parallel, thread_name_prefix="tfevent-drift") as pool:
            open_: set[Future[_Asked]] = {pool.submit(self._ask, one) for one in self._request.directories}
            try:
                while open_:
                    done, open_ = wait(open_, timeout=0, return_when=FIRST_COMPLETED)
                    for one in done:
                        yield self._read(one.result(), redactor)
                    if not done and tick(_LOOK):
                        raise KeyboardInterrupt
            finally:
                for one in open_:
                    one.cancel()
                if open_:
                    self._processes.stop(lambda: tick(_LOOK) > 1)

    def _ask(self, directory: str) -> _Asked:
        started = time.monotonic()
        messages = Messages()
        try:
            asked = self._asked(directory, messages, started + self._request.seconds)
        except TooSlowError:
            asked = _Asked(directory, messages, why=Reason("timeout", f"not done after {self._request.seconds:g} s"))
        except OSError as error:
            asked = _Asked(directory, messages, why=Reason("failed", f"terraform cannot be run: {error.strerror}"))
        return asked._replace(seconds=time.monotonic() - started)

    def _asked(self, directory: str, messages: Messages, deadline: float) -> _Asked:
        workspace = self._workspace(directory)
        if (why := self._obstacle(workspace)) is not None:
            return _Asked(directory, messages, why=why)
        place = Place(workspace.directory, self._environ, deadline)
        exists = has_workspace(self._binary, workspace, place, self._processes, messages)
        if not exists:
            why = Reason("workspace", f"workspace {one_line(workspace.name, _LONGEST_NAME)} does not exist")
            return _Asked(directory, messages, why=None if exists is None else why, failed=exists is None)
        with plan_place() as file:
            words = ["-refresh-only", f"-out={file.path}"]
            code = self._plan(words, place._replace(descriptors=file.descriptors), messages)
            if code != 0 or not messages.planned:
                return _Asked(directory, messages, failed=True)
            plan = None
            if messages.drifts:
                plan = self._processes.output(
                    [self._binary, "show", "-json", file.path], place._replace(descriptors=file.descriptors)
                )
                if plan is None:
                    return _Asked(directory, messages, why=Reason("failed", "terraform cannot show its plan"))
                if locks.is_held(workspace) or self._has_moved(file, place):
                    return _Asked(directory, messages, why=Reason("busy", _MOVED))
        asked = _Asked(directory, messages, plan)
        return self._with_pending(asked, place) if self._request.pending else asked

    def _workspace(self, directory: str) -> Workspace:
        return Workspace(os.path.realpath(directory), self._environ)

    def _obstacle(self, workspace: Workspace) -> Reason | None:
        """Return why a directory cannot be checked, as far as can be known without terraform."""
        if (why := _no_directory(workspace.directory)) is not None:
            return why
        if self._variables is None:
            return Reason("configuration", "TF_CLI_ARGS or TF_CLI_ARGS_plan cannot be read beyond doubt")
        if workspace.runs_remotely:  # to save a plan there makes a run that can be applied
            return Reason("remote", "HCP Terraform plans this directory: see its health assessments")
        return Reason("locked", "locked: a command is writing the state") if locks.is_held(workspace) else None

    def _plan(self, words: list[str], place: Place, messages: Messages) -> int:
        lock = "true" if self._request.lock else "false"
        argv = [self._binary, "plan", "-json", "-input=false", f"-lock={lock}", *words, *(self._variables or ())]
        return self._processes.lines(argv, place, messages.take)

    def _has_moved(self, file: PlanPlace, place: Place) -> bool:
        """Return whether the state has changed since the plan was made: its drift may come from an apply."""
        if any(word.startswith("-state=") for word in self._variables or ()):
            return False  # `state pull` knows no other file than the backend's
        before = file.version()
        data = self._processes.output([self._binary, "state", "pull"], place)
        after = state_version(data) if data else None
        return before is not None and after is not None and before != after

    def _with_pending(self, asked: _Asked, place: Place) -> _Asked:
        messages = Messages()
        try:
            code = self._plan(["-refresh=false"], place, messages)
        except TooSlowError:
            return asked._replace(pending_why=f"not done after {self._request.seconds:g} s")
        return asked._replace(pending=messages, pending_why="" if code == 0 and messages.planned else "failed")

    def _read(self, asked: _Asked, redactor: Redactor) -> DirectoryCheck:
        workspace = self._workspace(asked.directory)
        terms = self._request.terms.get(asked.directory, Terms())
        check = DirectoryCheck(
            redactor.text(asked.directory),
            workspace.directory,
            redactor.text(workspace.name),
            Status.UNKNOWN,
            version=asked.drift.version,
            tool=asked.drift.tool or self._tool,
            seconds=asked.seconds,
            terms=terms.digest,
        )
        if asked.failed or asked.pending_why:
            self._remember_secrets(workspace, redactor)
        if asked.failed or asked.why is not None:
            return check._replace(reason=_redacted(asked.why, redactor) or asked.drift.reason(redactor))
        check = check._replace(status=Status.CLEAN, pending=_pending(asked, redactor))
        if asked.plan is None:
            return check
        try:
            found = read_findings(asked.plan, workspace.directory, terms, redactor)
        except InputError as error:
            return check._replace(status=Status.UNKNOWN, reason=Reason("failed", redactor.text(str(error))))
        status = Status.DRIFT if found.drifted else Status.CLEAN
        return check._replace(status=status, drifted=found.drifted, ignored=found.ignored, noise=found.noise)

    def _remember_secrets(self, workspace: Workspace, redactor: Redactor) -> None:
        """Remember the secrets that an error may quote: of the configuration and of the given variables."""
        from tf_wrapper.configuration.secrets import find_secrets

        words = self._variables or ()
        options = [(name.lstrip("-"), value) for name, _, value in (word.partition("=") for word in words)]
        found = find_secrets(workspace.directory, workspace.data_dir, options, self._environ)
        for value in found.values:
            redactor.remember(value)
        for name, value in found.named:
            redactor.harvest({name: value})


def _no_directory(path: str) -> Reason | None:
    """Return why it is not a directory; None if it is one."""
    try:
        return None if stat.S_ISDIR(os.stat(path).st_mode) else Reason("missing", _NO_DIRECTORY[errno.ENOTDIR])
    except OSError as error:
        text = _NO_DIRECTORY.get(error.errno or 0)
        return Reason("missing", text) if text else Reason("failed", f"it cannot be read: {error.strerror}")


def _redacted(reason: Reason | None, redactor: Redactor) -> Reason | None:
    return reason._replace(text=redactor.text(reason.text)) if reason else None


def _pending(asked: _Asked, redactor: Redactor) -> Pending | None:
    if asked.pending is None:
        return Pending({}, asked.pending_why) if asked.pending_why else None
    if asked.pending_why:
        return Pending({}, asked.pending.reason(redactor).text)
    return Pending({word: number for word, number in sorted(asked.pending.counts.items()) if number})


def check_directories(
    binary: str, request: Request, redactor: Redactor, environ: Mapping[str, str], tick: Callable[[float], int]
) -> Generator[DirectoryCheck]:
    """Check directories; see :class:`Checker`."""
    return Checker(binary, request, environ).results(redactor, tick)
