"""Run a command and wait for all that it has started, so that what goes on after it is in the figures, too.

``python reaped.py COMMAND…`` ends with the command's exit code, or 1 where a signal ended it. On Linux only: elsewhere
processes that outlive their parents are not found.
"""

import ctypes
import os
import subprocess
import sys

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2): processes without a parent become ours


def main() -> int:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(sys.argv[1:])
    code = 1
    while True:
        try:
            number, status = os.wait()
        except ChildProcessError:
            return code if code >= 0 else 1
        if number == process.pid:
            code = process.returncode = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
