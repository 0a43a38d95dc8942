"""The observed command, as shared by the modules that run it, record it and word its event."""

from __future__ import annotations

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from change_events.files.rundir import RunDirectory
    from change_events.journal import Journal
    from change_events.settings import Settings

    CloseKilled = Callable[[Journal, Settings], None]


class ObservedCommand:
    """One command.

    Args:
        argv: the command and its arguments.
        options: the input, as in :func:`change_events.explicit.explicit_input.read`.
        facts: facts of its run: ``id``, ``owner``, ``started_at`` (seconds since 1970), ``trace``.
        folder: folder of its run, held by this process; None if none can be written.
        close_killed: settles killed runs, including those of terraform, which may be units of this one.
    """

    def __init__(
        self,
        argv: Sequence[str],
        options: Mapping[str, Any],
        facts: Mapping[str, Any],
        folder: RunDirectory | None,
        close_killed: CloseKilled | None = None,
    ) -> None:
        self.argv = argv
        self.options = options
        self.facts = facts
        self.folder = folder
        self.close_killed = close_killed
