"""A plan that failed has no changes; what a reader gets of it is its error."""

from __future__ import annotations

import msgspec

from change_events.model import Failure, Outcome, Phase, Summary
from change_events.settings import Settings
from change_events.summary.composing import compose
from tests.cli.sample import partial

ERROR = "Invalid reference in main.tf"


def test_the_first_error_of_a_failed_plan_is_listed_and_shown(home):
    event = msgspec.structs.replace(
        partial(), phase=Phase.PLANNED, outcome=Outcome.FAILED, summary=Summary(), changes=(), outputs=(), drift=(),
        checks=(), failures=(Failure(summary=ERROR), Failure(summary="a second one")),
    )  # fmt: skip
    home.fill(compose(event, Settings()))
    assert ERROR in home.events("show", "last")
    assert ERROR in home.events("list")
