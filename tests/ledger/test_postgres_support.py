"""What the tests of the ledger build on: a server that can be killed, databases of their own, a pooler."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import HOST, server
from tests.support.speed import HANG, ROOT, wait_for

_OWNER = """
import time
from tests.support.postgres import server
with server() as made:
    print(made.port, made.folder, flush=True)
    time.sleep(3600)
"""


def filled(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE things (name text)")
        connection.execute("INSERT INTO things VALUES ('B'), ('a')")


def names(url):
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM things ORDER BY name")]


def test_a_database_is_a_copy_that_its_test_may_change(postgres):
    with postgres.database(filled) as first, postgres.database(filled) as second:
        assert first != second
        with psycopg.connect(first) as connection:
            connection.execute("DELETE FROM things")
        assert names(first) == []
        assert names(second) == ["a", "B"]  # the order of a dictionary, not of bytes


@pytest.mark.slow
def test_a_killed_server_comes_back_at_the_same_address_with_what_was_committed():
    with server() as own:
        with own.database() as url:
            filled(url)
            own.kill()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(url)
            own.start()
            assert names(url) == ["a", "B"]
        folder = own.folder
    assert not folder.exists()


def test_a_pooler_hands_out_a_connection_for_a_transaction(postgres):
    with postgres.database(filled) as url, postgres.pooler(size=1) as pooler, contextlib.ExitStack() as stack:
        name = url.rpartition("/")[2]
        first, second = (stack.enter_context(psycopg.connect(pooler.url(name), autocommit=True)) for _ in range(2))
        assert len({connection.execute("SELECT pg_backend_pid()").fetchone() for connection in (first, second)}) == 1
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(pooler.url(name, password="wrong"))


def test_nothing_runs_any_more_when_the_tests_are_killed():
    with subprocess.Popen([sys.executable, "-c", _OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        port, _, folder = owner.stdout.readline().strip().partition(" ")
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait(HANG)

    def ended():
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((HOST, int(port))):
            return False
        return not (Path(folder) / "data/postmaster.pid").exists()

    wait_for(ended, "the end of a server whose tests were killed")
    subprocess.run(["rm", "-r", "--", folder], check=True)
