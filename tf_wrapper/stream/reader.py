"""Reads terraform's machine-readable stream of an apply.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. One JSON object per line; stored
streams may be one JSON array, or contain lines of other programs. All data is raw: nothing is redacted yet.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tf_wrapper.stream.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_INTERRUPTS = ("Interrupt received.", "Two interrupts received.")
_DECODER = msgspec.json.Decoder()


class PlannedChange(msgspec.Struct, frozen=True):
    """One ``planned_change``, with the stream's own words (``replace``, ``remove``, …).

    Attributes:
        address: its current or future address.
        action: terraform's word.
        reason: terraform's reason.
        previous: the address it moves from.
        importing: it is imported, besides any other action.
        import_id: the ID of an import by ID.
        type: resource type.
        name: resource name.
        module: module address, empty for the root module.
    """

    address: str
    action: str
    reason: str | None = None
    previous: str | None = None
    importing: bool = False
    import_id: str | None = None
    type: str | None = None
    name: str | None = None
    module: str | None = None


class ResourceRun(msgspec.Struct, frozen=True):
    """One operation on one object; a replacement is two of them under one address.

    Attributes:
        address: address of the resource instance; a deposed object has that of its resource.
        action: ``create``, ``update``, ``delete``, ``read``, …
        started: start time, if it was seen.
        ended: end time, if it was seen.
        completed: terraform reported completion.
        errored: terraform reported a failure.
        id_key: the identifying attribute, ``id`` or ``name``.
        id_value: its latest value.
        elapsed: seconds.
        provision_error: one of its provisioners failed.
        trigger: trigger of an action.
        error: error of an action.
    """

    address: str
    action: str
    started: datetime | None = None
    ended: datetime | None = None
    completed: bool = False
    errored: bool = False
    id_key: str | None = None
    id_value: str | None = None
    elapsed: float | None = None
    provision_error: bool = False
    trigger: Trigger | None = None
    error: str | None = None


class StreamDiagnostic(msgspec.Struct, frozen=True):
    """An error or a warning; ``context`` is the block it is in, as ``resource "x" "y"``."""

    severity: str
    summary: str
    detail: str = ""
    address: str | None = None
    file: str | None = None
    line: int | None = None
    context: str | None = None


class SummaryCounts(msgspec.Struct, frozen=True):
    """Terraform's own counts of the apply; a replacement counts as ``add`` and as ``remove``."""

    add: int = 0
    change: int = 0
    remove: int = 0
    imported: int = 0
    forgotten: int = 0
    invoked: int = 0
    operation: str = "apply"


class StreamResult(msgspec.Struct, frozen=True):
    """The result of reading a stream.

    Attributes:
        tool: ``terraform`` or ``tofu``, None before the first message.
        version: its version.
        planned_changes: in the order of the stream.
        runs: operations by address, in the order of their start; includes reads of data sources.
        actions: action invocations (terraform 1.14+), each as a run with action ``invoke``.
        diagnostics: in the order of the stream.
        summary_counts: counts of the finished apply, never of the plan.
        complete: the apply succeeded: its summary was read.
        interrupted: terraform was asked to stop.
        emergency_dump: the state could not be saved and was printed; it is not kept here.
        outputs: names of the root module's outputs after the apply.
    """

    tool: str | None = None
    version: str | None = None
    planned_changes: tuple[PlannedChange, ...] = ()
    runs: dict[str, tuple[ResourceRun, ...]] = {}
    actions: tuple[ResourceRun, ...] = ()
    diagnostics: tuple[StreamDiagnostic, ...] = ()
    summary_counts: SummaryCounts | None = None
    complete: bool = False
    interrupted: bool = False
    emergency_dump: bool = False
    outputs: tuple[str, ...] = ()


class StreamReader:
    """Reads a stream line by line; ignores anything but terraform's messages, and never raises on invalid input."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._planned: list[PlannedChange] = []
        self._runs: dict[str, list[ResourceRun]] = {}
        self._actions: dict[tuple[str, Trigger], ResourceRun] = {}
        self._diagnostics: list[StreamDiagnostic] = []
        self._handlers: dict[object, Callable[[dict[str, Any]], None]] = {
            "version": self._version,
            "log": self._log,
            "planned_change": self._planned_change,
            "apply_start": self._start,
            "apply_progress": self._progress,
            "apply_complete": self._complete,
            "apply_errored": self._errored,
            "provision_errored": self._provision_errored,
            "action_start": self._action,
            "action_complete": self._action,
            "action_errored": self._action,
            "diagnostic": self._diagnostic,
            "change_summary": self._change_summary,
            "outputs": self._outputs,
        }

    def feed(self, line: bytes) -> None:
        """Take one line, with or without its line break; an array of messages counts as its messages."""
        try:
            message = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError):
            return
        for item in message if isinstance(message, list) else [message]:
            self._take(item)

    def result(self) -> StreamResult:
        """The result so far."""
        return StreamResult(
            planned_changes=tuple(self._planned),
            runs={address: tuple(runs) for address, runs in self._runs.items()},
            actions=tuple(self._actions.values()),
            diagnostics=tuple(self._diagnostics),
            **self._head,
        )

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            return
        try:
            handler = self._handlers.get(message.get("type"))
            if handler is not None:
                handler(message)
        except (AttributeError, KeyError, TypeError, ValueError):
            return  # of a known type, but not of its shape: it says nothing

    def _version(self, message: dict[str, Any]) -> None:
        tool = "tofu" if "tofu" in message else "terraform"
        self._head |= {"tool": tool, "version": _text(message.get(tool))}

    def _log(self, message: dict[str, Any]) -> None:
        if "state" in message:
            self._head["emergency_dump"] = True
        if any(mark in message["@message"] for mark in _INTERRUPTS):
            self._head["interrupted"] = True

    def _planned_change(self, message: dict[str, Any]) -> None:
        change = message["change"]
        resource, importing = change["resource"], change.get("importing")
        previous = change.get("previous_resource")
        self._planned.append(
            PlannedChange(
                address=str(resource["addr"]),
                action=str(change["action"]),
                reason=_text(change.get("reason")),
                previous=_text(previous["addr"]) if previous else None,
                importing=importing is not None,
                import_id=_text(importing.get("id")) if importing else None,
                type=_text(resource.get("resource_type")),
                name=_text(resource.get("resource_name")),
                module=_text(resource.get("module")),
            )
        )

    def _start(self, message: dict[str, Any]) -> None:
        hook = message["hook"]
        address = str(hook["resource"]["addr"])
        run = ResourceRun(address, str(hook["action"]), started=_time(message), **_identity(hook))
        self._runs.setdefault(address, []).append(run)

    def _progress(self, message: dict[str, Any]) -> None:
        hook = message["hook"]
        self._change(message, elapsed=_seconds(hook))

    def _complete(self, message: dict[str, Any]) -> None:
        hook = message["hook"]
        self._change(message, completed=True, ended=_time(message), elapsed=_seconds(hook), **_identity(hook))

    def _errored(self, message: dict[str, Any]) -> None:
        self._change(message, errored=True, ended=_time(message), elapsed=_seconds(message["hook"]))

    def _provision_errored(self, message: dict[str, Any]) -> None:
        self._change(message, provision_error=True)

    def _change(self, message: dict[str, Any], **fields: Any) -> None:
        """Update the open operation for the message's address (and action, if it has one)."""
        hook = message["hook"]
        address, action = str(hook["resource"]["addr"]), hook.get("action")
        runs = self._runs.setdefault(address, [])
        for number in range(len(runs) - 1, -1, -1):
            run = runs[number]
            if run.ended is None and not (run.completed or run.errored) and action in {None, run.action}:
                runs[number] = msgspec.structs.replace(run, **fields)
                return
        if action is not None:  # the start was not seen: a stream that was cut at its head
            runs.append(msgspec.structs.replace(ResourceRun(address, str(action)), **fields))

    def _action(self, message: dict[str, Any]) -> None:
        hook = message["hook"]
        key = address, trigger = str(hook["action"]["addr"]), _trigger(hook)
        run = self._actions.get(key) or ResourceRun(address, "invoke", started=_time(message), trigger=trigger)
        if message["type"] != "action_start":
            error = _text(hook.get("error"))
            failed = message["type"] == "action_errored"
            ended = _time(message)
            took = _between(run.started, ended) if key in self._actions else None  # terraform gives none of an action
            run = msgspec.structs.replace(
                run, ended=ended, elapsed=took, completed=not failed, errored=failed, error=error
            )
        self._actions[key] = run

    def _diagnostic(self, message: dict[str, Any]) -> None:
        diagnostic = message["diagnostic"]
        where, snippet = diagnostic.get("range") or {}, diagnostic.get("snippet") or {}
        self._diagnostics.append(
            StreamDiagnostic(
                severity=str(diagnostic["severity"]),
                summary=str(diagnostic["summary"]),
                detail=str(diagnostic.get("detail") or ""),
                address=_text(diagnostic.get("address")),
                file=_text(where.get("filename")),
                line=where["start"]["line"] if where else None,
                context=_text(snippet.get("context")),
            )
        )

    def _change_summary(self, message: dict[str, Any]) -> None:
        changes = message["changes"]
        if changes["operation"] == "plan":
            return
        names = {
            "add": "add",
            "change": "change",
            "remove": "remove",
            "import": "imported",
            "forget": "forgotten",
            "action_invocation": "invoked",
        }
        counts = {name: int(changes.get(word) or 0) for word, name in names.items()}
        self._head["complete"] = True
        self._head["summary_counts"] = SummaryCounts(**counts, operation=str(changes["operation"]))

    def _outputs(self, message: dict[str, Any]) -> None:
        if not any("action" in output for output in message["outputs"].values()):
            self._head["outputs"] = tuple(message["outputs"])


def read_stream(lines: Iterable[bytes]) -> StreamResult:
    """Read a whole stream.

    Args:
        lines: lines of a file; one JSON array over all lines is accepted too. An incomplete last line, lines that are
            not JSON, and messages of unknown types are ignored.
    """
    reader = StreamReader()
    lines = list(lines)
    if lines and lines[0].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
        whole = b"".join(lines).removeprefix(b"\xef\xbb\xbf")
        before = reader.result()
        reader.feed(whole)
        if reader.result() != before:
            return reader.result()
    for line in lines:
        reader.feed(line)
    return reader.result()


def _text(value: object) -> str | None:
    return str(value) if value else None


def _trigger(hook: dict[str, Any]) -> Trigger:
    lifecycle = hook.get("lifecycle") or {}
    resource = _text((lifecycle.get("resource") or {}).get("addr"))
    return Trigger(
        _text(lifecycle.get("trigger_event")), resource, lifecycle.get("trigger_index"), lifecycle.get("actions_index")
    )


def _identity(hook: dict[str, Any]) -> dict[str, Any]:
    key, value = _text(hook.get("id_key")), _text(hook.get("id_value"))
    return {"id_key": key, "id_value": value} if key and value else {}


def _seconds(hook: dict[str, Any]) -> float | None:
    elapsed = hook.get("elapsed_seconds")
    return float(elapsed) if elapsed is not None else None


def _between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds between two times; None if one is unknown, or they are not comparable."""
    try:
        return max((end - start).total_seconds(), 0.0) if start and end else None
    except TypeError:
        return None


def _time(message: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(message["@timestamp"])
    except (KeyError, TypeError, ValueError):
        return None
