"""The duties of process 1 of a container: reaping orphans, and forwarding signals.

The kernel reparents every orphan of the container to process 1, where it stays a zombie until it is waited for. The
command's own process cannot do this: waiting for any child would take the exit codes of the children that it waits for
itself. So process 1 stays as a small init, and a child of it continues.

Imported before the command starts: only os, signal and the sets of signals.
"""

from __future__ import annotations

import os
import signal

from change_events.process.signal_sets import ABOUT_OURSELVES


def split_off() -> None:
    """Fork: process 1 stays as init and ends with the child's exit code; only the child returns.

    To be called before any thread is started.
    """
    taken: set[int] = {*(signal.valid_signals() - ABOUT_OURSELVES), signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, taken)
    child = os.fork()
    if child:
        os._exit(_serve(child, taken))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(child: int, taken: set[int]) -> int:
    """Reap children and forward signals until the child has ended; returns its exit code as a shell does."""
    while True:
        number = signal.sigwait(taken)
        if number != signal.SIGCHLD:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                continue
        elif (status := _reaped(child)) is not None:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _reaped(child: int) -> int | None:
    """Reap everything that has ended; returns the child's wait status if it has."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        if pid == child:
            found = status
