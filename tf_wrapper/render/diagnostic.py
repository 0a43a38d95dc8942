"""Renders one diagnostic like terraform: boxed with colours, or plain (internal/command/format of terraform)."""

from __future__ import annotations

import msgspec

from tf_wrapper.render.paint import Paint  # noqa: TC001 - msgspec resolves the fields' types at run time
from tf_wrapper.render.wrap import wrap_line

_RULE = {"error": "red", "warning": "yellow"}
_TITLE = {"error": "Error: ", "warning": "Warning: "}
_RULE_WIDTH = 2
_LONGEST_LINE = 64 * 1024 - 1  # bytes; terraform's line scanner gives up at a longer one
_MARGIN = "    [dark_gray]│[reset]"


class Position(msgspec.Struct, frozen=True):
    """A place in a file: 1-based line, 0-based byte offset."""

    line: int = 0
    byte: int = 0


class Range(msgspec.Struct, frozen=True):
    """The source range of a diagnostic."""

    filename: str = ""
    start: Position = Position()
    end: Position = Position()


class ExpressionValue(msgspec.Struct, frozen=True):
    """The value of an expression in the snippet: ``var.x`` ``is 3``."""

    traversal: str = ""
    statement: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a called function."""

    name: str = ""


class Signature(msgspec.Struct, frozen=True):
    """The parameters of a called function."""

    params: list[Parameter] | None = None
    variadic_param: Parameter | None = None


class FunctionCall(msgspec.Struct, frozen=True):
    """The function call that failed."""

    called_as: str = ""
    signature: Signature | None = None


class Snippet(msgspec.Struct, frozen=True):
    """Source lines; the highlight offsets are bytes of ``code``'s UTF-8."""

    code: str = ""
    start_line: int = 0
    context: str | None = None
    highlight_start_offset: int = 0
    highlight_end_offset: int = 0
    values: list[ExpressionValue] | None = None
    function_call: FunctionCall | None = None


class Diagnostic(msgspec.Struct, frozen=True):
    """The ``diagnostic`` object of a stream's message."""

    severity: str = ""
    summary: str = ""
    detail: str = ""
    address: str = ""
    range: Range | None = None
    snippet: Snippet | None = None
    deprecation_origin_description: str = ""

    @property
    def of_check(self) -> bool:
        """Whether it comes from a ``check`` block; terraform never consolidates those."""
        context = self.snippet.context if self.snippet else None
        return self.severity == "warning" and (context or "").startswith('check "')


class Style(msgspec.Struct, frozen=True):
    """The style of diagnostics.

    Attributes:
        paint: converts markup to escape sequences, or removes it.
        color: boxed; else plain.
        width: columns to wrap at.
        markup_in_detail: terraform ≥ 1.14 interprets markup in a detail.
    """

    paint: Paint
    color: bool
    width: int
    markup_in_detail: bool = False


def render(diagnostic: Diagnostic, style: Style) -> str:
    """Return the text of one diagnostic, with a final line break."""
    title = _TITLE.get(diagnostic.severity, "")
    if not style.color:
        return f"\n{title}{diagnostic.summary}\n\n{_source(diagnostic, style)}{_detail(diagnostic, style)}"
    paint, rule = style.paint, _RULE.get(diagnostic.severity)
    head = paint(f"[bold][{rule}]{title}[reset]") if rule else paint("\n[reset]")
    text = head + paint("[bold]%s[reset]\n\n") % diagnostic.summary
    return _boxed(text + _source(diagnostic, style) + _detail(diagnostic, style), rule, paint)


def _boxed(text: str, rule: str | None, paint: Paint) -> str:
    left, top, bottom = (paint(f"[{rule}]{part}") if rule else "" for part in ("│[reset] ", "╷[reset]", "╵[reset]"))
    lines = [top]
    for line in text.removesuffix("\n").split("\n"):
        if len(line.encode("utf-8", "surrogateescape")) > _LONGEST_LINE:
            break
        lines.append(left + line.removesuffix("\r"))
    return "".join(f"{line}\n" for line in [*lines, bottom])


def _detail(diagnostic: Diagnostic, style: Style) -> str:
    if not diagnostic.detail:
        return ""
    width = style.width - 1 - (_RULE_WIDTH if style.color else 0)
    return "".join(f"{_detail_line(line, width, style)}\n" for line in diagnostic.detail.split("\n"))


def _detail_line(line: str, width: int, style: Style) -> str:
    if width <= 0 or line.startswith(" "):
        return line
    return wrap_line(style.paint(line) if style.markup_in_detail else line, width)


def _source(diagnostic: Diagnostic, style: Style) -> str:
    text = f"  with {diagnostic.address},\n" if diagnostic.address else ""
    where, snippet = diagnostic.range, diagnostic.snippet
    if where is None:
        return text
    text += f"  on {where.filename} line {where.start.line}"
    if snippet is None:
        return f"{text}:\n  (source code not available)\n\n"
    text += f", in {snippet.context}:\n" if snippet.context is not None else ":\n"
    text += _code(snippet, style.paint) + _values(snippet, style.paint)
    if diagnostic.deprecation_origin_description:
        text += f"\n  The deprecation originates from {diagnostic.deprecation_origin_description}\n"
    return text + "\n"


def _code(snippet: Snippet, paint: Paint) -> str:
    code = snippet.code.encode("utf-8", "surrogateescape")
    start, end = snippet.highlight_start_offset, snippet.highlight_end_offset
    if end < start:
        end = start + 1
    start, end = (min(max(offset, 0), len(code)) for offset in (start, end))
    parts = (part.decode("utf-8", "replace") for part in (code[:start], code[start:end], code[end:]))
    shown = paint("%s[underline]%s[reset]%s") % tuple(parts)
    return "".join(f"{snippet.start_line + number:4d}: {line}\n" for number, line in enumerate(shown.split("\n")))


def _values(snippet: Snippet, paint: Paint) -> str:
    values = sorted(snippet.values or (), key=lambda value: value.traversal)
    call = snippet.function_call
    signature = call.signature if call else None
    if not values and signature is None:
        return ""
    text = paint("    [dark_gray]├────────────────[reset]\n")
    if call and signature:
        names = [parameter.name for parameter in signature.params or ()]
        names += [f"{signature.variadic_param.name}..."] if signature.variadic_param else []
        text += paint(f"{_MARGIN} while calling [bold]%s[reset](") % call.called_as + ", ".join(names) + ")\n"
    for value in values:
        first, *more = value.statement.split("\n")
        text += paint(f"{_MARGIN} [bold]%s[reset] %s\n") % (value.traversal, first)
        text += "".join(paint(f"{_MARGIN}   %s\n") % line for line in more)
    return text
