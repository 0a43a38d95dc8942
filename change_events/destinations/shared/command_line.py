"""What a command may be in the settings: words, as a list or as one text."""

from __future__ import annotations

import shlex

EXPECTED = "a program and its arguments, as a list or as one text with closed quotes"


def is_command(given: object) -> bool:
    """Whether it is a text, a list of words, or ``words`` with their ``folder``, and there is a program in it."""
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
