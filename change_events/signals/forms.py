"""Validates a form of a change as written by a user."""

from __future__ import annotations

from difflib import get_close_matches

from change_events.redact.patterns import check
from change_events.signals.amounts import UNITS
from change_events.signals.size_orders import ORDERS
from change_events.signals.watched import FORMS

_PREFIXES = ("was ", "existing ")


def problem(form: str) -> str | None:
    """Return what is wrong with a form, and what is expected; None if it is valid."""
    word, _, argument = form.strip().partition(" ")
    arrow = form.removeprefix(_PREFIXES[0]).removeprefix(_PREFIXES[1])
    if word not in FORMS or word in {"was", "existing"}:
        if "->" in arrow and arrow.partition("->")[2]:
            return None
        near = get_close_matches(word, FORMS, n=1)
        return f"did you mean {near[0]}?" if near else f"write one of {', '.join(FORMS)}"
    return _of_argument(word, argument)


def _of_argument(word: str, argument: str) -> str | None:
    words = argument.split()
    if word in {"lower", "higher"} and any(one not in UNITS and not one.endswith("=endless") for one in words):
        return f"{word} takes a unit of {', '.join(filter(None, UNITS))}, and VALUE=endless"
    if word == "smaller" and argument not in ORDERS:
        return f"smaller takes an order of {', '.join(filter(None, ORDERS))}, or nothing"
    if word == "down" and "<" not in argument:
        return "down takes a chain, such as `down free<standard<premium`"
    if word == "each" and "->" not in argument:
        return "each takes a change, such as `each deny*->allow`"
    return _of_pattern(argument) if word == "matching" else None


def _of_pattern(pattern: str) -> str | None:
    wrong = check(pattern)
    if wrong:
        return f"matching takes a regular expression, and {wrong}"
    return None if pattern else "matching takes a regular expression"
