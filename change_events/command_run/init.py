"""What process 1 of a container owes to its orphans: to reap them, and to pass signals on.

The kernel gives every orphan of the container to process 1, where it stays as a zombie until that waits for it. The
command's own process cannot do this: waiting for any child would take away the exit codes of the children that it waits
for itself. So process 1 stays behind as a small init, and a child of it goes on.

Imported before the command starts: os and signal only, and our sets of signals.
"""

from __future__ import annotations

import os
import signal

from change_events.process.signal_sets import ABOUT_OURSELVES


def split_off() -> None:
    """Stay behind as init and end with the exit code of a child, which alone comes back from here.

    To be called before there is any thread.
    """
    taken: set[int] = {*(signal.valid_signals() - ABOUT_OURSELVES), signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, taken)
    child = os.fork()
    if child:
        os._exit(_serve(child, taken))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(child: int, taken: set[int]) -> int:
    """Reap what ends and pass on what comes, until the child has ended; gives its exit code as a shell says it."""
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
    """Reap everything that has ended; the child's wait status if it is among it."""
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
