"""What an earlier run of a stack weakened and this one makes use of."""

from __future__ import annotations

import msgspec
import pytest

from change_events.history.signals import history_signals
from change_events.model import Action, ChangeOutcome, Risk, Severity, Signal
from change_events.settings import Settings
from change_events.summary.composing import compose
from tests.history.past import change, journal_of, run

DB = "aws_db_instance.main"
DAY = 24 * 60


def weakened(minutes, name="protection_removed", address=DB, outcome=ChangeOutcome.APPLIED):
    signal = Signal(name=name, reason="r", address=address, outcome=outcome)
    return msgspec.structs.replace(run(minutes, change(address)), signals=(signal,))


def destroyed(minutes, address=DB, **more):
    gone = msgspec.structs.replace(change(address), action=Action.DESTROY, **more)
    return run(minutes, gone)


def widened(minutes, *names):
    risks = tuple(Risk(name=name, reason="r") for name in ("iam_widened", *names))
    return run(minutes, msgspec.structs.replace(change("aws_iam_policy.a"), risks=risks))


@pytest.fixture
def signals_of(tmp_path):
    def last_signals(*events):
        with journal_of(tmp_path, *events[:-1]) as journal:
            return history_signals(journal, events[-1])

    return last_signals


def test_a_protection_that_was_removed_and_then_what_it_protected_is_destroyed(signals_of):
    earlier = weakened(180)
    (signal,) = signals_of(earlier, run(90, change("x.other")), destroyed(60))
    assert (signal.name, signal.address, signal.events) == ("unprotected_then_destroyed", DB, (earlier.id,))
    assert signal.reason == "its protection was removed 2 h earlier"
    ended = compose(destroyed(60), Settings(), (signal,))
    assert ended.severity is Severity.ERROR


def test_an_object_that_was_moved_in_between_is_the_same(signals_of):
    moved = destroyed(60, address="aws_db_instance.new", previous_address=DB)
    assert [signal.name for signal in signals_of(weakened(180), moved)] == ["unprotected_then_destroyed"]


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        (weakened(60 + DAY + 1), destroyed(60)),
        (weakened(180, address="aws_db_instance.another"), destroyed(60)),
        (weakened(180, outcome=ChangeOutcome.FAILED), destroyed(60)),
        (weakened(180, name="traffic_moved"), destroyed(60)),
        (weakened(180, address="aws_instance.a"), destroyed(60, address="aws_instance.a")),
        (weakened(180), run(60, change(DB))),
        (weakened(180, name="audit_silenced", address="aws_cloudtrail.a"), run(60, change("aws_iam_policy.a"))),
        (weakened(180, name="audit_silenced", address="aws_cloudtrail.a"), widened(60, "audit_silenced")),
    ],
)
def test_what_has_nothing_to_do_with_it(signals_of, earlier, now):
    assert signals_of(earlier, now) == ()


def test_an_audit_that_was_silenced_before_access_is_widened(signals_of):
    earlier = weakened(180, name="audit_silenced", address="aws_cloudtrail.a")
    (signal,) = signals_of(earlier, widened(60))
    assert (signal.name, signal.address, signal.events) == (
        "access_widened_unaudited",
        "aws_iam_policy.a",
        (earlier.id,),
    )
    assert signal.reason == "audit logs were reduced (aws_cloudtrail.a) 2 h earlier"
