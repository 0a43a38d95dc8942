"""Numbers with nouns."""

from __future__ import annotations


def number_of(number: int, noun: str) -> str:
    """Return ``1 host``, ``2 hosts``: for nouns with a plural in s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
