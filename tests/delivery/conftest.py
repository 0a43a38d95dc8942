from __future__ import annotations

import threading

import pytest

from change_events.delivery import sender
from change_events.delivery.transport import THREAD_PREFIX
from change_events.destinations import get
from change_events.journal import Journal
from tests.delivery import world
from tests.support.sealed import EPOCH
from tests.support.speed import wait_for

# The world takes each request for one event; test_several_requests.py has the destinations that make several.
world.KINDS = tuple(kind for kind in world.KINDS if get(kind).steps is None and get(kind).transport != "postgres")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _threads_end():
    """A lane that was left behind ends with the server it hung at, and closes what it opened."""
    yield
    wait_for(
        lambda: not any(thread.name.startswith(THREAD_PREFIX) for thread in threading.enumerate()),
        "the end of a sending thread",
    )


class Clock:
    """The wall clock, which stands still until it is set."""

    def __init__(self) -> None:
        self.now = EPOCH.timestamp() + 100

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


@pytest.fixture
def timed_journal(tmp_path, clock):
    """A journal that goes by the clock of the test."""
    with Journal.open(tmp_path / "timed.db", clock=clock) as journal:
        yield journal


@pytest.fixture
def impatient(monkeypatch):
    """Pauses between the attempts of one flush are short."""
    monkeypatch.setattr(sender, "_FIRST_PAUSE", 0.005)
