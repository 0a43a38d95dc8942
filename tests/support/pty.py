"""Running a command as a person or a pipeline would: on a pseudo-terminal or pipes, answering as it asks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import selectors
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.speed import HANG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Stdio:
    """How the command's stdio is connected; ``columns`` only where it is a terminal, which may not know its size."""

    name: str
    columns: int = 0
    rows: int = 24
    merged: bool = False
    sized: bool = True


TERMINAL = Stdio("tty", columns=80)
WIDE = Stdio("wide", columns=132, rows=50)
UNSIZED = Stdio("unsized", columns=80, sized=False)  # 0 columns and 0 rows, as `script` makes it in a pipeline
NARROWEST = Stdio("narrowest", columns=1, rows=1)
WIDEST = Stdio("widest", columns=10_000)
PIPES = Stdio("pipes")
MERGED = Stdio("merged", merged=True)  # 2>&1


class Hidden(str):
    """Keys that are asked for without echo: typed only when the terminal does not show them any more."""

    __slots__ = ()


@dataclass(frozen=True)
class Result:
    """What a command left behind: exit code (negative: killed by that signal) and its output."""

    code: int
    stdout: bytes
    stderr: bytes


class Session:
    """One running command. On a terminal and with 2>&1, everything is in ``stdout``.

    Use as a context manager: leaving it kills what still runs and closes what is open.
    """

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdio: Stdio) -> None:
        self._output: dict[int, bytearray] = {}
        self._selector = selectors.DefaultSelector()
        if stdio.columns:
            self._start_on_terminal(argv, cwd, env, stdio)
        else:
            self._start_on_pipes(argv, cwd, env, stdio)
        self._seen = 0

    def _start_on_terminal(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], stdio: Stdio) -> None:
        master, slave = os.openpty()
        size = (stdio.rows, stdio.columns) if stdio.sized else (0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
        )
        os.close(slave)
        self._stdin: int | None = master
        self._stdout = self._stderr = master
        self._watch(master)

    def _start_on_pipes(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], stdio: Stdio) -> None:
        stdin, self._stdin = os.pipe()
        self._stdout, stdout = os.pipe()
        self._stderr, stderr = (self._stdout, stdout) if stdio.merged else os.pipe()
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        for descriptor in {stdin, stdout, stderr}:
            os.close(descriptor)
        for descriptor in {self._stdout, self._stderr}:
            self._watch(descriptor)

    def _watch(self, descriptor: int) -> None:
        self._output[descriptor] = bytearray()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.close_stdin()
        for descriptor in {self._stdout, self._stderr}:
            self.close_output(descriptor)
        self._selector.close()

    def expect(self, text: str) -> None:
        """Wait until ``text`` is printed on stdout, after what the last call waited for."""
        needle = text.encode()
        self._until(lambda: needle in self._output[self._stdout][self._seen :], f"{text!r} to be printed")
        self._seen = self._output[self._stdout].index(needle, self._seen) + len(needle)

    def answer(self, prompt: str, answers: Sequence[str], otherwise: str) -> None:
        """Type the answers in turn as ``prompt`` appears, then ``otherwise``, until the command ends."""
        needle = prompt.encode()
        waiting = list(answers)
        while True:
            self._until(lambda: self._over() or needle in self._output[self._stdout][self._seen :], "its end")
            at = self._output[self._stdout].find(needle, self._seen)
            if at < 0:
                return
            self._seen = at + len(needle)
            keys = waiting.pop(0) if waiting else otherwise
            if isinstance(keys, Hidden):
                self._until(self._echo_is_off, "the terminal's echo to be off")
            self.type(keys)

    def expect_file(self, path: Path) -> None:
        """Wait until ``path`` exists."""
        self.expect_that(path.exists, f"{path.name} to appear")

    def expect_that(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until ``condition`` holds; ``what`` says what was missing if it never does."""
        self._until(condition, what)

    def expect_connection(self, listener: socket.socket) -> socket.socket:
        """Wait until somebody connects to ``listener``, and accept."""
        ready = selectors.DefaultSelector()
        ready.register(listener, selectors.EVENT_READ)
        self._until(lambda: bool(ready.select(0)), "a connection")
        ready.close()
        return listener.accept()[0]

    def left(self) -> list[str]:
        """Names of the processes of its group that are still there."""
        return [name for name, group in _processes() if group == self.process.pid]

    def type(self, keys: str) -> None:
        """Write to its stdin: keys on a terminal, bytes on a pipe. Nothing happens when nobody reads it."""
        if self._stdin is None:
            return
        try:
            os.write(self._stdin, keys.encode())
        except OSError as error:
            if error.errno not in {errno.EPIPE, errno.EIO}:
                raise

    def close_stdin(self) -> None:
        """End of file on a pipe; a terminal has none (type Ctrl-D)."""
        if self._stdin is not None and self._stdin != self._stdout:
            os.close(self._stdin)
        self._stdin = None

    def close_output(self, descriptor: int | None = None) -> None:
        """Stop reading, as `head -1` does."""
        chosen = self._stdout if descriptor is None else descriptor
        if chosen in self._selector.get_map():
            self._selector.unregister(chosen)
            os.close(chosen)

    def signal(self, number: int) -> None:
        """Send a signal to the command alone."""
        os.kill(self.process.pid, number)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as dragging its window does; the kernel sends SIGWINCH."""
        fcntl.ioctl(self._stdout, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def finish(self) -> Result:
        """Wait for its end; every descriptor that its children hold open counts."""
        self._until(self._over, "the command to end")
        err = b"" if self._stderr == self._stdout else bytes(self._output[self._stderr])
        return Result(self.process.returncode, bytes(self._output[self._stdout]), err)

    def _echo_is_off(self) -> bool:
        return not termios.tcgetattr(self._stdout)[3] & termios.ECHO

    def _over(self) -> bool:
        return not self._selector.get_map() and self.process.poll() is not None

    def _until(self, condition, what: str) -> None:
        deadline = time.monotonic() + HANG
        while not condition():
            if time.monotonic() > deadline:
                text = b"".join(bytes(part) for part in self._output.values()).decode("utf-8", "replace")
                raise TimeoutError(f"waited {HANG:.0f} s for {what}; so far it printed:\n{text}")
            self._pump()

    def _pump(self) -> None:
        """Take what is there; wait a little where nothing is."""
        if not self._selector.get_map():
            time.sleep(0.005)
            return
        for key, _ in self._selector.select(0.02):
            descriptor = key.fd
            try:
                data = os.read(descriptor, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                data = b""  # Linux: nobody has the terminal open any more
            self._output[descriptor] += data
            if not data:
                if descriptor == self._stdin:
                    self._stdin = None
                self.close_output(descriptor)


def _processes() -> Iterator[tuple[str, int]]:
    """(name, process group) of every process that is alive."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has ended meanwhile
        state, _parent, group = rest.split()[:3]
        if state != "Z":
            yield name, int(group)
