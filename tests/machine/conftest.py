import pytest

from tests.machine.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "world")
    made.boot()
    return made
