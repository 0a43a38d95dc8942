"""Renders a stream, message by message, like the human view of ``terraform apply PLANFILE``.

Wording and layout are from terraform's internal/command/views (hook_ui.go, apply.go, operation.go, view.go), of 1.11
and 1.15; where the two differ, the stream's own version decides.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from tf_wrapper.render import batch, values
from tf_wrapper.render.diagnostic import Diagnostic, Style
from tf_wrapper.render.hooks import Hooks
from tf_wrapper.render.paint import painter
from tf_wrapper.render.provisioner_output import PROVISIONER_OUTPUT
from tf_wrapper.render.state_dump import indent_json
from tf_wrapper.render.wrap import word_wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tf_wrapper.render.findings import PlanWarning

_STATE_OUT = (
    "The state of your infrastructure has been saved to the path below. This state is required to modify and destroy "
    "your infrastructure, so keep it safe. To inspect the complete state use the `terraform show` command."
)
_FATAL = "Two interrupts received."
_CANCELLED = {"Apply cancelled", "Destroy cancelled"}
# warnings about the command line and the variable files: both halves of an apply of ours would give them
_OF_COMMAND = {"Value for undeclared variable", "Values for undeclared variables", "Deprecated flag: -state"}
_SILENT = frozenset({
    "version", "planned_change", "planned_action_invocation", "resource_drift", "deferred_change",
    "refresh_complete", "provision_complete", "provision_errored", "apply_errored", "ephemeral_op_errored",
})  # fmt: skip
_ACTIONS_SINCE = (1, 14)  # with them came markup in details and another end of the summary line


class _Message(msgspec.Struct):
    """The envelope of a message; its content is decoded on demand."""

    type: str
    text: str = msgspec.field(name="@message", default="")
    hook: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    changes: dict[str, Any] | None = None
    diagnostic: Diagnostic | None = None
    outputs: msgspec.Raw = msgspec.Raw()
    state: msgspec.Raw = msgspec.Raw()
    terraform: str | None = None


class _Text(msgspec.Struct):
    """The text of a message with an unknown structure."""

    type: str
    text: str = msgspec.field(name="@message")


class _Resource(msgspec.Struct):
    addr: str


class _Provisioner(msgspec.Struct):
    resource: _Resource
    provisioner: str
    output: str


class _ProvisionerOutput(msgspec.Struct):
    hook: _Provisioner


_DECODER = msgspec.json.Decoder(_Message)
_OUTPUT_DECODER = msgspec.json.Decoder(_ProvisionerOutput)
_TEXT_DECODER = msgspec.json.Decoder(_Text)


class HumanRenderer:
    """Renders a stream, line by line.

    Args:
        out: prints to stdout.
        err: prints to stderr.
        color: False with -no-color; terraform colours pipes too.
        columns: width of stdout, 78 without a terminal.
        err_columns: width of stderr; all diagnostics are wrapped to it.
        compact_warnings: terraform's -compact-warnings.
        state_out: value of -state-out.
        destroy: the command is ``destroy``.
        held: warnings of the plan phase, to be merged with those before the summary.
        undeclared_seen: the plan phase has printed the warnings of undeclared variables and of a deprecated -state.
        imports: imports of the plan, address → ``id=…`` (``PlanTextFilter.imports``, or from the plan itself): the
            stream omits imports without other changes.
    """

    def __init__(
        self,
        *,
        out: Callable[[str], None],
        err: Callable[[str], None],
        color: bool,
        columns: int,
        err_columns: int,
        compact_warnings: bool = False,
        state_out: str | None = None,
        destroy: bool = False,
        held: Sequence[PlanWarning] = (),
        undeclared_seen: bool = False,
        imports: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._out, self._err = out, err
        self._columns, self._err_columns = columns, err_columns
        self._compact, self._destroy, self._state_out = compact_warnings, destroy, state_out
        self._undeclared_seen = undeclared_seen
        self._paint = painter(color=color)
        self._style = Style(self._paint, color, err_columns)
        self._held: list[batch.Item] = [warning for warning in held if not warning.is_check]
        self._batch: list[batch.Item] = []
        self._version: tuple[int, ...] = ()
        self._hooks = Hooks(self._paint, imports)

    def feed(self, line: bytes) -> None:
        """Take one line of the stream, with or without its line break; a line that is not a message is passed on."""
        line = line.removesuffix(b"\n")
        if line.endswith(PROVISIONER_OUTPUT) and self._fed_quickly(line):
            return
        try:
            message = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError):
            self._flush()
            self._out(_plainly(line) + "\n")
            return
        if message.type == "diagnostic" and message.diagnostic is not None:
            self._batch.append(message.diagnostic)
            return
        if message.type == "change_summary":
            self._print(self._hooks.imports())
            self._merge_held()
        self._flush()
        self._show(message)

    def _fed_quickly(self, line: bytes) -> bool:
        """Render a line of provisioner output, of which there may be millions; False for any other line."""
        try:
            hook = _OUTPUT_DECODER.decode(line).hook
        except (msgspec.DecodeError, RecursionError):
            return False
        self.provisioner_output(hook.resource.addr, hook.provisioner)
        self._out(hook.output + "\n")
        return True

    def provisioner_output(self, address: str, provisioner: str) -> None:
        """Print the prefix of a line of provisioner output; the caller prints the line itself."""
        self._flush()
        self._print(self._hooks.imports())
        self._out(self._hooks.provisioner(address, provisioner))

    def resize(self, columns: int, err_columns: int) -> None:
        """Use a new terminal width from now on."""
        if (columns, err_columns) != (self._columns, self._err_columns):
            self._columns, self._err_columns = columns, err_columns
            self._style = msgspec.structs.replace(self._style, width=err_columns)

    def finish(self) -> None:
        """End the stream: print incomplete batches."""
        self._merge_held()
        self._flush()

    def _merge_held(self) -> None:
        self._batch[:0] = self._held
        self._held = []

    def _flush(self) -> None:
        if not self._batch:
            return
        items, self._batch = self._batch, []
        if self._undeclared_seen:
            items = [item for item in items if not self._said_before(item)]
        batch.show(items, self._style, compact=self._compact, out=self._out, err=self._err)

    @staticmethod
    def _said_before(item: batch.Item) -> bool:
        return isinstance(item, Diagnostic) and item.severity == "warning" and item.summary in _OF_COMMAND

    def _show(self, message: _Message) -> None:
        kind = message.type
        if kind == "version":
            self._take_version(message.terraform)
        if message.change is not None and kind == "planned_change":
            self._hooks.plan(message.change)
        elif message.hook is not None:
            self._print(self._hooks.lines(kind, message.hook))
        elif message.changes is not None and kind == "change_summary":
            self._summary(message.changes)
        elif kind == "outputs" and bytes(message.outputs):
            self._outputs(values.decode(bytes(message.outputs)))
        elif kind == "log":
            self._log(message)
        elif kind not in _SILENT:
            self._print([message.text])

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._out(line + "\n")

    def _take_version(self, text: str | None) -> None:
        self._version = tuple(int(part) for part in re.findall(r"\d+", text or "")[:2])
        self._style = msgspec.structs.replace(self._style, markup_in_detail=self._version >= _ACTIONS_SINCE)
        self._hooks.version = self._version

    def _log(self, message: _Message) -> None:
        if bytes(message.state):
            self._err(indent_json(bytes(message.state).decode("utf-8", "surrogateescape")) + "\n\n")
        elif _FATAL in message.text:
            self._err(word_wrap(message.text, self._err_columns) + "\n")
        elif message.text in _CANCELLED:
            self._print([f"{message.text}."])
        else:
            self._print([word_wrap(message.text, self._columns)])

    def _summary(self, changes: dict[str, Any]) -> None:
        if changes.get("operation") == "plan":
            return
        count = {name: int(value) for name, value in changes.items() if isinstance(value, int)}
        text = self._summary_text(count)
        if self._version >= _ACTIONS_SINCE:
            invoked = count.get("action_invocation")
            end = self._paint(f"[reset][bold][green] Actions: {invoked} invoked.") if invoked else ""
            self._print([self._paint(f"[reset][bold][green]\n{text}") + end])
        else:
            self._out(self._paint(f"[reset][bold][green]\n{text}\n"))
        if self._state_out and (count.get("add") or count.get("change")):
            self._print(["", word_wrap(_STATE_OUT, self._columns), "", f"State path: {self._state_out}"])

    def _summary_text(self, count: dict[str, int]) -> str:
        if self._destroy:
            return f"Destroy complete! Resources: {count.get('remove', 0)} destroyed."
        parts = [f"{count['import']} imported"] if count.get("import") else []
        parts += [f"{count.get(key, 0)} {word}" for key, word in _WORDS]
        parts += [f"{count['forget']} forgotten"] if count.get("forget") else []
        return f"Apply complete! Resources: {', '.join(parts)}."

    def _outputs(self, outputs: dict[str, Any]) -> None:
        if not outputs or any("action" in output for output in outputs.values()):
            return
        self._out(self._paint("[reset][bold][green]\nOutputs:\n\n"))
        lines = (f"{name} = {_output(outputs[name])}\n" for name in sorted(outputs))
        self._print(["".join(lines).strip()])


_WORDS = (("add", "added"), ("change", "changed"), ("remove", "destroyed"))


def _output(output: dict[str, Any]) -> str:
    if output["sensitive"] or "value" not in output:
        return "<sensitive>"
    return values.format_value(output["value"], output["type"])


def _plainly(line: bytes) -> str:
    """Return the text of a message with an unknown structure; the line itself if it is not a message."""
    try:
        return _TEXT_DECODER.decode(line).text
    except (msgspec.DecodeError, RecursionError):
        return line.decode("utf-8", "surrogateescape")
