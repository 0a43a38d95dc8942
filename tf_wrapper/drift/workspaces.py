"""Tests whether the selected workspace exists; a plan, like most commands, would create it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tf_wrapper.state.location import workspace_file

if TYPE_CHECKING:
    from tf_wrapper.drift.messages import Messages
    from tf_wrapper.drift.processes import Place, Processes
    from tf_wrapper.launch.workspace import Workspace

_VARIABLE = "TF_WORKSPACE"


def has_workspace(
    binary: str, workspace: Workspace, place: Place, processes: Processes, messages: Messages
) -> bool | None:
    """Return whether the selected workspace of a directory exists; ``default`` always does.

    If it has no local state, `workspace list` is run, which is read-only as long as no workspace is named to it.

    Args:
        binary: path of terraform.
        workspace: the directory.
        place: where the process runs.
        processes: processes of the check.
        messages: takes terraform's messages.

    Returns:
        None if unknown; the messages have the reason. Raises the errors of :meth:`Processes.lines`.
    """
    if workspace.name == "default":
        return True
    path = workspace_file(workspace, workspace.name)
    if path is not None and os.path.isdir(os.path.dirname(path)):
        return True
    names: set[str] = set()

    def take(line: bytes) -> None:
        names.add(line.decode("utf-8", "replace").lstrip("* ").strip())
        messages.take(line)

    environ = {name: value for name, value in place.environ.items() if name != _VARIABLE}
    code = processes.lines([binary, "workspace", "list", "-no-color"], place._replace(environ=environ), take)
    return workspace.name in names if code == 0 else None
