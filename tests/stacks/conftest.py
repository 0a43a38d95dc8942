import pytest

from tests.stacks.fleet import ready
from tests.support.scene import Scene


@pytest.fixture
def scene(tmp_path):
    return ready(Scene(tmp_path))
