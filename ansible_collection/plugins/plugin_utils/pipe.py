# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passes documents to a `tfevent` command in a process of its own.

One process per event. It reads the documents, one per line, on its standard input; if that ends without a settled
document, or if this process ends because Ansible was killed, it records the outcome as unknown. (A worker of Ansible
may outlive Ansible and keeps the pipe open.) It has a process session of its own, so that neither Ctrl-C nor the end of
Ansible's process group ends it.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils.session import (
    EventRejectedError,
    HandoverError,
    NoProcessError,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START_SECONDS = 30.0  # secrets may come from commands, which may take their time
SETTLE_SECONDS = 20.0  # beside the budget of delivery; it keeps that itself, and this is the backstop
_OURS = "tfevent: "
EXIT_DATA = 65  # of `tfevent events`: the event contradicts itself
_LEAVE_SECONDS = 0.2  # that it may take to end after its last answer
_CHUNK = 65536
_PIPE = 1 << 20  # bytes that may be on their way: a checkpoint of thousands of hosts, which is not waited for


class PipeSession:
    """A :class:`~.session.Session` through a command.

    Args:
        command: the command that reads documents.
        environ: the environment. Variables that this process does not have are sent with the first document: the
            environment of a process can be read while it runs, and settings may have secrets.
        directory: where settings and the git repository are looked for.
        say: takes one line for the user.
        instead: opens the session to use if the command cannot run.
    """

    outlives = True

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        directory: str,
        say: Callable[[str], object],
        instead: Callable[[], Session] | None = None,
    ) -> None:
        self.instead = instead
        self._command = list(command)
        self._settings = {name: value for name, value in environ.items() if os.environ.get(name) != value}
        self._directory = directory
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._stdin = self._stdout = -1  # descriptors, of the process
        self._errors: Any = None
        self._heard = 0  # bytes of it
        self._budget = 0.0  # seconds that it may take to deliver
        self._unsent = b""
        self._unread = b""

    def start(self, document: Mapping[str, Any]) -> None:
        """Start the process, and wait until the run is on disk."""
        self._send({**document, "state": "started", "writer_pid": os.getpid()}, START_SECONDS)
        answer = self._answer(START_SECONDS)
        if answer.get("state") != "started" or "api" in answer:
            raise NoProcessError(f"{self._command[0]} is something else than tfevent: it answers otherwise")
        self._budget = float(answer.get("budget", 0.0))
        self._report()

    def checkpoint(self, document: Mapping[str, Any]) -> None:
        """Send a checkpoint, unless the process is still busy with the last one: never waits."""
        if self._process is None:
            return
        self._write(0)
        if not self._unsent:
            self._send({**document, "state": "running"}, 0)

    def settle(self, document: Mapping[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
        """Send the final document and wait for the answer, with a time limit."""
        return self._last_word({**document}, seconds or SETTLE_SECONDS + self._budget)

    def preview(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what would be recorded."""
        return self._last_word({**document, "preview": True}, SETTLE_SECONDS)

    def close(self) -> None:
        """Close the pipe; the process ends by itself."""
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout, self._errors):
                _close(stream)

    def _last_word(self, document: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        try:
            self._send(document, seconds)
            process = self._process
            _close(process.stdin if process else None)
            answer = self._answer(end - time.monotonic())
            if answer.get("state") == "started":  # Ctrl-C came before it was read
                answer = self._answer(end - time.monotonic())
            if process:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LEAVE_SECONDS)  # so that it is not left as a zombie
            return answer
        finally:
            self._report()
            self.close()

    def _send(self, document: Mapping[str, Any], seconds: float) -> None:
        if self._process is None:
            self._begin()
            document = {**document, "directory": self._directory, "environ": self._settings}
        self._unsent += _line(document)
        self._write(seconds)
        if seconds and self._unsent:
            raise HandoverError(f"{self._command[0]} does not read what it is given")

    def _begin(self) -> None:
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except (OSError, ValueError, TypeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise NoProcessError(f"{self._command[0]} cannot be run: {why}") from error
        self._stdin, self._stdout = _number(self._process.stdin), _number(self._process.stdout)
        os.set_blocking(self._stdin, False)
        with suppress(OSError, AttributeError):  # of Linux only, and not beyond what a user may have
            fcntl.fcntl(self._stdin, fcntl.F_SETPIPE_SZ, _PIPE)

    def _write(self, seconds: float) -> None:
        """Write to the pipe, with a time limit."""
        end = time.monotonic() + seconds
        while self._unsent and self._process is not None:
            try:
                self._unsent = self._unsent[os.write(self._stdin, self._unsent) :]
            except BlockingIOError:
                left = end - time.monotonic()
                if left <= 0:
                    return
                select.select([], [self._stdin], [], left)
            except OSError as error:
                raise self._complaint() from error

    def _answer(self, seconds: float) -> dict[str, Any]:
        """Return the next line of its output. Raises HandoverError on timeout."""
        end = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not select.select([self._stdout], [], [], max(end - time.monotonic(), 0))[0]:
                raise HandoverError(f"{self._command[0]} takes longer than {seconds:.0f} s, and goes on by itself")
            data = os.read(self._stdout, _CHUNK)
            if not data:
                raise self._complaint()
            self._unread += data
        line, _dummy, self._unread = self._unread.partition(b"\n")
        try:
            return dict(json.loads(line))
        except ValueError as error:
            raise HandoverError(f"{self._command[0]} printed invalid JSON") from error

    def _complaint(self) -> HandoverError:
        """Return why it accepts no input: its own messages, which are free of secrets."""
        code = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(timeout=1)
        if code is None:
            return HandoverError(f"{self._command[0]} stopped reading")
        words = self._words()
        if code == EXIT_DATA and words:
            return EventRejectedError(words[-1])
        return NoProcessError(f"{self._command[0]} failed: {words[-1] if words else f'exit code {code}'}")

    def _report(self) -> None:
        """Report its messages since the last time."""
        for line in self._words() if self._process else ():
            self._say(line)

    def _words(self) -> list[str]:
        """Return its own lines; other lines there (of the interpreter, of commands) may contain anything."""
        data = os.pread(self._errors.fileno(), _CHUNK, self._heard)  # the place in the file is the process's, too
        self._heard += len(data)
        lines = data.decode("utf-8", "replace").splitlines()
        return [line.removeprefix(_OURS) for line in lines if line.startswith(_OURS)]


def _line(document: Mapping[str, Any]) -> bytes:
    """Return the document as a line of strict JSON: no NaN, no lone surrogates."""
    try:
        text = json.dumps(document, default=str, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(document), default=str, ensure_ascii=False)
    return text.encode("utf-8", "replace") + b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {_finite(name): _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value


def _number(stream: IO[bytes] | None) -> int:
    return stream.fileno() if stream is not None else -1


def _close(stream: Any) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:  # what it holds back cannot be delivered any more
        return
