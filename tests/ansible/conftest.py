import pytest

from tests.ansible.command import Machine


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "tmp").mkdir()
    return Machine(tmp_path)
