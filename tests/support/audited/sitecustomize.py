"""First on PYTHONPATH of a command under test: what it opens, lists, starts and connects to goes to a file.

Each line of ``AUDIT_LOG`` is a Python literal: the event's name, what it is about, and who: the process id.
"""

import os
import sys

WATCHED = {
    "open": 0,
    "os.listdir": 0,
    "os.scandir": 0,
    "os.exec": 0,
    "os.posix_spawn": 0,
    "os.spawn": 1,
    "os.system": 0,
    "socket.connect": 1,
    "subprocess.Popen": 0,
}
LOG = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def note(event, arguments):
    """Write down an event that is watched, or a fork, which has no arguments."""
    if event in WATCHED or event in {"os.fork", "os.forkpty"}:
        about = arguments[WATCHED[event]] if event in WATCHED else ""
        about = os.fspath(about) if isinstance(about, os.PathLike) else about
        os.write(LOG, (repr((event, about, os.getpid())) + "\n").encode("utf-8", "backslashreplace"))


sys.addaudithook(note)
