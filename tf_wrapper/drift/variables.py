"""Variables and state options for all terraform processes of a check, as in the user's own plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tf_wrapper.launch.arguments import environment_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMES = ("var", "var-file", "state")


def variable_words(environ: Mapping[str, str], var_files: Sequence[str]) -> list[str] | None:
    """Return `-var`, `-var-file` and `-state` of TF_CLI_ARGS and TF_CLI_ARGS_plan, then the files of the check.

    Other options in these variables are ignored: `-out`, `-lock`, `-target`. None if they cannot be parsed.
    """
    given = environment_words(environ, "plan")
    if given is None:
        return None
    words: list[str] = []
    rest = iter(given)
    for word in rest:
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and name in _NAMES:
            words.append(f"-{name}={value if equals else next(rest, '')}")
    return [*words, *(f"-var-file={path}" for path in var_files)]
