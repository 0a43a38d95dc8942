"""Our own lines on the user's stderr, and writing to a stdout that may have gone away. Light: os and select only."""

from __future__ import annotations

import os
import select


class OutputClosedError(Exception):
    """Whoever read our stdout or stderr has gone away; a command would be killed by SIGPIPE here."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, also to a terminal or pipe that somebody made non-blocking.

    What a full disk or a dead terminal does not take is lost, as it is to other programs, which go on all the same.

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


def describe(error: Exception) -> str:
    """One line about a failure of ours; its own text only where it is known to be free of secrets."""
    from change_events.errors import TfeventError

    if os.environ.get("TFEVENT_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, TfeventError):
        return str(error)
    return f"{type(error).__name__} in tfevent (TFEVENT_DEBUG=1 shows where)"
