"""Size limits of Markdown documents, in the units of the backends."""

from __future__ import annotations

import sys

from change_events.destinations import github, gitlab, slack
from change_events.destinations.shared.clip import units
from change_events.summary.document import Size
from change_events.text.markdown import CODE

JOB_SUMMARY_BYTES = 1_048_576
"""Of all that one step writes to ``$GITHUB_STEP_SUMMARY``
(https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits)."""


def sizes() -> dict[str, Size]:
    """Return the limits by value of ``--for``: a comment, a job summary, a Markdown block of a message."""
    return {
        "github": Size(github.LIMITS.fields["body"], units),
        "github_summary": Size(JOB_SUMMARY_BYTES),
        "gitlab": Size(gitlab.LIMITS.fields["body"], units),
        "slack": Size(slack.LIMITS.fields["markdown"], units, _for_slack),
    }


WHOLE = Size(sys.maxsize)
"""No limit."""


def characters(number: int) -> Size:
    """Return a limit in characters."""
    return Size(number, units)


def _for_slack(markdown: str) -> str:
    """Escape ``<`` for Slack, which reads mentions in code, too (``<!channel>``)."""
    return CODE.sub(lambda found: found[0].replace("&", "&amp;").replace("<", "&lt;"), markdown)
