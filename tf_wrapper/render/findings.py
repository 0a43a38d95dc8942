"""Warnings and errors found in the human text of a plan."""

from __future__ import annotations

import re

import msgspec

from tf_wrapper.render.wrap import word_wrap

NO_ANSWER = "error asking for approval: EOF"
"""Terraform's error where no one is there to be asked: a pipeline without -auto-approve."""
_TOP, _LEFT = "╷", "│"


class PlanWarning(msgspec.Struct, frozen=True):
    """A warning that was held back.

    Attributes:
        text: the rendered text, with plain line breaks.
        summary: its first line.
        file: source file.
        line: line in it.
        count: number of warnings it represents: terraform consolidates warnings of one kind.
        is_check: it comes from a ``check`` block, which the apply evaluates again.
    """

    text: str
    summary: str
    file: str | None = None
    line: int | None = None
    count: int = 1
    is_check: bool = False

    def with_note(self, note: str, width: int) -> str:
        """Return the text with ``note`` as its last paragraph, instead of an existing note.

        Args:
            note: the number of similar warnings.
            width: columns to wrap at.
        """
        lines = self.text.removesuffix("\n").split("\n")
        boxed = without_colour(lines[0]) == _TOP
        end = [lines.pop()] if boxed else []
        blank = next((line for line in lines if without_colour(line).rstrip() == _LEFT), lines[0]) if boxed else ""
        if self.count > 1:
            while lines and without_colour(lines[-1]).lstrip(_LEFT).strip():
                lines.pop()
        elif without_colour(lines[-1]).lstrip(_LEFT).strip():
            lines.append(blank)
        lines += [blank + part for part in word_wrap(note, width - (2 if boxed else 0)).split("\n")]
        return "\n".join([*lines, *end]) + "\n"


class PlanError(msgspec.Struct, frozen=True):
    """An error at the end of a plan, parsed from its text."""

    summary: str
    detail: str = ""
    file: str | None = None
    line: int | None = None
    address: str | None = None


def without_colour(line: str) -> str:
    """Return the line without colour sequences."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)
