"""Wraps text at words like terraform (the rules of mitchellh/go-wordwrap 1.0.1)."""

from __future__ import annotations

from change_events.text.lazy_pattern import lazy_pattern

# what Go's unicode.IsSpace holds, in this order; the no-break space is a letter to the wrapping
_BREAKING = "\t\v\f\r \x85\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
GO_SPACE = "\n\xa0\t\v\f\r \x85\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_PART = lazy_pattern(rf"\n|[{_BREAKING}]+|[^\n{_BREAKING}]+")


def word_wrap(text: str, width: int) -> str:
    """Return ``text`` in terraform's layout: wrapped to less than ``width``, indented lines unchanged.

    Args:
        text: one or more lines.
        width: columns of the terminal; one or less leaves the text unchanged.
    """
    if width <= 1:
        return text
    return "\n".join(line if line.startswith(" ") else wrap_line(line, width - 1) for line in text.split("\n"))


def wrap_line(text: str, width: int) -> str:
    """Return ``text`` broken at white space so that lines fit into ``width`` characters, if words allow it.

    Args:
        text: any text; its line breaks stay.
        width: in characters including escape sequences, at least one.
    """
    done: list[str] = []
    used, space = 0, ""
    for part in _PART.findall(text):
        if part == "\n":
            done += [_trailing(space, used, width), part]
            used, space = 0, ""
        elif part[0] in GO_SPACE and part[0] != "\xa0":
            space = part
        elif _breaks(used + len(space), len(part), width):
            done += ["\n", part]
            used, space = len(part), ""
        else:
            done += [space, part]
            used, space = used + len(space) + len(part), ""
    return "".join([*done, _trailing(space, used, width)])


def _breaks(before: int, word: int, width: int) -> bool:
    """Return whether a word starts a new line: it does not fit, and the line is long enough for a break to help."""
    return before + word > width and max(1, width - before + 1) < width


def _trailing(space: str, used: int, width: int) -> str:
    return space if used + len(space) <= width else ""
