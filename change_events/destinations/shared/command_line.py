"""The forms of a command in the settings: a list of arguments, or one text."""

from __future__ import annotations

import shlex

EXPECTED = "a program and its arguments, as a list or as one text with closed quotes"


def is_command(given: object) -> bool:
    """Return whether it is a text, a list of arguments, or ``words`` with their ``folder``, with a program."""
    if isinstance(given, dict):
        return set(given) == {"words", "folder"} and is_command(given["words"])
    if isinstance(given, str):
        try:
            given = shlex.split(given)
        except ValueError:
            return False
    if not isinstance(given, (list, tuple)) or not given or not given[0]:
        return False
    return all(isinstance(word, str) and "\0" not in word for word in given)
