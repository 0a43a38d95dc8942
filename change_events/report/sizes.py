"""How long a Markdown document may be where it is posted, counted as it is counted there."""

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
    """By the name that ``--for`` takes: a comment, a job summary, a Markdown block of a message."""
    return {
        "github": Size(github.LIMITS.fields["body"], units),
        "github_summary": Size(JOB_SUMMARY_BYTES),
        "gitlab": Size(gitlab.LIMITS.fields["body"], units),
        "slack": Size(slack.LIMITS.fields["markdown"], units, _for_slack),
    }


WHOLE = Size(sys.maxsize)
"""No limit."""


def characters(number: int) -> Size:
    """At most so many characters."""
    return Size(number, units)


def _for_slack(markdown: str) -> str:
    """Slack looks for mentions in code, too (``<!channel>``): there, ``<`` begins nothing."""
    return CODE.sub(lambda found: found[0].replace("&", "&amp;").replace("<", "&lt;"), markdown)
