"""The command `tfevent`, dispatched by its first word.

`events` is tfevent's own, an observed subcommand is wrapped, and everything else is exec'd untouched. tfevent has no
options of its own on the way to terraform.
"""

from __future__ import annotations

import os
import sys

from tf_wrapper.subcommands import OBSERVED, name_at

_GARBAGE = 100_000  # objects between two looks for it: imports make half as many, which live on


def main(argv: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code; may not return at all."""
    arguments = sys.argv[1:] if argv is None else argv
    index = _word_index(arguments)
    word = name_at(arguments, index) if index is not None else ""
    if word == "events":
        code = _events(arguments, index or 0)
        return code if argv is not None else _leave(code)
    if not _is_observed(word, arguments):
        return _exec(arguments)
    code = _observe(word, arguments)
    return code if argv is not None else _leave(code)


def _word_index(arguments: list[str]) -> int | None:
    """Return the index of the subcommand: the first word that does not begin with a dash."""
    for index, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return index
    return None


def _is_observed(word: str, arguments: list[str]) -> bool:
    if word not in OBSERVED or os.environ.get("TFEVENT_DISABLE", "") not in {"", "0"}:
        return False
    # terraform's command line library answers a request for help wherever it stands
    return not any(argument in {"-h", "-help", "--help", "-version", "--version", "-v"} for argument in arguments)


def _events(arguments: list[str], index: int) -> int:
    _collect_seldom()
    from change_events.cli import main as events
    from tf_wrapper.record.events_adapter import TerraformAdapter

    return events(arguments[:index] + arguments[index + 1 :], TerraformAdapter())


def _collect_seldom() -> None:
    import gc

    gc.set_threshold(_GARBAGE)  # CPython's own hundreds would be a fourteenth of what it costs to record a run


def _leave(code: int) -> int:
    """End the process at once, without tearing down modules and objects.

    The teardown takes up to a tenth of a `summarize`, and a quarter of the CPU time of the smallest apply.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # None: the process was started with the descriptor closed (`2>&-`)
                stream.flush()
    except (OSError, ValueError):
        return code  # the interpreter reports the error
    os._exit(code)


def _exec(arguments: list[str]) -> int:
    from tf_wrapper.launch import binary

    try:
        path = _binary()
    except binary.BinaryNotFoundError as error:
        return _fail(str(error), 127)
    return binary.execute(path, arguments)


def _observe(word: str, arguments: list[str]) -> int:
    from tf_wrapper.launch import binary

    try:
        path = _binary()
    except binary.BinaryNotFoundError as error:
        return _fail(str(error), 127)
    if not _has_directory():
        return binary.execute(path, arguments)  # terraform says so in its own words
    from tf_wrapper.modes.observe import observe

    _collect_seldom()
    return observe(path, word, arguments)


def _binary() -> str:
    from tf_wrapper.launch import binary, binary_setting

    asked_for = os.environ.get("TFEVENT_TF_BINARY")
    configured = None if asked_for or not _has_directory() else binary_setting.binary(os.getcwd())
    return binary.find(os.environ, configured)


def _has_directory() -> bool:
    """Return whether the working directory still exists."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _fail(text: str, code: int) -> int:
    from change_events.output import say

    say(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
