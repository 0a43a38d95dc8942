from __future__ import annotations

from datetime import UTC, datetime

import pytest

from change_events.cli.render.changes import cause_lines, change_lines
from change_events.model import (
    Action,
    Cause,
    CauseCommit,
    CauseKind,
    Change,
    ChangeEvent,
    Confidence,
    Kind,
    Phase,
)
from change_events.settings import Settings
from change_events.summary.composing import compose

COMMIT = CauseCommit(
    id="c0ffee1" + "0" * 33,
    subject="Smaller nodes (#41)",
    author="Ada",
    authored_at=datetime(2026, 11, 1, tzinfo=UTC),
    pull_request="#41",
)
EDIT = Cause(
    kind=CauseKind.EDITED_LINE,
    text="var.size",
    file="prod.tfvars",
    line=4,
    attributes=("instance_type",),
    commits=(COMMIT,),
    confidence=Confidence.EXACT,
)
UNKNOWN = Cause(kind=CauseKind.UNKNOWN, text="no earlier run of this stack is known")


def event(*causes: tuple[Cause, ...]) -> ChangeEvent:
    changes = tuple(
        Change(address=f"aws_instance.web[{at}]", action=Action.UPDATE, causes=each) for at, each in enumerate(causes)
    )
    return ChangeEvent(
        id="018f0000-0000-7000-8000-000000000000",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime(2026, 11, 2, tzinfo=UTC),
        title="",
        changes=changes,
    )


def test_a_cause_that_changes_share_stands_once_in_the_event_with_their_number():
    drift = Cause(kind=CauseKind.DRIFT, text="aws_instance.web[3]", confidence=Confidence.EXACT)
    composed = compose(event((UNKNOWN,), (EDIT,), (EDIT,), (EDIT, drift)), Settings())
    assert [(one.kind, one.changes) for one in composed.causes] == [
        (CauseKind.EDITED_LINE, 3),
        (CauseKind.DRIFT, 1),
        (CauseKind.UNKNOWN, 1),
    ]
    assert composed.causes[0].addresses == ("aws_instance.web[1]", "aws_instance.web[2]", "aws_instance.web[3]")
    assert composed.causes[0].commits == (COMMIT,)


def test_the_message_says_why_and_leaves_out_what_is_unknown():
    composed = compose(event((UNKNOWN,), (EDIT,), (EDIT,)), Settings())
    line = next(line for line in composed.message.splitlines() if "because" in line)
    assert line.startswith('- 2 changes because `var.size` in `prod.tfvars:4`, `c0ffee1` "Smaller nodes ')
    assert line.endswith(" by Ada, \\#41")
    assert "unknown" not in composed.message


def test_a_file_that_was_edited_is_its_own_name():
    cause = Cause(kind=CauseKind.EDITED_LINE, file="text/motd.txt", line=1, commits=(COMMIT,))
    assert "1 change because `text/motd.txt:1`, `c0ffee1`" in compose(event((cause,)), Settings()).message


def test_the_terminal_shows_the_causes_of_each_change_and_of_all():
    composed = compose(event((UNKNOWN,), (EDIT,)), Settings())
    assert list(cause_lines(composed.causes)) == [
        '  1 change because var.size in prod.tfvars:4, c0ffee1 "Smaller nodes (#41)" by Ada, #41',
        "  1 change: cause unknown (no earlier run of this stack is known)",
    ]
    shown = "\n".join(change_lines(composed.changes, 10))
    assert 'because var.size in prod.tfvars:4, c0ffee1 "Smaller nodes (#41)" by Ada, #41 (instance_type)' in shown
    assert "unknown" not in shown


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause(kind=CauseKind.UNCOMMITTED_EDIT, text="local.size", file="main.tf", line=3), "uncommitted edit"),
        (Cause(kind=CauseKind.VARIABLE_GIVEN, text="var.size"), "given from outside"),
        (Cause(kind=CauseKind.MODULE_VERSION, text="module.vpc 1.0.0 → 1.1.0"), "module version"),
        (Cause(kind=CauseKind.PROVIDER_VERSION, text="hashicorp/aws 5.0.0 → 5.1.0"), "provider version"),
        (Cause(kind=CauseKind.UPSTREAM_CHANGE, text="aws_vpc.main"), "changed by this plan"),
        (Cause(kind=CauseKind.DRIFT, text="aws_vpc.main"), "changed outside of the tool"),
        (Cause(kind=CauseKind.DATA_SOURCE, text="data.aws_ami.base"), "read again"),
        (Cause(kind=CauseKind.PROVIDER_COMPUTED, text="etag"), "computed by the provider"),
    ],
)
def test_each_kind_is_named_in_words(cause, words):
    composed = compose(event((cause,)), Settings())
    assert f"1 change because `{cause.text}`" in composed.message
    assert words in composed.message
