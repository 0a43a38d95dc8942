"""Prints a batch of diagnostics like terraform's human view: sorted, warnings of one kind consolidated.

The machine-readable view logs them one by one. Warnings held back in the plan phase are added as
:class:`~tf_wrapper.render.findings.PlanWarning`, rendered text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from tf_wrapper.render.diagnostic import Diagnostic, Style, render
from tf_wrapper.render.findings import PlanWarning

Item = Diagnostic | PlanWarning
Write = Callable[[str], None]


def show(items: Sequence[Item], style: Style, *, compact: bool, out: Write, err: Write) -> None:
    """Print a batch: errors to ``err``, everything else to ``out``.

    Args:
        items: in order of arrival, those held back first.
        style: colours and width.
        compact: terraform's -compact-warnings.
        out: prints to stdout.
        err: prints to stderr.
    """
    groups = list(_consolidated(sorted(items, key=_place)))
    if compact and groups and all(_severity(group[0]) == "warning" for group in groups):
        out(_compact(groups, style))
        return
    for group in groups:
        (err if _severity(group[0]) == "error" else out)(_text(group, style))


def _severity(item: Item) -> str:
    return "warning" if isinstance(item, PlanWarning) else item.severity


def _file(item: Item) -> str | None:
    if isinstance(item, PlanWarning):
        return item.file
    return item.range.filename if item.range else None


def _line(item: Item) -> int:
    if isinstance(item, PlanWarning):
        return item.line or 0
    return item.range.start.line if item.range else 0


def _place(item: Item) -> tuple[object, ...]:
    """Return the sort key: warnings before errors; no source first; short paths first; then position in the file.

    Warnings held back have a line but no byte offset; they come first, and sorting is stable.
    """
    file = _file(item)
    if file is None:
        return (_severity(item) != "warning", False)
    start = end = -1
    if isinstance(item, Diagnostic) and item.range:
        start, end = item.range.start.byte, item.range.end.byte
    return (_severity(item) != "warning", True, file.count("/"), file, _line(item), start, end)


def _consolidated(items: Iterable[Item]) -> Iterable[list[Item]]:
    groups: dict[str, list[Item]] = {}
    made: list[list[Item]] = []
    for item in items:
        of_check = item.is_check if isinstance(item, PlanWarning) else item.of_check
        joins = _severity(item) == "warning" and _file(item) is not None and not of_check
        if joins and item.summary in groups:
            groups[item.summary].append(item)
            continue
        made.append([item])
        if joins:
            groups[item.summary] = made[-1]
    return made


def _size(group: Sequence[Item]) -> int:
    return sum(item.count if isinstance(item, PlanWarning) else 1 for item in group)


def _text(group: Sequence[Item], style: Style) -> str:
    first, more = group[0], _size(group) - 1
    if isinstance(first, PlanWarning):
        return first.text if len(group) == 1 else first.with_note(_note(more), style.width)
    if not more:
        return render(first, style)
    detail = f"{first.detail}\n\n{_note(more)}" if first.detail else _note(more)
    return render(replace(first, detail=detail), style)


def _note(more: int) -> str:
    return f"(and {'one more similar warning' if more == 1 else f'{more} more similar warnings'} elsewhere)"


def _compact(groups: Sequence[Sequence[Item]], style: Style) -> str:
    lines = []
    for group in groups:
        first, size = group[0], _size(group)
        lines.append(f"- {first.summary}\n")
        if _file(first) is not None:
            more = f" (and {size - 1} more)" if size > 1 else ""
            lines.append(f"  on {_file(first)} line {_line(first)}{more}\n")
    head = style.paint("[bold][yellow]Warnings:[reset]\n\n")
    return f"\n{head}{''.join(lines)}\nTo see the full warning notes, run Terraform without -compact-warnings.\n"
