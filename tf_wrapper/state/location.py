"""Locates the state of a command: a local file, by terraform's own rules, or a state that its backend must provide.

The rules of the local backend are in terraform's internal/backend/local/backend.go (StatePaths), those of ``-state`` in
internal/command/state_meta.go and state_mv.go.
"""

from __future__ import annotations

import os

from tf_wrapper.configuration import inputs

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from typing import Any

    from tf_wrapper.launch.state_arguments import StateArguments
    from tf_wrapper.launch.workspace import Workspace
    from tf_wrapper.subcommands import Subcommand

_DEFAULT = "default"
_FILE = "terraform.tfstate"
_SETTINGS_BYTES = 1 << 20


class Files:
    """The local files of a state command, as absolute paths.

    Attributes:
        source: the state that it reads.
        target: the state that it writes, if it is another.
        name: the changed state as named by ``-state`` or ``-state-out``, if it is not that of the workspace.
    """

    __slots__ = ("name", "source", "target")

    def __init__(self, source: str, target: str | None, name: str | None) -> None:
        self.source = source
        self.target = target
        self.name = name


def backend(data_dir: str) -> tuple[str, dict[str, Any]] | None:
    """Return kind and settings of the initialised backend; ``local`` if there is none; None if unknown.

    Args:
        data_dir: terraform's data directory.
    """
    path = os.path.join(data_dir, _FILE)
    if not os.path.lexists(path):
        return "local", {}
    data = inputs.read(path, _SETTINGS_BYTES)
    if data is None:
        return None
    import json  # only where a backend was initialised: it costs 8 ms

    try:
        document = json.loads(data or b"{}")
        found = document.get("backend") or {}
        if document.get("state_store"):
            return None
        return str(found.get("type") or "local"), dict(found.get("config") or {})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None


def workspace_file(workspace: Workspace, name: str) -> str | None:
    """Return the state file of a workspace; None if the backend is not the local one."""
    found = backend(workspace.data_dir)
    if found is None or found[0] != "local":
        return None
    return os.path.join(workspace.directory, _default_file(found[1], name))


def files_of(workspace: Workspace, arguments: StateArguments, row: Subcommand) -> Files | None:
    """Return the files of a command; None if terraform must be asked for its state.

    Args:
        workspace: its directory.
        arguments: its command line.
        row: its row in :data:`tf_wrapper.subcommands.OBSERVED`.
    """
    given, out = arguments.flags.get("state"), arguments.flags.get("state-out")
    default = workspace_file(workspace, workspace.name)
    if default is None and not (given and row.files):
        return None
    source = os.path.join(workspace.directory, given) if given else str(default)
    target = os.path.join(workspace.directory, out) if out else None
    if target is None or target == source:
        return Files(source, None, given if source != default else None)
    if row.splits:
        return Files(source, target, given if source != default else None)
    return Files(source, target, out if target != default else None)


def _default_file(config: dict[str, Any], name: str) -> str:
    if name == _DEFAULT:
        return str(config.get("path") or _FILE)
    return os.path.join(str(config.get("workspace_dir") or "terraform.tfstate.d"), name, _FILE)
