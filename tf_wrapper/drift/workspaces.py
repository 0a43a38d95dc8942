"""Whether the selected workspace exists: a plan, and nearly every other command, creates it where it does not."""

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
    """Whether a directory's selected workspace exists, as ``default`` always does.

    Where no local state of it is found, terraform is asked by `workspace list`, which only reads as long as no
    workspace is named to it.

    Args:
        binary: path of terraform.
        workspace: the directory.
        place: of its terraforms.
        processes: of the check.
        messages: takes what terraform says.

    Returns:
        None where it cannot be known; the messages say why. Raises as :meth:`Processes.lines`.
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
