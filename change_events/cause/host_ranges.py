"""Ranges of host names in inventories: ``web[01:20].example.com``, ``db-[a:f]``, ``w[1:9:2]``, several in one name.

Source: ansible/ansible lib/ansible/plugins/inventory/__init__.py, ``expand_hostname_range``.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEPPED = 3  # bounds with a step


def is_range(pattern: str) -> bool:
    """Return whether a name in an inventory is a range of hosts."""
    return "[" in pattern


def covers(pattern: str, name: str) -> bool:
    """Return whether a pattern includes a host name, without expanding the pattern.

    Raises:
        ValueError: the pattern is invalid in Ansible.
    """
    head, opened, rest = _without_port(pattern).partition("[")
    if not opened:
        return head == name
    bounds, closed, tail = rest.partition("]")
    if not closed:
        raise ValueError("a range without an end")
    if not name.startswith(head):
        return False
    left = name[len(head) :]
    return any(covers(tail, left[len(item) :]) for item in _items(bounds, left))


def _without_port(pattern: str) -> str:
    name, colon, port = pattern.rpartition(":")
    return name if colon and "]" not in port and port.isdecimal() else pattern


def _items(bounds: str, text: str) -> Iterator[str]:
    """Yield the prefixes of a text that are elements of the range."""
    first, last, step = _parts(bounds)
    if first in string.ascii_letters and last in string.ascii_letters:
        letters = string.ascii_letters[string.ascii_letters.index(first) : string.ascii_letters.index(last) + 1 : step]
        if text[:1] and text[0] in letters:
            yield text[0]
        return
    width = len(first) if first[0] == "0" else 0
    numbers = range(int(first), int(last) + 1, step)
    for length in range(1, len(last) + 1):
        item = text[:length]
        if len(item) < length or not (item.isascii() and item.isdecimal()):
            return
        if int(item) in numbers and str(int(item)).zfill(width) == item:
            yield item


def _parts(bounds: str) -> tuple[str, str, int]:
    first, last, *step = bounds.split(":")
    if not last or len(step) > _STEPPED - 2:
        raise ValueError("no range")
    return first or "0", last, int(step[0]) if step else 1
