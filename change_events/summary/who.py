"""The person behind a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model import Actor


def who(actor: Actor | None) -> str:
    """Return the person behind a run, or the CI system in its place; empty if neither is known.

    In CI, the user of the process belongs to the runner (`root`, `runner`) and identifies no one.
    """
    if actor is None:
        return ""
    if actor.ci:
        return actor.ci.actor or actor.ci.system
    return actor.user or ""
