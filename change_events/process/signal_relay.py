"""Passing signals on to a command of which it is not known whether it has received them already.

A signal may come to us alone (`docker stop`, `kill PID`) or to our whole process group, the command included (Ctrl-C,
a CI system that cancels a job). Passed on in the second case, it comes twice, and many programs take a second one for
"at once": they drop their locks and lose data. So a *probe* stands beside the command: a process of ours in the same
group that does nothing but report which signals it gets. What the probe hears too is not passed on.

Imported before the command starts: os, signal and time only, and our sets of signals.
"""

from __future__ import annotations

import os
import signal
import time

from change_events.process.signal_sets import ABOUT_OURSELVES

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.process import Child, Signals

_TAKEN_ANYWAY = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}  # by change_events.process.Signals
# a pipe or a file of our own; what lets a stopped job go on: its shell signals the whole group
_LEFT_ALONE = ABOUT_OURSELVES | {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCONT}
PASSED_ON = tuple(sorted(signal.valid_signals() - _TAKEN_ANYWAY - _LEFT_ALONE))
"""Every other signal that a command may be sent: servers take SIGWINCH and real-time signals as orders."""
_GRACE = 0.3  # seconds in which a group's members are signalled one by one, as systemd and Jenkins do
_PROBE_SECONDS = 2.0  # for an answer of the probe, on a machine that is very busy
_PING = b"\0"  # no signal has this number


class SignalProbe:
    """The process beside the command. It ends with us, whatever ends us, and holds nothing of ours open.

    To be made before the command and before any thread; ``close`` it when the command has ended.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self.heard: dict[int, float] = {}
        self.last_pong = 0.0
        self.gone = False
        self.reader, reports = os.pipe()
        listens, self._ping = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        try:
            self._pid = os.fork()
            if not self._pid:
                _stand_by(numbers, listens, reports)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(listens)
        os.close(reports)
        os.set_blocking(self.reader, False)

    def ping(self) -> None:
        """Ask it to answer, which it does after it has reported every signal received so far."""
        try:
            os.write(self._ping, _PING)
        except OSError:  # someone has killed it
            self.gone = True

    def listen(self) -> None:
        """Read what it has reported so far."""
        try:
            numbers = os.read(self.reader, 4096)
        except BlockingIOError:
            return
        self.gone = self.gone or not numbers
        now = time.monotonic()
        for number in numbers:
            if number == _PING[0]:
                self.last_pong = now
            else:
                self.heard[number] = now

    def close(self) -> None:
        """End it, also where it is stopped."""
        os.close(self._ping)
        os.close(self.reader)
        try:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        except (ChildProcessError, ProcessLookupError):
            return


def probe_beside(signals: Signals) -> SignalProbe | None:
    """A probe for these signals; None where no process can be made for it."""
    try:
        return SignalProbe(signals.numbers)
    except OSError:
        return None


class Probed:
    """A probe beside a command, as a context manager around its start and its end.

    Args:
        signals: the active handlers.
        possible: False where threads have been started: they must not be forked.
    """

    def __init__(self, signals: Signals, *, possible: bool = True) -> None:
        self._signals = signals
        self._possible = possible
        self._probe: SignalProbe | None = None

    def __enter__(self) -> Probed:  # noqa: PYI034 - Self is in typing, which costs 10 ms
        self._probe = probe_beside(self._signals) if self._possible else None
        return self

    def __exit__(self, *_: object) -> None:
        if self._probe:
            self._probe.close()

    def relay(self, child: Child) -> SignalRelay | None:
        """What decides for this command; None without a probe."""
        return SignalRelay(child, self._signals, self._probe) if self._probe else None


def _stand_by(numbers: Sequence[int], listens: int, reports: int) -> None:
    """The probe: report each signal by its number, answer pings, and end when the other end is closed."""
    try:
        for number in numbers:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: None)
        os.set_blocking(reports, False)
        signal.set_wakeup_fd(reports, warn_on_full_buffer=False)
        _close_all_but(listens, reports)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        while pings := os.read(listens, 64):
            os.write(reports, pings)
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Someone may wait for the end of a pipe that we have inherited."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        numbers = list(range(1024))
    for number in numbers:
        if number not in kept:
            try:
                os.close(number)
            except OSError:  # the one that listed them
                continue


class SignalRelay:
    """Decides which of the received signals the command still needs from us."""

    def __init__(self, child: Child, signals: Signals, probe: SignalProbe | None) -> None:
        self._child = child
        self._signals = signals
        self._probe = probe
        self._seen = child.received_before
        self._pending: list[tuple[float, int]] = []  # when it came, and what

    @property
    def patience(self) -> float:
        """Seconds that may pass until the next :meth:`tick`."""
        return 0.02 if self._pending else 0.5

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What wakes whoever waits."""
        return (self._probe.reader,) if self._probe and not self._probe.gone else ()

    def tick(self, _noticed: int = 0) -> None:
        """Look after new signals; what the command's output acknowledges is not needed to know."""
        now = time.monotonic()
        for number in self._signals.received[self._seen :]:
            self._pending.append((now, number))
            if self._probe:
                self._probe.ping()
        self._seen = len(self._signals.received)
        if self._probe:
            self._probe.listen()
        self._pending = [(came, number) for came, number in self._pending if not self._decided(came, number, now)]

    def _decided(self, came: float, number: int, now: float) -> bool:
        """Whether nothing is left to do about this one; passes it on if the probe has not heard of it."""
        if self._probe and self._probe.heard.get(number, 0.0) >= came - _GRACE:
            return True
        if now < came + _GRACE or not (self._answered(came) or now >= came + _PROBE_SECONDS):
            return False
        self._child.send(number)
        return True

    def _answered(self, came: float) -> bool:
        """Whether the probe has reported all that it ever will about a signal that came then."""
        return self._probe is None or self._probe.gone or self._probe.last_pong >= came
