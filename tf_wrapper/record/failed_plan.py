"""A failed plan: terraform's errors, and how to find the secrets in them."""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False  # spelled out as elsewhere: the modes import this beside a terraform that is ending
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tf_wrapper.configuration.secrets import Secrets
    from tf_wrapper.render.findings import PlanError


class FailedPlan(NamedTuple):
    """The facts of a failed plan.

    Attributes:
        errors: terraform's errors; may contain secrets.
        saved: path of the partial plan, if it was saved.
        secrets: finds the secrets that errors may quote; None if the errors are tfevent's own. It reads files, so it is
            called beside the run.
    """

    errors: Sequence[PlanError]
    saved: str = ""
    secrets: Callable[[], Secrets] | None = None
