"""Detects a writer of a local state without taking its lock."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from typing import TYPE_CHECKING

from tf_wrapper.state.location import workspace_file

if TYPE_CHECKING:
    from tf_wrapper.launch.workspace import Workspace

_FLOCK = "hhqqi0q"  # of Linux: type, whence, start, length, process


def is_held(workspace: Workspace) -> bool:
    """Return whether another process holds the lock of the workspace's local state; False if unknown."""
    path = workspace_file(workspace, workspace.name)
    if path is None or sys.platform != "linux":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, wanted)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    except (OSError, struct.error):
        return False
    finally:
        os.close(descriptor)
