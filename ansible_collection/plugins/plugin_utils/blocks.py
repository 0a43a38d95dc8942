# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a task stands among the blocks of its play: whether a failure of it is rescued."""

from __future__ import annotations

from typing import Any

_DEEPEST = 200  # of nested blocks and includes


def is_rescued(task: Any) -> bool | None:
    """Whether Ansible counts a failure of this task as rescued: a block around it has a ``rescue``, and tries the task.

    What is imported stands in the list of the block that imports it, without the task that imports it, which is still
    its parent. So all that lies below a block is looked for in its list.

    Args:
        task: of a play, as Ansible keeps it.

    Returns:
        None of a handler: that depends on where the handlers were flushed, which the handler does not say.
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
