"""Follows terraform's machine-readable stream while it is written to a file, and shows it to the user."""

from __future__ import annotations

import json
import os

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.launch.output import OutputClosedError, columns, say, write_all
from tf_wrapper.render import HumanRenderer
from tf_wrapper.render.provisioner_output import PROVISIONER_OUTPUT
from tf_wrapper.stream import long_lines
from tf_wrapper.stream.reader import StreamReader
from tf_wrapper.subcommands import OBSERVED

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.render.findings import PlanWarning
    from tf_wrapper.stream.reader import StreamResult

_CHUNK = 1 << 20
_LONG_LINE = 4 << 20  # bytes; a longer one is read again from the file, instead of being kept while it is written
_BUFFERED = 1 << 16
_INTERRUPTS = (b"Interrupt received.", b"Two interrupts received.")
_OF_CHECK = b'"context":"check \\"'
_APPLIED = lazy_pattern(rb"Apply complete! Resources: [^\"]*?(\d+) destroyed\.")
_REPEATED = (
    b'"type":"version"',
    b'"type":"planned_change"',
)  # the plan phase of a -json apply has printed them


class Printer:
    """The user's stdout and stderr: buffered, in order."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0

    def out(self, data: bytes) -> None:
        """Print to stdout, buffered."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _BUFFERED:
            self.flush()

    def err(self, data: bytes) -> None:
        """Print to stderr, immediately."""
        self.flush()
        write_all(2, data)

    def flush(self) -> None:
        """Print the buffer.

        Raises:
            OutputClosedError: the reader is gone.
        """
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting:
            write_all(1, b"".join(waiting))


class View:
    """How a stream is shown.

    Args:
        show: takes each complete line.
        finish: called at the end of the stream.
        flush: called when everything written so far was shown.
        long_line: takes a line that is too long for memory: its file, and the offsets of its start and end; returns
            False if it must be read like any other.
        resize: called before each reading: the terminal may have changed.
    """

    def __init__(
        self,
        show: Callable[[bytes], None],
        finish: Callable[[], None],
        flush: Callable[[], None] = lambda: None,
        *,
        long_line: Callable[[int, int, int], bool] = lambda _descriptor, _start, _end: False,
        resize: Callable[[], None] = lambda: None,
    ) -> None:
        self.show = show
        self.finish = finish
        self.flush = flush
        self.long_line = long_line
        self.resize = resize


class Follower:
    """Reads a growing stream once: for the user's terminal and for the outcome.

    Args:
        path: the file that terraform writes to.
        view: how it is shown.
    """

    def __init__(self, path: str, view: View) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._view = view
        self._reader = StreamReader()
        self._parts: list[bytes] = []  # of the line that is not complete
        self._at = 0  # offset of what was not read yet
        self._start = 0  # and of the line that is not complete
        self.interrupts = 0
        self._broken = False
        self._unread: Exception | None = None

    def pump(self) -> None:
        """Read everything written so far.

        Raises:
            OutputClosedError: the reader of the output is gone.
        """
        self._guarded(self._view.resize)
        while chunk := os.read(self._descriptor, _CHUNK):
            self._at += len(chunk)
            self._take_all(self._lines(chunk))
        self._take_all(())

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Yield the lines completed by a chunk; a long one is handled here."""
        first, newline, rest = chunk.partition(b"\n")
        if not newline:
            if self._at - self._start <= _LONG_LINE:
                self._parts.append(chunk)
            else:
                self._parts.clear()
            return []
        end = self._at - len(rest) - 1
        if end - self._start > _LONG_LINE:
            self._parts.clear()
            self._guarded_closing(lambda: self._take_long(self._start, end))
            lines = rest.split(b"\n")
        else:
            lines = [b"".join([*self._parts, first]), *(rest.split(b"\n"))]
        last = lines.pop()
        self._parts = [last]
        self._start = self._at - len(last)
        return lines

    def _take_long(self, start: int, end: int) -> None:
        if not self._view.long_line(self._descriptor, start, end):
            self._take(os.pread(self._descriptor, end - start, start))

    def _guarded_closing(self, step: Callable[[], None]) -> None:
        try:
            self._guarded(step)
        except OutputClosedError:
            self.drain()
            raise

    def _take_all(self, lines: Sequence[bytes]) -> None:
        """Take every line, even if the user's end closes at one of them: the outcome needs them all."""
        closed: OutputClosedError | None = None
        for line in lines:
            try:
                self._take(line)
            except OutputClosedError as error:
                closed = error
                self.drain()
        try:
            self._view.flush()
        except OutputClosedError as error:
            closed = error
            self.drain()
        if closed is not None:
            raise closed

    def close(self) -> None:
        """Read the rest, end the rendering, close the file."""
        try:
            self.pump()
            rest = os.pread(self._descriptor, self._at - self._start, self._start)
            self._take_all([rest] if rest else [])
            self._guarded(self._view.finish)
            self._view.flush()
        finally:
            os.close(self._descriptor)

    def drain(self) -> None:
        """Continue reading for the outcome only: the user's end of the output is closed."""
        self._view = unseen()

    def result(self) -> StreamResult:
        """Return the result of the stream; raises the error that prevented reading all of it."""
        if self._unread is not None:
            raise self._unread
        return self._reader.result()

    def _take(self, line: bytes) -> None:
        if not line.endswith(PROVISIONER_OUTPUT):  # which says nothing of the outcome, and may be millions of lines
            self._read(line)
        self._guarded(lambda: self._view.show(line))

    def _read(self, line: bytes) -> None:
        self.interrupts += b'"type":"log"' in line and any(mark in line for mark in _INTERRUPTS)
        try:
            self._reader.feed(line)
        except Exception as error:  # noqa: BLE001 - a bug of ours in reading must not take the output from the user
            self._unread = error

    def _guarded(self, step: Callable[[], None]) -> None:
        """Call a view; after a bug in it, fall back to the plain messages."""
        try:
            step()
        except OutputClosedError:
            raise
        except Exception as error:  # noqa: BLE001 - any bug of ours
            if self._broken:
                return
            self._broken = True
            self._view.flush()
            say(f"cannot render terraform's output ({type(error).__name__}); showing its messages plainly from here")
            self._view = View(plain, lambda: None)


def unseen() -> View:
    """Return the view of a stream that is not shown."""
    return View(lambda _line: None, lambda: None, long_line=lambda _descriptor, _start, _end: False)


def plain(line: bytes) -> None:
    """Print the message of one line, or the line itself if it has none."""
    try:
        message = str(json.loads(line)["@message"]).encode()
    except (ValueError, KeyError, TypeError):
        message = line
    write_all(1, message + b"\n")


def human(
    parsed: Parsed, held: Sequence[PlanWarning], *, planned_here: bool, imports: Mapping[str, str] | None = None
) -> View:
    """Return terraform's human view for an apply of a saved plan with these flags.

    Args:
        parsed: the user's flags.
        held: warnings of the plan phase, to be merged with the apply's own.
        planned_here: the plan phase has run, and its one-time messages are not repeated.
        imports: imports of the plan, by address.
    """
    printer = Printer()
    renderer = HumanRenderer(
        out=lambda text: printer.out(text.encode("utf-8", "surrogateescape")),
        err=lambda text: printer.err(text.encode("utf-8", "surrogateescape")),
        color=not parsed.flag("no-color"),
        columns=columns(1),
        err_columns=columns(2),
        compact_warnings=parsed.flag("compact-warnings"),
        state_out=parsed.value("state-out"),
        destroy=OBSERVED[parsed.subcommand].destroys,
        held=held,
        undeclared_seen=planned_here,
        imports=imports or {},
    )

    def long_line(descriptor: int, start: int, end: int) -> bool:
        pieces = long_lines.provisioner_output(descriptor, start, end)
        if pieces is None:
            return False
        address, provisioner, output = pieces
        renderer.provisioner_output(address, provisioner)
        for piece in output:
            printer.out(piece)
        printer.out(b"\n")
        return True

    return View(
        renderer.feed,
        renderer.finish,
        printer.flush,
        long_line=long_line,
        resize=lambda: renderer.resize(columns(1), columns(2)),
    )


def raw(*, planned_here: bool, held: Sequence[bytes], destroy: bool) -> View:
    """Return the view for the user's -json: terraform's lines, byte for byte.

    After a plan phase of tfevent, messages it has printed are left out, and the warnings it held back are inserted
    where terraform prints them: before the summary of the apply, or at the end. Warnings of checks are left out then,
    as in terraform, since the apply evaluates checks again. ``destroy`` has its own summary.
    """
    lines = _RawLines(Printer(), planned_here=planned_here, held=held, destroy=destroy)
    return View(lines.show, lines.release, lines.printer.flush, long_line=lines.long_line)


class _RawLines:
    """The lines of :func:`raw`."""

    def __init__(self, printer: Printer, *, planned_here: bool, held: Sequence[bytes], destroy: bool) -> None:
        self.printer = printer
        self._planned_here = planned_here
        self._waiting = [line for line in held if _OF_CHECK not in line]
        self._destroy = destroy

    def release(self) -> None:
        while self._waiting:
            self.printer.out(self._waiting.pop(0) + b"\n")

    def show(self, line: bytes) -> None:
        if line.endswith(PROVISIONER_OUTPUT):
            self.printer.out(line + b"\n")
            return
        if self._planned_here and any(mark in line for mark in _REPEATED):
            return
        if b'"type":"diagnostic"' in line or b'"type":"change_summary"' in line:
            self.release()
        if not self._destroy:
            self.printer.out(line + b"\n")
        elif b'"type":"outputs"' not in line:
            self.printer.out(_destroyed(line) + b"\n")

    def long_line(self, descriptor: int, start: int, end: int) -> bool:
        if not long_lines.is_provisioner_output(descriptor, start, end):
            return False
        for piece in long_lines.pieces(descriptor, start, end):
            self.printer.out(piece)
        self.printer.out(b"\n")
        return True


def _destroyed(line: bytes) -> bytes:
    """Return the summary of an apply in the wording of `destroy`; any other line unchanged."""
    if b'"type":"change_summary"' not in line:
        return line
    line = _APPLIED.sub(rb"Destroy complete! Resources: \1 destroyed.", line)
    return line.replace(b'"operation":"apply"', b'"operation":"destroy"')
