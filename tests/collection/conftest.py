from __future__ import annotations

import pytest

from tests.collection.controller import Controller


@pytest.fixture
def controller(tmp_path):
    return Controller(tmp_path)
