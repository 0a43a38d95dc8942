# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Determines from the blocks around a task whether its failure is rescued."""

from __future__ import annotations

from typing import Any

_DEEPEST = 200  # of nested blocks and includes


def is_rescued(task: Any) -> bool | None:
    """Return whether Ansible counts a failure of this task as rescued: an enclosing block has a ``rescue``.

    An imported task is in the list of the importing block, without the import task, which is still its parent. So
    everything below a block is searched in its list.

    Args:
        task: Ansible's object of a task in a play.

    Returns:
        None for a handler: it depends on where handlers are flushed.
    """
    if type(task).__name__.startswith("Handler"):
        return None
    below, parent = {task._uuid}, getattr(task, "_parent", None)
    for _dummy in range(_DEEPEST):
        if parent is None:
            return False
        if getattr(parent, "rescue", None) and any(one._uuid in below for one in parent.block):
            return True
        below.add(parent._uuid)
        parent = getattr(parent, "_parent", None)
    return False
