"""The command line of the core: ``tfevent events …``.

Start-up time matters (``summarize`` takes a quarter of a second), so this module imports nothing, and each command's
module is imported when it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.tool_adapter import ToolAdapter


def main(argv: Sequence[str], tools: ToolAdapter) -> int:
    """Run ``tfevent events ARGV``.

    Args:
        argv: the arguments after ``events``.
        tools: the adapter for Terraform's files and processes.

    Returns:
        The exit code: 0, 1 for an error, 2 for a usage error, 69 for a ledger that cannot be used, 130 after Ctrl-C,
        141 for a closed pipe.
    """
    if list(argv[:1]) != ["run"]:  # whose command is started first
        import change_events.lean_msgspec  # noqa: F401 - before anything that imports msgspec

    if list(argv) == ["record"]:  # of a playbook that waits for it: click would be a fifth of its start
        from change_events.cli.exit_handling import exit_code_of

        return exit_code_of(_record)
    from change_events.cli.app import run

    return run(argv, tools)


def _record() -> int:
    from pathlib import Path

    from change_events.cli.record_stream import record
    from change_events.paths import working_directory

    return record(Path(working_directory()))
