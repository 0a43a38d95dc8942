"""Where Terragrunt writes its run report: where the user wants it, else into the folder of our run.

A script may start Terragrunt, so any command gets the variable; others ignore it.

``--report-file`` and ``TG_REPORT_FILE`` name the file, which is relative to Terragrunt's working directory
(``--working-dir``, ``TG_WORKING_DIR``); the format follows from its extension
(https://terragrunt.gruntwork.io/docs/reference/cli/commands/run/#report-file and
https://terragrunt.gruntwork.io/docs/features/run-report). Versions that know neither ignore the variable.

Imported before the command starts: os only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_PROGRAM = "terragrunt"
_FILE, _DIRECTORY = ("--report-file", "TG_REPORT_FILE"), ("--working-dir", "TG_WORKING_DIR")


def prepared(
    argv: Sequence[str], environ: Mapping[str, str], directory: str, own: str | None
) -> tuple[dict[str, str], dict[str, Any]]:
    """What a command gets beside its environment to have it write a report, and where that is then found.

    Args:
        argv: the command; Terragrunt may stand behind another program (``aws-vault exec prod -- terragrunt``).
        environ: of the command.
        directory: in which it starts.
        own: the file of ours that takes the report; None where there is none.

    Returns:
        Variables to add; ``report``: the file's absolute path, ``base``: the directory that its names are relative to,
        ``before``: what stands there already (:func:`seen`), ``named``: the command line has Terragrunt in it, so
        that a report is missed where there is none. Nothing, both, where there is no file.
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
    """What distinguishes one version of a file from another; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size]


def plans(argv: Sequence[str]) -> bool:
    """Whether the command says that it only plans."""
    words = [word for word in argv if not word.startswith("-")]
    return "plan" in words and "apply" not in words and "destroy" not in words


def _words(argv: Sequence[str]) -> list[str] | None:
    """Terragrunt's own words: those up to ``--``, behind which terraform's begin. None where it is not started."""
    names = [os.path.basename(word) for word in argv]
    if _PROGRAM not in names:
        return None
    words = list(argv[names.index(_PROGRAM) + 1 :])
    return words[: words.index("--")] if "--" in words else words


def _given(words: Sequence[str], environ: Mapping[str, str], flag: str, variable: str) -> str | None:
    """The value of a flag, the last one given, else of its variable. One dash does as well as two."""
    found = None
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in {flag, flag[1:]}:
            found = value if equals else "".join(words[number + 1 : number + 2])
    return found or environ.get(variable) or None
