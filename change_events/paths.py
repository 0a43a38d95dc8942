"""Where tfevent keeps its files.

Standard library and two modules only: this is imported before terraform starts (platformdirs costs 20 ms there).
"""

from __future__ import annotations

import os
import stat
import sys

_APP = "tfevent"


def state_dir() -> str:
    """Folder for the journal, the fingerprint key and running runs; it need not exist yet.

    ``TFEVENT_STATE_DIR``, else ``$XDG_STATE_HOME/tfevent``, else the platform's own place.
    """
    return os.environ.get("TFEVENT_STATE_DIR") or _user_folder("XDG_STATE_HOME", ".local/state")


def config_dir() -> str:
    """Folder of the user's own ``tfevent.yaml``; it need not exist."""
    return _user_folder("XDG_CONFIG_HOME", ".config")


def working_directory() -> str:
    """The process's own; the root where it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return "/"


def unit_directory(directory: str) -> str:
    """The directory of a Terragrunt unit, whose terraform runs in a copy below it; of others, the same."""
    return directory.partition("/.terragrunt-cache/")[0]


def _user_folder(variable: str, default: str) -> str:
    base = os.environ.get(variable)
    if base and os.path.isabs(base):
        return os.path.join(base, _APP)
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):  # empty, relative or missing: nothing of ours may land in the working directory or /
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = _last_resort()
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", _APP)
    return os.path.join(home, *default.split("/"), _APP)


def _last_resort() -> str:
    """A home for whoever has none: a corner of the temporary folder, unless someone else has been there first."""
    corner = os.path.join(os.environ.get("TMPDIR") or "/tmp", f"{_APP}-{os.getuid()}")  # noqa: S108 - checked below
    try:
        status = os.lstat(corner)
    except OSError:
        return corner
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
    return corner if ours else "/nonexistent"
