"""Signals about the state itself: replaced, unlocked by force."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from change_events.model import ChangeEvent, Kind, Outcome, Phase, StateEdit
from change_events.signals import signals


def names(**state):
    event = ChangeEvent(
        id="1",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime.now(UTC),
        title="",
        outcome=Outcome.SUCCEEDED,
        state=StateEdit(**state),
    )
    return [signal.name for signal in signals(event)]


def push(previous, serial, *, lineage="l", forced=False):
    return names(
        command="state push",
        previous_serial=previous,
        serial=serial,
        previous_lineage="l" if previous is not None else None,
        lineage=lineage,
        forced=forced,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (push(9, 11), []),  # the next version, which terraform writes with one more
        (push(9, 11, forced=True), []),
        (push(9, 5, forced=True), ["state_replaced"]),
        (push(9, 9, forced=True), ["state_replaced"]),
        (push(9, 10, forced=True), ["state_replaced"]),  # another version of the same serial
        (push(9, 12, lineage="m", forced=True), ["state_replaced"]),
        (push(None, 3), []),  # there was none
        (names(command="force-unlock", lock="1"), ["lock_broken"]),
        (names(command="workspace delete", workspace="x", forced=True), []),
        (names(command="state rm", previous_serial=1, serial=2, lineage="l", previous_lineage="l"), []),
    ],
)
def test_a_state_that_is_put_in_the_place_of_another_one_signals(found, expected):
    assert found == expected
