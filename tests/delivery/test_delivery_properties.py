"""Whatever happens on the way, in any order, to all destinations at once: nothing is lost or out of order."""

from __future__ import annotations

import pytest

from change_events.delivery import destination_flush
from change_events.delivery.rate_limit import RateLimiter
from change_events.destinations import get, kinds
from tests.delivery.world import KINDS, World
from tests.destinations.conftest import aws_credentials
from tests.support.selection import slow

__all__ = ["aws_credentials"]  # a fixture, used by its name


@pytest.fixture(autouse=True)
def _hurried(monkeypatch, impatient, aws_credentials):
    """Pauses are short, and rates (which have tests of their own) do not count."""
    monkeypatch.setattr(destination_flush, "_rate_of", lambda _: RateLimiter(None))


def play(tmp_path, seed, steps):
    with World(tmp_path, seed) as world:
        for happened in world.play(steps):
            print(happened, end=" ")  # noqa: T201 - pytest shows it where the test fails
        world.heal()
        world.check()
        assert any(place.took for place in world.places.values())


@pytest.mark.parametrize("seed", [1, slow(2), slow(11)])
def test_each_event_is_where_it_was_routed_to_or_parked_with_its_reason(tmp_path, seed):
    play(tmp_path, seed, steps=12)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 115))
def test_the_same_for_longer(tmp_path, seed):
    play(tmp_path, seed, steps=60)


def test_every_kind_of_destination_takes_part(tmp_path):
    """A ledger, which no scripted server can stand for, has tests like these of its own, with a real one."""
    with World(tmp_path, 1) as world:
        wanted = {kind for kind in kinds() if get(kind).steps is None and get(kind).transport != "postgres"}
        assert set(world.places) == set(KINDS) == wanted
