"""The person behind a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model import Actor


def who(actor: Actor | None) -> str:
    """The person behind a run, or the CI system standing for one; empty when neither is known.

    In CI, the user of the process is the runner's (`root`, `runner`), which names no one.
    """
    if actor is None:
        return ""
    if actor.ci:
        return actor.ci.actor or actor.ci.system
    return actor.user or ""
