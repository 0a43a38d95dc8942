"""Numbers of things in words."""

from __future__ import annotations


def number_of(number: int, noun: str) -> str:
    """``1 host``, ``2 hosts``: for nouns whose plural has an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
