"""Messages of `plan -json`: drift, planned changes, errors, and why a result is unknown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from change_events.drift.results import Reason
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from change_events.redact import Redactor

_WANTED = (b'"diagnostic"', b'"resource_drift"', b'"planned_change"', b'"change_summary"', b'"outputs"', b'"version"')
_LONGEST = 200
_INIT = lazy_pattern(r"(?i)\b(?:terraform|tofu) init\b|initialization required|not (?:yet )?installed")
_LOCK = lazy_pattern(r"(?i)error (?:acquiring|locking) (?:the )?state")
_LOCK_FIELD = lazy_pattern(r"(?m)^\s*(Operation|Who|Created):\s*(\S.*?)\s*$")
_CREDENTIALS = lazy_pattern(
    r"(?i)credential|unauthori[sz]ed|unauthenticated|access ?denied|expired ?token|invalid ?client ?token|"
    r"authentication|not logged in|az login|signature ?does ?not ?match|\b40[13]\b"
)
_NOT_CHANGES = {"noop", "read", "open", "close", "renew"}


class _Range(msgspec.Struct):
    filename: str = ""


class _Diagnostic(msgspec.Struct):
    severity: str = ""
    summary: str = ""
    detail: str = ""
    range: _Range | None = None


class _Action(msgspec.Struct):
    action: str = ""


class _Message(msgspec.Struct):
    type: str = ""
    terraform: str | None = None
    tofu: str | None = None
    diagnostic: _Diagnostic | None = None
    change: _Action | None = None
    outputs: dict[str, _Action] | None = None


_DECODER = msgspec.json.Decoder(_Message)


class Messages:
    """The relevant messages of one terraform process; others are discarded.

    Attributes:
        version: terraform's version.
        tool: ``terraform`` or ``tofu``, from the version message; None before it.
        planned: the plan is complete.
        drifts: number of drifted resources.
        counts: planned actions by name, and ``outputs``.
    """

    def __init__(self) -> None:
        self.version: str | None = None
        self.tool: str | None = None
        self.planned = False
        self.drifts = 0
        self.counts: Counter[str] = Counter()
        self._error: _Diagnostic | None = None
        self._text = ""

    def take(self, line: bytes) -> None:
        """Read one line of output; the first non-empty line that is not a message is kept too."""
        if not line.startswith(b"{"):
            text = line.decode("utf-8", "replace").strip(" │╷╵\r\n\t")
            self._text = self._text or text.removeprefix("Error: ") if "rror" in text else self._text
            return
        if not any(mark in line for mark in _WANTED):
            return
        try:
            message = _DECODER.decode(line)
        except msgspec.DecodeError:
            return
        self._note(message)

    def _note(self, message: _Message) -> None:
        if message.type == "version":
            self.version = message.terraform or message.tofu
            self.tool = "tofu" if message.tofu else "terraform"
        elif message.type == "resource_drift":
            self.drifts += 1
        elif message.type == "change_summary":
            self.planned = True
        elif message.type == "planned_change" and message.change:
            self._count(message.change.action)
        elif message.type == "outputs":
            for output in (message.outputs or {}).values():
                self.counts["outputs"] += output.action not in {"", "noop"}
        elif message.type == "diagnostic" and message.diagnostic and message.diagnostic.severity == "error":
            self._error = self._error or message.diagnostic

    def _count(self, action: str) -> None:
        if action not in _NOT_CHANGES:
            self.counts[action] += 1

    def reason(self, redactor: Redactor) -> Reason:
        """Why it failed, redacted."""
        error = self._error or _Diagnostic(summary=self._text)
        kind, text = _classified(error, redactor)
        return Reason(kind, text or "terraform failed without a message")


def _classified(error: _Diagnostic, redactor: Redactor) -> tuple[str, str]:
    whole = f"{error.summary}\n{error.detail}"
    summary = redactor.text(one_line(error.summary, _LONGEST))
    if _LOCK.search(error.summary):
        return "locked", redactor.text(_lock(error.detail))
    if _INIT.search(whole):
        return "not_initialised", f"not initialised: {summary}"
    if _CREDENTIALS.search(whole):
        return "credentials", f"no credentials: {summary}"
    if error.range is not None and error.range.filename:
        return "configuration", f"{redactor.text(one_line(error.range.filename, _LONGEST))}: {summary}"
    return "failed", summary


def _lock(detail: str) -> str:
    """Return the holder of the lock, and since when."""
    fields = dict(_LOCK_FIELD.findall(detail))
    who, created = one_line(fields.get("Who", ""), 80), one_line(fields.get("Created", ""), 40)
    return "locked" + (f" by {who}" if who else "") + (f" since {created}" if created else "")
