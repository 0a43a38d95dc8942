"""Runs a command transparently: stdio, signals, exit codes. Independent of events.

The command stays in tfevent's process group, so that it receives the terminal's own signals (Ctrl-C, Ctrl-Z) directly
and once. A signal sent to tfevent alone is forwarded once, after a moment in which the command may react by itself: a
supervisor may have signalled the whole group, and a second interrupt makes many programs, terraform above all, abort at
once.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time

from change_events import output

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType
    from typing import Protocol

    class Relay(Protocol):
        """Decides which of the received signals the command still needs from us."""

        @property
        def patience(self) -> float:
            """Seconds that may pass until the next tick."""

        @property
        def descriptors(self) -> tuple[int, ...]:
            """What wakes whoever waits."""

        def tick(self, noticed: int, /) -> None:
            """Look after new signals; of them the command's output has acknowledged ``noticed`` so far."""


_TICK = 0.02  # seconds between two looks at a growing file
_GRACE = 1.0  # seconds for the command to notice a signal that reached it by itself
_KEY_GRACE = 5.0  # the same for Ctrl-C, which the terminal has almost certainly sent it: it may be busy starting


class Signals:
    """Handles the run's signals, wakes the waiting loop, and reports what came.

    Use as a context manager around everything that runs a command. A signal that was ignored at the start stays
    ignored, for the command too.

    Args:
        more: signals to handle besides SIGINT, SIGTERM and SIGHUP.
    """

    def __init__(self, more: Sequence[int] = ()) -> None:
        self.numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *more)
        self.received: list[int] = []
        self._ignored: set[int] = set()
        self._saved: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)

    def __enter__(self) -> Signals:  # noqa: PYI034 - Self is in typing, which costs 10 ms
        for number in (*self.numbers, signal.SIGCHLD):
            before = signal.getsignal(number)
            if before == signal.SIG_IGN and number != signal.SIGCHLD:
                self._ignored.add(number)
                continue
            self._saved[number] = before
            signal.signal(number, self._note)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._saved.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.received.append(number)

    def wait(self, seconds: float, *descriptors: int) -> bool:
        """Sleep until a signal comes, a descriptor is readable (then True), or the timeout."""
        ready, _, _ = select.select([self._reader, *descriptors], [], [], seconds)
        if self._reader in ready:
            try:
                os.read(self._reader, 512)
            except BlockingIOError:
                return False
        return any(descriptor in ready for descriptor in descriptors)

    def defaults_for_child(self) -> list[int]:
        """Signals to reset to their default in the child: those ignored by Python, and the handled ones."""
        return [signal.SIGPIPE, signal.SIGXFSZ, *self._saved]


class Child:
    """A started process; ``received_before`` is the number of signals received before its start."""

    def __init__(self, pid: int, received_before: int = 0) -> None:
        self.pid = pid
        self.received_before = received_before
        self.status: int | None = None

    def poll(self) -> int | None:
        """Return the exit code (negative: killed by that signal), or None while it runs."""
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 1 << 8
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def spawn(
    argv: Sequence[str],
    environ: Mapping[str, str],
    signals: Signals,
    redirect: Mapping[int, int] | None = None,
) -> Child:
    """Start ``argv`` with tfevent's stdio, except for ``redirect`` (child's descriptor → parent's).

    Raises:
        OSError: it cannot be executed.
    """
    received_before = len(signals.received)
    actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in (redirect or {}).items()]
    pid = os.posix_spawn(
        argv[0],
        [os.path.basename(argv[0]), *argv[1:]],
        dict(environ),
        file_actions=actions,
        setsigdef=signals.defaults_for_child(),
        setsigmask=[],
    )
    child = Child(pid, received_before)
    _started.append(child)
    return child


def spawn_command(argv: Sequence[str], environ: Mapping[str, str], signals: Signals) -> Child:
    """Start ``argv`` like a shell: found on PATH, and run by `sh` if it is a script without `#!`.

    Raises:
        OSError: it cannot be executed; FileNotFoundError: there is no such command.
    """
    try:
        return _spawn_command(argv, environ, signals)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return _spawn_command(["/bin/sh", found_on_path(argv[0]), *argv[1:]], environ, signals)


def _spawn_command(argv: Sequence[str], environ: Mapping[str, str], signals: Signals) -> Child:
    received_before = len(signals.received)
    # no signal mask: what our caller has blocked for the command stays blocked
    pid = os.posix_spawnp(argv[0], list(argv), dict(environ), setsigdef=signals.defaults_for_child())
    child = Child(pid, received_before)
    _started.append(child)
    return child


def found_on_path(name: str) -> str:
    """Return the executable of a command's name; the name itself if there is none."""
    if os.sep in name:
        return name
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return name


_started: list[Child] = []


def finish_running(signals: Signals) -> int | None:
    """Wait for the last started command, if any, and return its exit code, after a bug in tfevent."""
    return wait(_started[-1], signals) if _started else None


def identity(pid: int) -> list[int]:
    """Return the process ID and start time of this process, which distinguish it from a later one with the same ID.

    The start time is in clock ticks since boot (field 22 of /proc/<pid>/stat), 0 without /proc.
    """
    _, ticks = _state_and_start(pid)
    return [pid, ticks]


def _state_and_start(pid: int) -> tuple[str, int]:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0].decode(), int(fields[19])
    except (OSError, ValueError, IndexError):
        return "", 0


def age() -> float | None:
    """Return the seconds since this process was started; None without /proc."""
    _, ticks = identity(os.getpid())
    if not ticks or not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def lives(wanted: list[int]) -> bool:
    """Return whether the process with that :func:`identity` runs; False for a zombie."""
    try:
        os.kill(wanted[0], 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # someone else's: it may be the one
        pass
    state, ticks = _state_and_start(wanted[0])
    return state not in {"Z", "X"} and ticks == wanted[1]


class Forwarder:
    """Decides which received signals to forward to the command, by the acknowledgements in its output.

    If its output is not visible, a :class:`change_events.process.signal_relay.SignalRelay` is more reliable.
    """

    def __init__(self, child: Child, signals: Signals, *, watched: bool) -> None:
        self._child = child
        self._signals = signals
        self._watched = watched  # we see the command's output, and with it whether it has noticed
        self._seen = child.received_before
        self._pending: list[tuple[float, int]] = []
        self._interrupts = 0

    patience = 0.5
    descriptors: tuple[int, ...] = ()

    def tick(self, noticed: int) -> None:
        """Handle new signals. ``noticed``: number of interrupts acknowledged in the command's output so far."""
        for number in self._signals.received[self._seen :]:
            self._take(number)
        self._seen = len(self._signals.received)
        if self._pending and noticed >= self._interrupts:
            self._pending.clear()
        if self._pending and self._pending[0][0] <= time.monotonic():
            self._child.send(self._pending.pop(0)[1])

    def _take(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._child.send(number)  # a program dies of the first one: there is no second to fear
            return
        self._interrupts += 1
        from_keys = number == signal.SIGINT and in_foreground()
        if from_keys and not self._watched:
            return  # the terminal has sent it to the command already
        self._pending.append((time.monotonic() + (_KEY_GRACE if from_keys else _GRACE), number))


def in_foreground() -> bool:
    """Return whether tfevent's process group receives the terminal's keys."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def wait(
    child: Child,
    signals: Signals,
    on_tick: Callable[[], int] | None = None,
    watch: Sequence[int] = (),
    relay: Relay | None = None,
) -> int:
    """Wait for ``child``, passing signals on.

    Args:
        child: the process.
        signals: the active handlers.
        on_tick: called often while it runs and once after it ended; forwards output, returns the interrupts noticed.
        watch: descriptors whose readiness wakes the loop before its next tick.
        relay: decides which signals are passed on; without one the output that ``on_tick`` forwards does.

    Returns:
        Its exit code, negative where a signal killed it.
    """
    forwarder: Relay = relay or Forwarder(child, signals, watched=on_tick is not None)
    before = output.while_blocked(_while_nobody_reads(child, signals, forwarder))
    try:
        while child.poll() is None:
            noticed = on_tick() if on_tick else 0
            forwarder.tick(noticed)
            signals.wait(_TICK if on_tick else forwarder.patience, *watch, *forwarder.descriptors)
    finally:
        output.while_blocked(before and give_up(signals))
    if on_tick:
        on_tick()
    return child.status if child.status is not None else 1


def _while_nobody_reads(child: Child, signals: Signals, forwarder: Relay) -> Callable[[], None]:
    """Signals are for the command as long as it runs; one that comes after its end is for us, who still write."""
    ended: list[Callable[[], None]] = []

    def step() -> None:
        if child.poll() is None:
            forwarder.tick(0)
        elif ended:
            ended[0]()
        else:
            ended.append(give_up(signals))

    return step


def give_up(signals: Signals) -> Callable[[], None]:
    """For :func:`change_events.output.while_blocked`: a signal from now on ends the waiting for whoever reads us."""
    received = len(signals.received)

    def step() -> None:
        if len(signals.received) > received:
            raise output.OutputClosedError

    return step


def open_missing_descriptors() -> None:
    """What is closed of stdin, stdout and stderr becomes /dev/null: no file of ours may come to lie there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def end_as(code: int) -> int:
    """Our exit code for the command's; where a signal killed it, die of the same one: shells see no difference."""
    if code >= 0:
        return code
    number = -code
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # its core, not ours
    if number not in {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number
