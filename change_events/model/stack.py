"""The stack an event belongs to: what shares one state, or one playbook with its inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model.event import ChangeEvent


def stack_key(event: ChangeEvent) -> str:
    """A readable key that is equal for all runs of one stack, wherever the repository is checked out.

    Parts: the repository (else the host), the folder in it (else the whole path), the playbook with its inventory, the
    workspace unless it is the default, the backend where the event names one. Terraform and OpenTofu share the stack.
    """
    return " ".join(part for part in (*_folder(event), *_playbook(event), *_state(event)) if part)


def _folder(event: ChangeEvent) -> Iterator[str]:
    vcs, tool, actor = event.vcs, event.tool, event.actor
    repository = (vcs.repository or vcs.remote) if vcs else None
    if vcs is None or not repository:
        host = event.backfilled.host if event.backfilled else actor.host if actor else None
        yield host or ""
        yield (tool.directory if tool else None) or "."
        return
    yield repository
    if event.playbook is None:
        yield vcs.path or "."


def _playbook(event: ChangeEvent) -> Iterator[str]:
    if event.playbook is not None:
        yield event.playbook.file or "playbook"
        yield from event.playbook.inventory


def _state(event: ChangeEvent) -> Iterator[str]:
    tool = event.tool
    if tool and tool.workspace and tool.workspace != "default":
        yield f"workspace {tool.workspace}"
    if tool and tool.backend:
        yield f"backend {tool.backend}"
