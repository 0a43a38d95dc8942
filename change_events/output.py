"""Our own lines on the user's stderr, and writing to a stdout that may have gone away. Light: os and select only."""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable


class OutputClosedError(Exception):
    """Whoever read our stdout or stderr has gone away; a command would be killed by SIGPIPE here."""


_AT_ONCE = 4096  # bytes that a pipe takes without blocking, once it takes any (POSIX: PIPE_BUF)
_PATIENCE = 0.2  # seconds
_while_blocked: Callable[[], None] | None = None


def while_blocked(step: Callable[[], None] | None) -> Callable[[], None] | None:
    """Have ``step`` called a few times a second while no one takes our output; returns what was called before.

    It may raise OutputClosedError: then the rest is not written.
    """
    global _while_blocked
    before, _while_blocked = _while_blocked, step
    return before


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, also to a terminal or pipe that someone made non-blocking.

    What a full disk or a dead terminal does not take is lost, as it is to other programs, which go on all the same.

    Raises:
        OutputClosedError: the other end is gone.
    """
    view = memoryview(data)
    while view:
        try:
            while not select.select([], [descriptor], [], _PATIENCE)[1]:
                if _while_blocked:
                    _while_blocked()
            view = view[os.write(descriptor, view[:_AT_ONCE]) :]
        except BlockingIOError:
            continue
        except ValueError:  # select takes no descriptor as large as this
            view = view[os.write(descriptor, view) :]
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
    """One line of our own, on stderr, whatever state stderr is in.

    The setting ``quiet`` leaves out the line on what was recorded, which its callers ask about; mistakes are printed.
    """
    if _muted:
        return
    line = "tfevent: " + " ".join(text.split()) + "\n"
    try:
        write_all(2, line.encode("utf-8", "replace"))
    except OutputClosedError:
        return  # there is no one to notify


def describe(error: Exception) -> str:
    """One line about a failure of ours; its own text only where it is known to be free of secrets."""
    from change_events.errors import TfeventError

    if os.environ.get("TFEVENT_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, TfeventError):
        return str(error)
    return f"{type(error).__name__} in tfevent (TFEVENT_DEBUG=1 shows where)"
