"""Following terraform's machine-readable stream while it is written to a file, and showing it to the user."""

from __future__ import annotations

import json
import os
import re

from tf_wrapper.apply_log import StreamReader
from tf_wrapper.human import HumanRenderer
from tf_wrapper.output import OutputClosedError, columns, say, write_all

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tf_wrapper.apply_log import StreamResult
    from tf_wrapper.arguments import Parsed
    from tf_wrapper.human.findings import PlanWarning

_CHUNK = 1 << 20
_INTERRUPTS = (b"Interrupt received.", b"Two interrupts received.")
_OF_CHECK = b'"context":"check \\"'
_APPLIED = re.compile(rb"Apply complete! Resources: [^\"]*?(\d+) destroyed\.")
_REPEATED = (
    b'"type":"version"',
    b'"type":"planned_change"',
)  # the plan half of a -json apply has printed them


class Follower:
    """Reads a growing stream once: for the user's terminal and for the outcome.

    Args:
        path: the file that terraform writes to.
        show: gets each complete line and prints it.
        finish: called when the stream has ended.
    """

    def __init__(self, path: str, show: Callable[[bytes], None], finish: Callable[[], None]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._show = show
        self._finish = finish
        self._reader = StreamReader()
        self._rest = b""
        self.interrupts = 0
        self._broken = False
        self._unread: Exception | None = None

    def pump(self) -> None:
        """Take what has been written by now.

        Raises:
            OutputClosedError: nobody reads our output any more.
        """
        while chunk := os.read(self._descriptor, _CHUNK):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self._take_all(lines)

    def _take_all(self, lines: Sequence[bytes]) -> None:
        """Take every line, also when the user's end closes at one of them: the outcome needs them all."""
        closed: OutputClosedError | None = None
        for line in lines:
            try:
                self._take(line)
            except OutputClosedError as error:
                closed = error
                self.drain()
        if closed is not None:
            raise closed

    def close(self) -> None:
        """Take the rest, end the rendering, let go of the file."""
        try:
            self.pump()
            self._take_all([self._rest] if self._rest else [])
            self._guarded(self._finish)
        finally:
            os.close(self._descriptor)

    def drain(self) -> None:
        """Read on for the outcome alone: the user's end of the output is closed."""
        self._show, self._finish = unseen()

    def result(self) -> StreamResult:
        """What the stream says of the run; raises what kept us from reading all of it."""
        if self._unread is not None:
            raise self._unread
        return self._reader.result()

    def _take(self, line: bytes) -> None:
        self.interrupts += any(mark in line for mark in _INTERRUPTS)
        try:
            self._reader.feed(line)
        except Exception as error:  # noqa: BLE001 - a bug of ours in reading must not take the output from the user
            self._unread = error
        self._guarded(lambda: self._show(line))

    def _guarded(self, step: Callable[[], None]) -> None:
        """A bug in the rendering must not take terraform's output from the user: fall back to the plain messages."""
        try:
            step()
        except OutputClosedError:
            raise
        except Exception as error:  # noqa: BLE001 - any bug of ours
            if self._broken:
                return
            self._broken = True
            say(f"cannot render terraform's output ({type(error).__name__}); showing its messages plainly from here")
            self._show = plain


def unseen() -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """Show and finish for a stream that nobody is to see."""
    return lambda _line: None, lambda: None


def plain(line: bytes) -> None:
    """Print the message of one line, or the line itself where it has none."""
    try:
        message = str(json.loads(line)["@message"]).encode()
    except (ValueError, KeyError, TypeError):
        message = line
    write_all(1, message + b"\n")


def human(
    parsed: Parsed, held: Sequence[PlanWarning], *, planned_here: bool, imports: Mapping[str, str] | None = None
) -> HumanRenderer:
    """The renderer for an apply of a saved plan with these flags.

    Args:
        parsed: the user's flags.
        held: warnings of the plan half, to be merged with the apply's own.
        planned_here: the plan half has run, so what it said once is not said again.
        imports: what the plan imports, by address.
    """
    return HumanRenderer(
        out=lambda text: write_all(1, text.encode("utf-8", "surrogateescape")),
        err=lambda text: write_all(2, text.encode("utf-8", "surrogateescape")),
        color=not parsed.flag("no-color"),
        columns=columns(1),
        err_columns=columns(2),
        compact_warnings=parsed.flag("compact-warnings"),
        state_out=parsed.value("state-out"),
        destroy=parsed.subcommand == "destroy",
        held=held,
        undeclared_seen=planned_here,
        imports=imports or {},
    )


def raw(
    *, planned_here: bool, held: Sequence[bytes], destroy: bool
) -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """Show and finish for the user's own -json: terraform's lines, byte for byte.

    After our own plan half, what that has printed already is left out, and the warnings it held back go where
    terraform prints them: before the summary of the apply, or at the end. Those of checks are left out there, as
    terraform does, since the apply evaluates them again. ``destroy`` ends in its own words.
    """
    waiting = [line for line in held if _OF_CHECK not in line]

    def flush() -> None:
        while waiting:
            write_all(1, waiting.pop(0) + b"\n")

    def show(line: bytes) -> None:
        if planned_here and any(mark in line for mark in _REPEATED):
            return
        if b'"type":"diagnostic"' in line or b'"type":"change_summary"' in line:
            flush()
        if not destroy:
            write_all(1, line + b"\n")
        elif b'"type":"outputs"' not in line:
            write_all(1, _destroyed(line) + b"\n")

    return show, flush


def _destroyed(line: bytes) -> bytes:
    """The summary of an apply in the words of `destroy`; any other line as it is."""
    if b'"type":"change_summary"' not in line:
        return line
    line = _APPLIED.sub(rb"Destroy complete! Resources: \1 destroyed.", line)
    return line.replace(b'"operation":"apply"', b'"operation":"destroy"')
