"""Finding one block in HCL without parsing the file around it.

python-hcl2 takes about 45 ms per kB, so a file is searched by its headers and only the one block that was found is
parsed, to be sure that it is a block and not part of a comment or a heredoc.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MAX_PARSED = 4096  # bytes; a longer block is trusted by its header
_HEREDOC = re.compile(r"<<[-~]?\s*([A-Za-z_][\w-]*)[^\n]*\n")


class Block(NamedTuple):
    """Lines of one block, the first line being 1, both ends included."""

    first: int
    last: int


def find(text: str, kind: str, labels: tuple[str, ...]) -> Block | None:
    """The block ``kind "label" …`` in ``text``, or None.

    Args:
        text: a .tf file.
        kind: ``resource``, ``data``, ``variable`` …
        labels: its labels, in order.
    """
    quoted = r"\s+".join(rf'"?{re.escape(label)}"?' for label in labels)
    for match in re.finditer(rf"^[ \t]*{kind}\s+{quoted}\s*\{{", text, re.MULTILINE):
        end = _closing(text, match.end())
        if end is None or not _is_block(text[match.start() : end], kind):
            continue
        first = text.count("\n", 0, match.start()) + 1
        return Block(first, first + text.count("\n", match.start(), end))
    return None


def _is_block(text: str, kind: str) -> bool:
    if len(text) > _MAX_PARSED:
        return True
    import hcl2

    try:
        return kind in hcl2.loads(text + "\n")
    except Exception:  # noqa: BLE001 - lark raises many kinds; what does not parse is no block
        return False


def _closing(text: str, start: int) -> int | None:
    """Index after the brace that closes the block whose body begins at ``start``."""
    depth, index = 1, start
    while index < len(text):
        character = text[index]
        if character == '"':
            index = _string_end(text, index)
            continue
        if character == "#" or text.startswith("//", index):
            index = _after(text, "\n", index)
            continue
        if text.startswith("/*", index):
            index = _after(text, "*/", index)
            continue
        if text.startswith("<<", index) and (heredoc := _HEREDOC.match(text, index)):
            index = _heredoc_end(text, heredoc)
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        index += 1
        if depth == 0:
            return index
    return None


def _after(text: str, mark: str, index: int) -> int:
    found = text.find(mark, index)
    return len(text) if found < 0 else found + len(mark)


def _string_end(text: str, index: int) -> int:
    """Index after a quoted template, whose interpolations may hold strings and braces of their own."""
    index += 1
    while index < len(text) and text[index] not in '"\n':
        if text[index] == "\\":
            index += 2
        elif text.startswith(("${", "%{"), index) and text[index - 1] != text[index]:
            index = _closing(text, index + 2) or len(text)
        else:
            index += 1
    return index + 1


def _heredoc_end(text: str, opening: re.Match[str]) -> int:
    closing = re.compile(rf"^[ \t]*{re.escape(opening.group(1))}[ \t]*$", re.MULTILINE).search(text, opening.end())
    return closing.end() if closing else len(text)
