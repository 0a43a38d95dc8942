"""Path of Terragrunt's run report: where the user wants it, otherwise in the folder of the run.

A script may start Terragrunt, so every command gets the variable; other programs ignore it.

``--report-file`` and ``TG_REPORT_FILE`` name the file, which is relative to Terragrunt's working directory
(``--working-dir``, ``TG_WORKING_DIR``); the format follows from its extension
(https://terragrunt.gruntwork.io/docs/reference/cli/commands/run/#report-file and
https://terragrunt.gruntwork.io/docs/features/run-report). Versions that know neither ignore the variable.

Imported before the command starts: os only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not imported: typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_PROGRAM = "terragrunt"
_FILE, _DIRECTORY = ("--report-file", "TG_REPORT_FILE"), ("--working-dir", "TG_WORKING_DIR")


def prepared(
    argv: Sequence[str], environ: Mapping[str, str], directory: str, own: str | None
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the variables that make a command write a report, and the path of that report.

    Args:
        argv: the command; Terragrunt may follow another program (``aws-vault exec prod -- terragrunt``).
        environ: environment of the command.
        directory: working directory of the command.
        own: path for a report of tfevent's own; None if there is none.

    Returns:
        Variables to add, and facts: ``report``: absolute path of the file, ``base``: the directory its names are
        relative to, ``before``: its version before the run (:func:`seen`), ``named``: the command line contains
        Terragrunt, so that a missing report is reported. Both are empty if there is no file.
    """
    found = _words(argv)
    words = found or []
    base = os.path.join(directory, _given(words, environ, *_DIRECTORY) or "")
    wanted = _given(words, environ, *_FILE)
    path = os.path.join(base, wanted) if wanted else own
    if path is None:
        return {}, {}
    variables = {} if wanted else {_FILE[1]: path}
    return variables, {"report": path, "base": base, "before": seen(path), "named": found is not None}


def seen(path: str) -> list[int] | None:
    """Return what identifies the version of a file; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size]


def plans(argv: Sequence[str]) -> bool:
    """Return whether the command only plans."""
    words = [word for word in argv if not word.startswith("-")]
    return "plan" in words and "apply" not in words and "destroy" not in words


def _words(argv: Sequence[str]) -> list[str] | None:
    """Return Terragrunt's own arguments, up to ``--``; None if the command does not start it."""
    names = [os.path.basename(word) for word in argv]
    if _PROGRAM not in names:
        return None
    words = list(argv[names.index(_PROGRAM) + 1 :])
    return words[: words.index("--")] if "--" in words else words


def _given(words: Sequence[str], environ: Mapping[str, str], flag: str, variable: str) -> str | None:
    """Return the value of a flag (the last one, with one or two dashes), otherwise of its variable."""
    found = None
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in {flag, flag[1:]}:
            found = value if equals else "".join(words[number + 1 : number + 2])
    return found or environ.get(variable) or None
