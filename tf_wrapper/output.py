"""Writing to the user's own stdout and stderr, and what they look like to terraform."""

from __future__ import annotations

import os
import select

_DEFAULT_COLUMNS = 78  # what terraform assumes where there is no terminal (internal/terminal)


class OutputClosedError(Exception):
    """Whoever read our stdout or stderr has gone away; terraform would be killed by SIGPIPE here."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, also to a terminal or pipe that somebody made non-blocking.

    What a full disk or a dead terminal does not take is lost, as it is to terraform, which goes on all the same.

    Raises:
        OutputClosedError: the other end is gone.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise OutputClosedError from error
        except OSError:
            return


def columns(descriptor: int) -> int:
    """Width that terraform would wrap to when printing there."""
    try:
        return os.get_terminal_size(descriptor).columns or _DEFAULT_COLUMNS
    except OSError:
        return _DEFAULT_COLUMNS


_muted = False


def mute() -> None:
    """Say nothing more."""
    global _muted  # noqa: PLW0603 - stderr is the process's own, and so is the decision not to use it
    _muted = True


def say(text: str) -> None:
    """One line of our own, on stderr, whatever state stderr is in; silenced by TFEVENT_QUIET."""
    if _muted or os.environ.get("TFEVENT_QUIET", "") not in {"", "0"}:
        return
    line = "tfevent: " + " ".join(text.split()) + "\n"
    try:
        write_all(2, line.encode("utf-8", "replace"))
    except OutputClosedError:
        return  # nobody is there to be told
