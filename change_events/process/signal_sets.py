"""Sets of signals by what can be done with them. Imported before a command starts: signal only."""

from __future__ import annotations

import signal

ABOUT_OURSELVES = frozenset({
    # cannot be taken
    signal.SIGKILL, signal.SIGSTOP,
    # faults of our own process
    signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS,
    # our own children; a terminal that we read from or write to in the background, or that stops the job
    signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
})  # fmt: skip
"""Signals that are about the process that gets them, or cannot be taken: never passed on."""
