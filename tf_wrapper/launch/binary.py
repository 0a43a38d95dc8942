"""Finds the terraform (or tofu) binary. Imported before terraform starts, so it has few imports."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("terraform", "tofu")
_PEEK = 1024  # enough of a script to see whom it calls


class BinaryNotFoundError(Exception):
    """No terraform binary; the text is the whole error message."""


def find(environ: Mapping[str, str], configured: str | None) -> str:
    """Return the path of the binary to run.

    Args:
        environ: ``TFEVENT_TF_BINARY`` (a name on PATH or a path) takes precedence; the default is ``terraform`` or
            ``tofu`` on PATH.
        configured: ``binary`` of tfevent.yaml, if any.

    Raises:
        BinaryNotFoundError: there is none, or the selected one does not exist or is tfevent itself.
    """
    wanted = environ.get("TFEVENT_TF_BINARY") or configured
    path = environ.get("PATH", os.defpath)
    if wanted:
        return _the_one(wanted, path)
    for name in _NAMES:
        for candidate in _candidates(name, path):
            if not is_ourselves(candidate):
                return candidate
    raise BinaryNotFoundError(
        "no terraform or tofu found on PATH; install one, or name it in TFEVENT_TF_BINARY or in tfevent.yaml (binary)"
    )


def _the_one(wanted: str, path: str) -> str:
    found = [wanted] if os.sep in wanted and _executable(wanted) else []
    if os.sep not in wanted:
        found = _candidates(wanted, path)
    for candidate in found:
        if not is_ourselves(candidate):
            return candidate
    problem = "is tfevent itself" if found else "does not exist or is not executable"
    raise BinaryNotFoundError(
        f"TFEVENT_TF_BINARY or `binary:` names {wanted!r}, which {problem}; give the path of terraform or tofu"
    )


def _candidates(name: str, path: str) -> list[str]:
    folders = [folder or "." for folder in path.split(os.pathsep)]
    return [full for folder in folders if _executable(full := os.path.join(folder, name))]


def _executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def is_ourselves(path: str) -> bool:
    """Return whether ``path`` would run tfevent again: the same file, or a script that names its module."""
    own = sys.argv[0] if sys.argv else ""
    if own and os.path.exists(own) and os.path.samefile(path, own):
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(_PEEK)
    except OSError:
        return False
    if not head.startswith(b"#!"):
        return False
    return b"tf_wrapper" in head or os.path.basename(os.path.realpath(path)) == "tfevent" or _calls_tfevent(head)


def _calls_tfevent(script: bytes) -> bool:
    """Return whether a shell script ends with a call of tfevent, which would recurse endlessly."""
    commands = [line.strip() for line in script.splitlines() if line.strip() and not line.startswith(b"#")]
    last = commands[-1].split() if commands else []
    words = [word for word in last if word != b"exec" and b"=" not in word]
    return bool(words) and os.path.basename(words[0]) == b"tfevent"


def execute(path: str, argv: list[str]) -> int:
    """Replace this process with terraform, arguments unchanged. Returns 126 only if it cannot be executed."""
    import _signal  # type: ignore[import-not-found] # signal itself costs 4 ms (enum), a fifth of what we may cost here

    for number in (
        _signal.SIGPIPE,
        _signal.SIGXFSZ,
    ):  # Python ignores these two; terraform must find them as we did
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execv(path, [os.path.basename(path), *argv])
    except OSError as error:
        from change_events.output import say  # a module less before terraform starts

        say(f"cannot run {path}: {error.strerror}")
    return 126
