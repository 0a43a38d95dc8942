from __future__ import annotations

import pytest

from tests.cli.home import Home
from tests.cli.sample import partial, running, succeeded


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def filled(home):
    """A home with three runs: one failed half-way, one that went well, one going on."""
    home.fill(succeeded(), partial(), running())
    return home
