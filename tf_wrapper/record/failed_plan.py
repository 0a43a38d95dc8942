"""A plan that failed: what terraform said of it, and how to find what must not show of that."""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False  # spelled out as elsewhere: the modes import this beside a terraform that is ending
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tf_wrapper.configuration.secrets import Secrets
    from tf_wrapper.render.findings import PlanError


class FailedPlan(NamedTuple):
    """What is known of a plan that failed.

    Attributes:
        errors: what terraform said; may hold secrets.
        saved: where it saved what it had by then, if it did.
        secrets: finds what must not show of it; None where the errors are our own words. It reads files, so it is
            called beside the run.
    """

    errors: Sequence[PlanError]
    saved: str = ""
    secrets: Callable[[], Secrets] | None = None
