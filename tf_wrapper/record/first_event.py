"""The event of a run at its start: who runs what, where, from which commit."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from change_events import __version__
from change_events.model import ChangeEvent, Kind, Phase, Tool
from change_events.paths import unit_directory
from change_events.redact.spans import MARK
from tf_wrapper.launch import arguments
from tf_wrapper.launch.state_arguments import StateArguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.redact import Redactor
    from change_events.settings import Settings


def first_event(facts: Mapping[str, Any], settings: Settings, redactor: Redactor) -> ChangeEvent:
    """Return the event of a run at its start, redacted.

    Args:
        facts: facts in the run's folder.
        settings: for environment, service and tags.
        redactor: has seen the secrets that the command line may have.
    """
    from change_events.context import detect
    from change_events.context.stamp import stamp

    context = detect(Path(str(facts["directory"])), os.environ, redactor=redactor)
    tool = _tool(facts, redactor)
    event = ChangeEvent(
        id=str(facts["id"]),
        kind=Kind.INFRASTRUCTURE,
        phase=Phase(facts.get("phase", "applied")),
        started_at=datetime.fromtimestamp(float(facts["started_at"]), UTC),
        title="",
        tool=tool,
        partial=arguments.is_limited([str(word) for word in facts["argv"]], os.environ),
    )
    places = {"workspace": tool.workspace, "directory": os.path.basename(unit_directory(tool.directory or ""))}
    return stamp(event, settings, redactor, context, trace=facts, **places)


def without_positional(facts: Mapping[str, Any]) -> list[str]:
    """Return the command line of a state command without its positional arguments: IDs, addresses, names."""
    argv = [str(word) for word in facts["argv"]]
    count = len(StateArguments(str(facts["word"]), argv, {}).positional)
    return [*argv[: len(argv) - count], *[MARK] * count]


def _tool(facts: Mapping[str, Any], redactor: Redactor) -> Tool:
    name = "tofu" if os.path.basename(str(facts["binary"])).startswith("tofu") else "terraform"
    return Tool(
        name=name,
        tfevent=__version__,
        command=redactor.command_line([name, *facts["argv"]]),
        workspace=redactor.text(str(facts.get("named") or facts["workspace"])),  # the one that is created or deleted
        directory=redactor.text(str(facts["directory"])),
        backend=redactor.text(f"local {facts['file']}") if facts.get("file") else None,  # not the stack's own state
    )
