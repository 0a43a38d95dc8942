"""Filters the human text of a plan on its way to the terminal: holds back trailing warnings, notes errors.

Terraform shows the warnings of a plan before it asks for approval; if it does not ask, only at the end of the apply,
with the apply's own. Which of the two applies is not known while the text arrives.
"""

from __future__ import annotations

import re

import msgspec

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.render.findings import PlanError, PlanWarning

_ESCAPE = lazy_pattern(rb"\x1b\[[0-9;]*m")
_CUT_ESCAPE = lazy_pattern(rb"\x1b(?:\[[0-9;]*)?$")
_RESETS = lazy_pattern(rb"(?:\x1b\[0m)+")  # before a box: the end of the text that came before it
_TOP, _LEFT, _BOTTOM = "╷", "│", "╵"

__all__ = ["PlanError", "PlanTextFilter", "PlanWarning"]

_TITLES = ("Warning: ", "Error: ")
_CHECKS = {"Check block assertion failed", "Check block assertion known after apply"}
_COMPACT = "Warnings:"
_COMPACT_END = "To see the full warning notes, run "
_SOURCE = lazy_pattern(r"  on (?P<file>.+?) line (?P<line>\d+)(?:, in (?P<context>.*))?:$")
_COMPACT_SOURCE = lazy_pattern(r"  on (?P<file>.+) line (?P<line>\d+)(?: \(and (?P<more>\d+) more\))?$")
_ADDRESS = lazy_pattern(r"  with (?P<address>.+),$")
_NOTE = lazy_pattern(r"\(and (?:(?P<one>one) more similar warning|(?P<many>\d+) more similar warnings) elsewhere\)$")
_IMPORT = lazy_pattern(r"(?P<address>\S.*): Preparing import\.\.\. \[(?P<source>.*)\]$")
_PROMPT = "Enter a value:"
# what begins a line after a plain diagnostic, whose end nothing marks
_OTHER = lazy_pattern(
    r"Terraform (?:used|will|planned|detected|has)|OpenTofu (?:used|will|planned|detected|has)|No changes\.|Plan: "
    r"|Changes to Outputs:|You can apply this plan|Note: |Planning failed|Acquiring state lock|Releasing state lock"
    r"|Interrupt received|Stopping operation|[─╷]|Saved the plan to|var\.|Success!"
    r"|(?:module\.|data\.|ephemeral\.)?[\w.\[\]\"/-]+: (?:Refresh|Read|Still read|Open|Clos|Renew|Prepar|Import)"
)


class _Block(msgspec.Struct):
    """Lines of one diagnostic (or of the compact list), original and without colours and box."""

    kind: str  # boxed, plain or compact
    raw: list[bytes]
    lines: list[str] = []
    closed: bool = False

    @property
    def is_warning(self) -> bool:
        return self.kind == "compact" or next((line for line in self.lines if line), "").startswith("Warning: ")


class PlanTextFilter:
    """Passes on a plan's text, except for warnings that may be its end.

    Attributes:
        imports: imported objects: address → ``id=…`` or ``identity=…``. The stream of an apply omits imports without
            other changes.
    """

    def __init__(self) -> None:
        self._partial = b""
        self._held: list[_Block] = []
        self._blank: list[bytes] = []
        self._errors: list[PlanError] = []
        self.imports: dict[str, str] = {}

    def feed(self, data: bytes) -> bytes:
        """Take a piece of the text; returns what to show now."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        shown = b"".join(self._take(line + b"\n") for line in lines)
        if not self._held and not self._blank and (resets := _RESETS.match(self._partial)):
            shown += resets[0]
            self._partial = self._partial[resets.end() :]
        if self._partial and not self._may_wait(self._partial):
            shown += self._release() + self._partial
            self._partial = b""
        return shown

    def finish(self) -> tuple[bytes, list[PlanWarning], list[PlanError]]:
        """End the text; returns the original text held back, the warnings in it, and all errors."""
        shown = b""
        if self._partial:
            shown, self._partial = self._take(self._partial), b""
        warnings = [warning for block in self._held if block.is_warning for warning in _warnings(block)]
        return shown + self._release(), warnings, self._errors

    def _may_wait(self, partial: bytes) -> bool:
        """Return whether the beginning of a line can still become part of a warning."""
        text = _text(_CUT_ESCAPE.sub(b"", partial))
        if not text:
            return True
        block = self._open()
        if block is not None and block.kind != "boxed":
            return _PROMPT not in text
        starts = [_TOP, *(_TITLES if self._blank else ()), *((_COMPACT,) if self._blank else ())]
        if block is not None:
            starts = [_LEFT, _BOTTOM]
        return any(start.startswith(text) or text.startswith(start) for start in starts)

    def _take(self, line: bytes) -> bytes:
        text = _text(line)
        importing = _IMPORT.match(text)
        if importing:
            self.imports[importing["address"]] = importing["source"]
        block = self._open()
        if block is not None and self._belongs(block, text):
            self._extend(block, line, text)
            return b""
        resets = b""
        if not self._held and not self._blank and (match := _RESETS.match(line)):
            resets, line = match[0], line[match.end() :]
        kind = self._kind(text)
        if kind:
            return resets + self._begin(kind, line, text)
        if not text:
            shown = self._release() if self._blank else b""
            self._blank.append(line)
            return resets + shown
        return resets + self._release() + line

    def _open(self) -> _Block | None:
        return self._held[-1] if self._held and not self._held[-1].closed else None

    def _belongs(self, block: _Block, text: str) -> bool:
        if block.kind == "boxed":
            return text.startswith((_LEFT, _BOTTOM))
        if block.kind == "compact":
            return True
        after_blank = not block.lines[-1]
        return not (after_blank and (text.startswith(_TITLES) or text == _COMPACT)) and not _OTHER.match(text)

    def _kind(self, text: str) -> str:
        if text == _TOP:
            return "boxed"
        after_blank = bool(self._blank) or (self._open() is not None)
        if after_blank and text.startswith(_TITLES):
            return "plain"
        return "compact" if after_blank and text == _COMPACT else ""

    def _begin(self, kind: str, line: bytes, text: str) -> bytes:
        lead, self._blank = self._blank, []
        previous = self._open()
        if previous is not None and previous.kind == "plain" and not previous.lines[-1]:
            lead = [previous.raw.pop()]
            previous.lines.pop()
        shown = self._settle()
        if kind == "boxed" and lead:
            shown += self._release(lead)
            lead = []
        self._held.append(_Block(kind, [*lead, line], [] if kind == "boxed" else [text]))
        return shown

    def _extend(self, block: _Block, line: bytes, text: str) -> None:
        block.raw.append(line)
        if block.kind != "boxed":
            block.lines.append(text)
            block.closed = block.kind == "compact" and text.startswith(_COMPACT_END)
        elif text.startswith(_LEFT):
            block.lines.append(text.removeprefix(_LEFT).removeprefix(" "))
        else:
            block.closed = True

    def _settle(self) -> bytes:
        """Complete the previous block: an error is noted, and shown with all text held back before it."""
        if not self._held or self._held[-1].is_warning:
            return b""
        return self._release()

    def _release(self, lead: list[bytes] | None = None) -> bytes:
        held, self._held = self._held, []
        blank, self._blank = self._blank, []
        self._errors += [_error(block.lines) for block in held if not block.is_warning]
        return b"".join(line for block in held for line in block.raw) + b"".join([*(lead or ()), *blank])


def _text(line: bytes) -> str:
    return _ESCAPE.sub(b"", line).decode("utf-8", "ignore").rstrip("\r\n")


def _warnings(block: _Block) -> list[PlanWarning]:
    if block.kind == "compact":
        return _compact(block.lines)
    text = b"".join(block.raw).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    source = next(filter(None, map(_SOURCE.match, block.lines)), None)
    count = 1
    note = _NOTE.search(" ".join(line for line in block.lines if line))
    if note:
        count += 1 if note["one"] else int(note["many"])
    return [
        PlanWarning(
            text=text if text.endswith("\n") else text + "\n",
            summary=_summary(block.lines),
            file=source["file"] if source else None,
            line=int(source["line"]) if source else None,
            count=count,
            is_check=bool(source and (source["context"] or "").startswith('check "')),
        )
    ]


def _compact(lines: list[str]) -> list[PlanWarning]:
    """Parse the list of -compact-warnings; it names no block, so a check is recognised by terraform's own summary."""
    found: list[PlanWarning] = []
    for line in lines:
        source = _COMPACT_SOURCE.match(line)
        if line.startswith("- "):
            summary = line.removeprefix("- ")
            found.append(PlanWarning(f"\n{line}\n", summary, is_check=summary in _CHECKS))
        elif source and found:
            count = 1 + int(source["more"] or 0)
            file, number = source["file"], int(source["line"])
            found[-1] = msgspec.structs.replace(found[-1], file=file, line=number, count=count)
    return found


def _summary(lines: list[str]) -> str:
    first = next((line for line in lines if line), "")
    for title in _TITLES:
        first = first.removeprefix(title)
    return first


def _error(lines: list[str]) -> PlanError:
    source = next(filter(None, map(_SOURCE.match, lines)), None)
    address = next(filter(None, map(_ADDRESS.match, lines)), None)
    return PlanError(
        summary=_summary(lines),
        detail=_unwrapped(_detail(lines)),
        file=source["file"] if source else None,
        line=int(source["line"]) if source else None,
        address=address["address"] if address else None,
    )


def _detail(lines: list[str]) -> list[str]:
    """Return the text after the summary, and the paragraph with address and source, if any."""
    start = next((number for number, line in enumerate(lines) if line), 0) + 1
    rest = lines[start:]
    if len(rest) > 1 and (_ADDRESS.match(rest[1]) or _SOURCE.match(rest[1])):
        while len(rest) > 1 and rest[1]:
            rest.pop(1)
    return rest


def _unwrapped(lines: list[str]) -> str:
    """Return paragraphs on one line each; indented lines and lists stay as they are."""
    text = ""
    for line in lines:
        joins = text and not text.endswith("\n") and line and not line.startswith((" ", "-", "*"))
        text += (" " if joins else "\n") + line if text else line
    return re.sub(r"\n{3,}", "\n\n", text).strip()
