from __future__ import annotations

import psycopg
import pytest

from change_events.ledger import schema
from tests.support.postgres import database, postgres

__all__ = ["database", "postgres"]


def made(url):
    """A database with a ledger in it."""
    with psycopg.connect(url) as connection:
        schema.migrate(connection)
        schema.make_text_index(connection)


@pytest.fixture
def ledger(postgres):
    """A connection of the administrator to a new ledger."""
    with postgres.database(made) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection
