"""The tools answer of a ledger what they answer of the journal, but for deliveries."""

from __future__ import annotations

import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.ledger.source import LedgerSource
from change_events.mcp.tools import Ledger, call
from tests.history.past import NOW, change, run
from tests.mcp.test_mcp_tools import Desk
from tests.support.collector import collecting
from tests.support.ledger import filled
from tests.support.postgres import postgres

__all__ = ["postgres"]

ADDRESS = "aws_db_instance.main"
EVENTS = [
    run(number, change(ADDRESS, attributes={"size": (str(number), str(number + 1))})) for number in range(5, 0, -1)
]
ASKED = {
    "list_changes": {"limit": 3},
    "show_change": {"id": EVENTS[2].id},
    "why": {"subject": ADDRESS},
    "suspects": {"at": NOW.isoformat()},
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Desk(tmp_path_factory.mktemp("desk")).fill(*EVENTS)


@pytest.fixture(scope="module")
def url(postgres):
    with filled(postgres, EVENTS) as url:
        yield url


@pytest.fixture(scope="module")
def addresses(url):
    """By SQL, and by HTTP."""
    with collecting(url) as running:
        yield {"ledger": url, "collector": running.url, "token": running.token("ops")}


@pytest.mark.parametrize("of", ["ledger", "collector"])
@pytest.mark.parametrize("name", ASKED)
def test_a_ledger_is_answered_from_as_the_journal(desk, addresses, name, of, monkeypatch):
    monkeypatch.setenv("TFEVENT_LEDGER_TOKEN", addresses["token"])
    ours, theirs = (call(name, ASKED[name], desk.settings, ledger) for ledger in (None, Ledger(addresses[of], "ops")))
    if name == "show_change":
        assert ours["recorded"].pop("deliveries") == []
        assert theirs["recorded"].pop("deliveries") is None
    assert theirs == ours


def test_a_ledger_that_cannot_be_used_is_an_error_of_the_call(desk, postgres):
    with pytest.raises(LedgerError, match="password authentication failed"):
        call("list_changes", {}, desk.settings, Ledger(postgres.url(password="geheim")))


def test_drift_checks_of_all_machines(desk, url):
    check = (
        '[{"directory": "/srv/net", "workspace": "default", "checked_at": 1.5, "known_at": 1.5, "clean_at": null, '
        '"revision": 1, "terms": "", "reason": null, "drift": "[]"}]'
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT tfevent.record_checks('ops', 'build1', %s)", (check,))
    with LedgerSource.open(url) as source:
        (found,) = source.drift_checks()
        assert (found.directory, found.checked_at, found.drift) == ("/srv/net", 1.5, ())
    assert call("drift_status", {}, desk.settings, Ledger(url))["recorded"]
