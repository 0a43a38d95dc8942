"""The facts of a new run, and the environment of its terraform."""

from __future__ import annotations

import os
import time

from change_events import trace
from change_events.ids import new_id

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_NOT_OURS = ("TF_CLI_ARGS", "TF_LOG")  # prefixes: TF_CLI_ARGS_state_pull, TF_LOG_PATH


def new_facts(binary: str, word: str, argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of a new run, without the values of -var and -backend-config."""
    return {
        "id": new_id(),
        "binary": binary,
        "word": word,
        "argv": _without_values(argv),
        "cwd": os.getcwd(),
        "started_at": time.time(),
        "stage": "planning",
        **trace.begin(environ),
    }


def child_environment(environ: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the user's environment with tfevent's trace, so that whatever terraform starts is a child of this run."""
    return trace.child_environment(
        environ, run_id=str(facts["id"]), trace_id=str(facts["trace_id"]), span_id=str(facts["span_id"])
    )


def helper_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of helper commands (show, state pull): no extra arguments, no user's log file."""
    environment = {name: value for name, value in environ.items() if not name.startswith(_NOT_OURS)}
    return {**environment, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def apply_environment(environ: Mapping[str, str], *, planned_here: bool) -> dict[str, str]:
    """Return the environment of the apply phase, without extra arguments: those of apply are in its argv already.

    Args:
        environ: environment of the run.
        planned_here: the plan was made in this run, with the same settings.
    """
    environment = dict(environ)
    for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_CLI_ARGS_plan"):
        environment.pop(name, None)
    settings = environment.get("TF_CLI_CONFIG_FILE")
    if planned_here and settings and not os.path.exists(settings):
        environment["TF_CLI_CONFIG_FILE"] = os.devnull  # as empty as one that is missing; the plan phase has said so
    return environment


def _without_values(argv: Sequence[str]) -> list[str]:
    kept: list[str] = []
    hide_next = False
    for word in argv:
        name, equals, rest = word.lstrip("-").partition("=")
        if hide_next:
            kept.append(word.partition("=")[0] + "=…")
            hide_next = False
        elif word.startswith("-") and name in {"var", "backend-config"}:
            kept.append(f"-{name}={rest.partition('=')[0]}=…" if equals else word)
            hide_next = not equals
        else:
            kept.append(word)
    return kept
