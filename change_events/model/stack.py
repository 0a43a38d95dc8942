"""The stack an event belongs to: what shares one state, or one playbook with its inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model.event import ChangeEvent


def stack_key(event: ChangeEvent) -> str:
    """A readable key that is equal for all runs of one stack, wherever the repository is checked out.

    Parts: the repository (else the host), the folder in it (else the whole path), the playbook with its inventory, the
    workspace unless it is the default, the backend where the event names one. Terraform and OpenTofu share the stack.
    """
    vcs, tool, actor = event.vcs, event.tool, event.actor
    repository = (vcs and (vcs.repository or vcs.remote)) or None
    if repository is None:
        parts = [(actor and actor.host) or "", (tool and tool.directory) or "."]
    elif event.playbook is None:
        parts = [repository, (vcs and vcs.path) or "."]
    else:
        parts = [repository]
    if event.playbook is not None:
        parts += [event.playbook.file or "playbook", *event.playbook.inventory]
    if tool and tool.workspace and tool.workspace != "default":
        parts.append(f"workspace {tool.workspace}")
    if tool and tool.backend:
        parts.append(f"backend {tool.backend}")
    return " ".join(part for part in parts if part)
