"""The end of a command: the only place that converts errors to a line and an exit code. Without click."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from change_events.cli.render.terminal import clean_lines
from change_events.errors import EventRejectedError, LedgerError, TfeventError

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_ERROR = 1
EXIT_DATA = 65  # sysexits' EX_DATAERR: an event that contradicts itself, by which other programs know it
EXIT_LEDGER = 69  # sysexits' EX_UNAVAILABLE: the team's ledger cannot be used
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
_OUTPUT_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE, likewise


def exit_code_of(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; errors are printed on standard error."""
    _open_missing_streams()
    _make_printable()
    try:
        return _flushed(command)
    except EventRejectedError as error:
        _complain(str(error))
        return EXIT_DATA
    except LedgerError as error:
        _complain(str(error))
        return EXIT_LEDGER
    except TfeventError as error:
        return _complain(str(error))
    except MemoryError:
        return _complain("not enough memory for this command")
    except Exception as error:  # noqa: BLE001 - its own text may quote a secret: only its place is printed
        return _complain(_describe_bug(error))


def _flushed(command: Callable[[], int]) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_PIPE_CLOSED
    except OSError as error:
        if error.filename or error.errno not in _OUTPUT_TROUBLE:
            raise
        _silence_stdout()
        raise TfeventError(f"the output cannot be written: {error.strerror}") from error
    return code


def _complain(text: str) -> int:
    for line in clean_lines(text):
        print(f"tfevent: {line}", file=sys.stderr)  # noqa: T201 - a command line prints
    return EXIT_ERROR


def _describe_bug(error: Exception) -> str:
    import traceback

    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"this is a bug in tfevent: {type(error).__name__}{place}, please report it"


def _is_ours(filename: str) -> bool:
    return any(f"{os.sep}{package}{os.sep}" in filename for package in ("change_events", "tf_wrapper"))


def _open_missing_streams() -> None:
    """Connect closed standard streams to the null device."""
    from change_events.process import open_missing_descriptors

    open_missing_descriptors()
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise


def _make_printable() -> None:
    """Print question marks for characters that the terminal cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence_stdout() -> None:
    """Keep the interpreter's flush at exit from reporting output that cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
