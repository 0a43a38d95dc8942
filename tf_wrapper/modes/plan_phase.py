"""The plan phase of an apply: `terraform plan` to a private file, with its output passed on."""

from __future__ import annotations

import signal

from change_events import process
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.launch.output import OutputClosedError, say, write_all
from tf_wrapper.modes.capture import Capture
from tf_wrapper.plan import plan_file

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.modes.observe import Invocation
    from tf_wrapper.plan.text_filter import PlanTextFilter
    from tf_wrapper.render.findings import PlanError, PlanWarning

_INTERRUPTS = (b"Interrupt received.", b"Two interrupts received.")
_FAILED = lazy_pattern(rb"\n(?:\x1b\[0m\x1b\[1m\x1b\[31m)?Planning failed\.")
_PARAGRAPH = lazy_pattern(rb"\A\n[^\n]*Planning failed\.[^\n]*\n\n(?:\x1b\[0m)?")
_HELP = b"For more help on using this command, run:\n  terraform %s -help"


class PlanPhase:
    """Runs the plan; afterwards ``warnings`` (human view) or ``held_lines`` (-json) are the output held back.

    A native apply shows the warnings of a plan before it asks, or else at the very end with its own. Which of the two
    is known when the plan has ended: ``release`` prints them now.
    """

    def __init__(self, invocation: Invocation, parsed: Parsed) -> None:
        self._invocation = invocation
        self._parsed = parsed
        self._filter: JsonFilter | HumanFilter = JsonFilter() if parsed.flag("json") else HumanFilter()
        self._errors = HumanFilter()
        self._seen = 0
        self._closed = False
        self._broken = False
        self._failed = b""  # from "Planning failed." on: whether apply would have said it is known at the end

    def run(self) -> int:
        """Run the plan; returns the exit code of `plan -detailed-exitcode`."""
        invocation = self._invocation
        environ = {**invocation.environ, "TF_IN_AUTOMATION": "1"}
        for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_plan"):
            environ.pop(name, None)
        private = invocation.run.create_plan()
        words = (*self._parsed.for_plan(), "-detailed-exitcode", f"-out={private}")
        return self._watch(invocation.command("plan", *words), environ)

    def _watch(self, argv: list[str], environ: dict[str, str]) -> int:
        invocation = self._invocation
        capture = Capture(invocation.run.path, self._out, self._err)
        try:
            child = process.spawn(argv, environ, invocation.signals, capture.redirect)
            capture.started()
            invocation.recorder.begin()

            def tick() -> int:
                if not self._closed:
                    try:
                        capture.pump()
                    except OutputClosedError:
                        self._closed = True
                        child.send(signal.SIGTERM)
                return self._seen

            code = process.wait(child, invocation.signals, tick, capture.watch)
        finally:
            capture.close()
        self._end()
        return -signal.SIGPIPE if self._closed else code

    @property
    def interrupted(self) -> bool:
        """Whether terraform was asked to stop."""
        return self._seen > 0

    @property
    def warnings(self) -> list[PlanWarning]:
        """Warnings held back."""
        return self._filter.warnings

    @property
    def held_lines(self) -> list[bytes]:
        """Lines held back with -json."""
        return self._filter.lines

    @property
    def imports(self) -> Mapping[str, str]:
        """Address → identity of imported objects: the human view shows it, the apply's stream does not."""
        return self._filter.imports

    @property
    def errors(self) -> list[PlanError]:
        """Errors at the end of the plan."""
        return [*self._filter.errors, *self._errors.errors]

    def release(self) -> None:
        """Print the output held back."""
        data = self._filter.release()
        if data and not self._closed:
            write_all(1, data)

    def _out(self, data: bytes) -> bytes:
        self._look(data)
        data = self._own_help(data)
        start = _FAILED.search(data)
        if self._failed or start:
            cut = start.start() if start and not self._failed else 0
            self._failed += data[cut:]
            data = data[:cut]
        return self._guarded(lambda: self._filter.feed(data), data)

    def _err(self, data: bytes) -> bytes:
        self._look(data)
        data = self._own_help(data)
        self._guarded(lambda: self._errors.feed(data), b"")
        return data

    def _guarded(self, step: Callable[[], bytes], otherwise: bytes) -> bytes:
        """Filter output; after a bug in a filter, output is passed on unchanged."""
        if not self._broken:
            try:
                return step()
            except Exception as error:  # noqa: BLE001 - any bug of ours
                self._broken = True
                say(f"cannot read terraform's plan output ({type(error).__name__}); passing it on as it is")
        return otherwise

    def _look(self, data: bytes) -> None:
        self._seen += sum(data.count(mark) for mark in _INTERRUPTS)

    def _own_help(self, data: bytes) -> bytes:
        """Name the command that was typed in usage errors, instead of the plan derived from it."""
        return data.replace(_HELP % b"plan", _HELP % self._parsed.subcommand.encode())

    def _end(self) -> None:
        if self._failed and not self._closed:
            # plan says so always, apply only where there is something of a plan to be shown
            has_changes = plan_file.holds_changes(self._invocation.run.file("plan"))
            text = self._failed if has_changes else _PARAGRAPH.sub(b"", self._failed, count=1)
            write_all(1, self._guarded(lambda: self._filter.feed(text), text))
        blank = self._guarded(self._end_filters, b"")
        if blank and not self._closed:
            write_all(1, blank)

    def _end_filters(self) -> bytes:
        self._errors.end()
        return self._filter.end()


class WholePlan(PlanPhase):
    """A `plan` of the user: its output is passed on unchanged, and read for errors."""

    def run_as(self, argv: list[str], environ: dict[str, str]) -> int:
        """Run this command; returns its exit code."""
        return self._watch(argv, environ)

    def _out(self, data: bytes) -> bytes:
        self._look(data)
        self._guarded(lambda: self._filter.feed(data), b"")
        return data

    def _err(self, data: bytes) -> bytes:
        self._look(data)
        self._guarded(lambda: self._errors.feed(data), b"")
        return data

    def _end(self) -> None:
        self._guarded(self._end_filters, b"")


class HumanFilter:
    """Filter of the human view: holds back the trailing warnings."""

    def __init__(self) -> None:
        self._made: PlanTextFilter | None = None
        self._rest = b""
        self.imports: Mapping[str, str] = {}
        self.warnings: list[PlanWarning] = []
        self.errors: list[PlanError] = []
        self.lines: list[bytes] = []

    @property
    def _text(self) -> PlanTextFilter:
        """Created on first use, after terraform has started."""
        if self._made is None:
            from tf_wrapper.plan.text_filter import PlanTextFilter

            self._made = PlanTextFilter()
        return self._made

    def feed(self, data: bytes) -> bytes:
        """Return the output to show now."""
        return self._text.feed(data)

    def end(self) -> bytes:
        """End the text; returns output to show now: blank lines without a warning after them."""
        self._rest, self.warnings, self.errors = self._text.finish()
        self.imports = self._text.imports
        return b"" if self._rest.strip() else self.release()

    def release(self) -> bytes:
        """Return the output held back."""
        self.warnings = []
        rest, self._rest = self._rest, b""
        return rest


class JsonFilter:
    """Filter of the machine-readable view: holds back trailing diagnostics, line by line."""

    def __init__(self) -> None:
        self._rest = b""
        self.lines: list[bytes] = []
        self.imports: Mapping[str, str] = {}
        self.warnings: list[PlanWarning] = []
        self.errors: list[PlanError] = []

    def feed(self, data: bytes) -> bytes:
        """Return the output to show now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        shown = b""
        for line in lines:
            if b'"type":"diagnostic"' in line:
                self.lines.append(line)
                self._note(line)
                continue
            shown += self.release() + line + b"\n"
        return shown

    def _note(self, line: bytes) -> None:
        if b'"severity":"error"' not in line:
            return
        from tf_wrapper.render.findings import PlanError
        from tf_wrapper.stream.reader import read_stream

        for found in read_stream([line]).diagnostics:
            self.errors.append(
                PlanError(found.summary, found.detail, file=found.file, line=found.line, address=found.address)
            )

    def end(self) -> bytes:
        """End the stream."""
        return b""

    def release(self) -> bytes:
        """Return the output held back."""
        data = b"".join(line + b"\n" for line in self.lines)
        self.lines = []
        return data
