"""Figures of a ledger: events a second by ones through 16 connections and by an import, bytes of an event, and answers.

Run: ``python -m benchmarks ledger --rows 10000000`` for as many events (an hour, 40 GB): some are imported, the others
are copies of them in the months before, which statements of the server make; ``--import N`` says how many are imported.
PostgreSQL is a server of its own in the temporary folder, with fsync on. Fails where an event is missing or there
twice; rates depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from benchmarks import ledger_rows
from benchmarks.journal import event
from benchmarks.ledger_answers import measured
from change_events.ids import new_id
from change_events.journal.records import RecordState
from change_events.ledger import schema
from change_events.ledger.importing import import_events
from change_events.ledger.writing import record
from change_events.redact import unseal
from tests.ledger.people import hire, url_of
from tests.support.postgres import server

SINGLE, MANY = 1_000, 4_000
CONNECTIONS = 16
SHOWN = 50_000  # events between two lines of progress


def sealed(number):
    """One of its own, made now."""
    one = msgspec.structs.replace(event(number).event, id=new_id())
    return unseal(msgspec.json.encode(one))


def shared_out(events, work):
    """Seconds until several threads have done their ``work`` with the events that each is given, one by one."""
    rest, lock = iter(events), threading.Lock()

    def given():
        while True:
            with lock:
                one = next(rest, None)
            if one is None:
                return
            yield one

    threads = [threading.Thread(target=work, args=(given(),)) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def by_ones(url, events):
    """Seconds to record events one by one from several connections."""

    def work(given):
        for one in given:
            with pool.connection() as connection:
                record(connection, "ops", one, RecordState.SETTLED)

    terms = {"autocommit": True, "prepare_threshold": None}
    with ConnectionPool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, kwargs=terms) as pool:
        pool.wait()
        return shared_out(events, work)


def imported(connection, number):
    """Seconds to import so many."""
    events = ((ledger_rows.event(one, number), RecordState.SETTLED) for one in range(number))
    begun = time.perf_counter()
    counted = itertools.count(1)

    def step(read):
        done = next(counted) * read
        if done % SHOWN < read:
            print(f"  {done} events, {done / (time.perf_counter() - begun):.0f}/s", flush=True)

    import_events(connection, "ops", events, step)
    return time.perf_counter() - begun


def main(rows, number):
    with server() as postgres, postgres.database() as url:
        postgres.execute("ALTER SYSTEM SET fsync = on")
        postgres.execute("SELECT pg_reload_conf()")
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
            schema.migrate(connection)
            indexed = schema.make_text_index(connection)
            events = [sealed(one) for one in range(SINGLE)]
            took = by_ones(url, events)
            print(f"{SINGLE} events by ones, {CONNECTIONS} connections: {took:.1f} s, {SINGLE / took:.0f}/s")
            again = by_ones(url, events)
            print(f"the same again, which changes nothing: {again:.1f} s, {SINGLE / again:.0f}/s")
            took = imported(connection, number)
            print(f"{number} events imported: {took:.1f} s, {number / took:.0f}/s", flush=True)
            if rows > number:
                begun = time.perf_counter()
                ledger_rows.multiply(connection, rows - number)
                took = time.perf_counter() - begun
                print(f"{rows - number} copies of them: {took:.0f} s, {(rows - number) / took:.0f}/s", flush=True)
            connection.execute("VACUUM ANALYZE")
            size, bodies = connection.execute(
                "SELECT sum(pg_total_relation_size(oid)), "
                "(SELECT sum(octet_length(body)) FROM tfevent.bodies) FROM pg_class "
                "WHERE relnamespace = 'tfevent'::regnamespace AND relkind = 'r'"
            ).fetchone()
            (known,) = connection.execute("SELECT count(*) FROM tfevent.events").fetchone()
            texts = "with" if indexed else "without"
            print(
                f"{known} events, {size / known:.0f} bytes each, {bodies / known:.0f} of them its JSON; "
                f"{texts} an index of texts",
                flush=True,
            )
            hire(connection)
            measured(url_of(connection, "ops_reader"))
            if known != SINGLE + max(rows, number):
                sys.exit(f"{known} events instead of {SINGLE + max(rows, number)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=MANY)
    parser.add_argument("--import", type=int, default=MANY, dest="number")
    given = parser.parse_args()
    main(given.rows, min(given.rows, given.number))
