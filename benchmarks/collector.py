"""Events a second into a ledger through a collector, beside those straight to PostgreSQL, by 16 connections each.

Run: ``python -m benchmarks collector``. PostgreSQL is a server of its own in the temporary folder, with fsync on; the
collector is a process. Fails where an event is missing or there twice; rates depend on what else the machine does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import psycopg

from benchmarks.ledger import CONNECTIONS, SINGLE, by_ones, sealed, shared_out
from change_events.ledger import tokens
from tests.support.ledger import new_ledger
from tests.support.postgres import server
from tests.support.speed import HANG


def through(base, token, events):
    """Seconds to send events one by one through several connections, and the statuses of the answers."""
    statuses = Counter()

    def work(given):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        with httpx.Client(base_url=base, headers=headers, timeout=HANG, trust_env=False) as client:
            for one in given:
                while True:
                    answer = client.post("/v1/events", content=one.body)
                    statuses[answer.status_code] += 1
                    if answer.status_code == httpx.codes.OK:
                        break
                    time.sleep(float(answer.headers["retry-after"]))

    return shared_out(events, work), dict(statuses)


def main():
    with server() as postgres, postgres.database(new_ledger) as url, tempfile.TemporaryDirectory() as home:
        postgres.execute("ALTER SYSTEM SET fsync = on")
        postgres.execute("SELECT pg_reload_conf()")
        with psycopg.connect(url, autocommit=True) as owner:
            token = tokens.create(owner, "ops", may_write=True, may_read=False)[1]
        words = (sys.executable, "-m", "tf_wrapper", "events", "serve", "--collect", "--no-browser", "--port", "0")
        environ = {**os.environ, "TFEVENT_LEDGER": url, "HOME": home, "TFEVENT_STATE_DIR": str(Path(home) / "state")}
        with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as collector:
            try:
                base = collector.stdout.readline().decode().partition("/enter")[0]
                direct = by_ones(url, [sealed(one) for one in range(SINGLE)])
                events = [sealed(one) for one in range(SINGLE)]
                took, statuses = through(base, token, events)
                again, _ = through(base, token, events)
            finally:
                collector.terminate()
        print(
            f"{SINGLE} events by ones, {CONNECTIONS} connections to PostgreSQL: {direct:.1f} s, {SINGLE / direct:.0f}/s"
        )
        print(f"the same to a collector: {took:.1f} s, {SINGLE / took:.0f}/s; answers by status: {statuses}")
        print(f"the same again, which changes nothing: {again:.1f} s, {SINGLE / again:.0f}/s")
        with psycopg.connect(url) as owner:
            ((known, bodies),) = owner.execute(
                "SELECT (SELECT count(*) FROM tfevent.events), (SELECT count(DISTINCT id) FROM tfevent.bodies)"
            ).fetchall()
        if (known, bodies) != (2 * SINGLE, 2 * SINGLE):
            sys.exit(f"{known} events and {bodies} bodies instead of {2 * SINGLE}")


if __name__ == "__main__":
    main()
