"""The first version of the tables, as SQL statements.

They correspond to those of the journal (:mod:`change_events.journal.schema`), for several teams: ``team`` leads each
index. Rows of one event are partitioned by month of its id, a UUID version 7 that begins with its time: so (team,
id) is unique across partitions, and recording an event twice has no effect.
Texts are compared bytewise, as in SQLite.
"""

from __future__ import annotations

PARTITIONED = ("events", "bodies", "hosts", "signals", "tags", "touched", "moves")
"""Tables with rows of single events."""

# A row with a time or value that readers cannot decode would fail every answer. A new value needs a migration.
_TIME = "BETWEEN '0001-01-02T00:00:00Z'::timestamptz AND '9999-12-30T23:59:59.999999Z'::timestamptz"
_SECONDS = "BETWEEN -62135510400 AND 253402214399"  # the same in seconds since 1970
_WORDS = {
    "kind": "'infrastructure', 'deployment', 'build', 'boot', 'start', 'stop', 'drift', 'custom'",
    "phase": "'planned', 'applied', 'checked'",
    "outcome": "'succeeded', 'partial', 'failed', 'cancelled', 'declined', 'no_change', 'unknown'",
    "severity": "'info', 'warning', 'error'",
}

_EVENTS = f"""
    CREATE TABLE tfevent.events (
        team text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        state text COLLATE "C" NOT NULL CHECK (state IN ('started', 'settled')),
        started_at timestamptz NOT NULL CHECK (started_at {_TIME}),
        ended_at timestamptz CHECK (ended_at {_TIME}),
        kind text COLLATE "C" NOT NULL CHECK (kind IN ({_WORDS["kind"]})),
        phase text COLLATE "C" NOT NULL CHECK (phase IN ({_WORDS["phase"]})),
        outcome text COLLATE "C" CHECK (outcome IN ({_WORDS["outcome"]})),
        severity text COLLATE "C" NOT NULL CHECK (severity IN ({_WORDS["severity"]})),
        environment text COLLATE "C",
        service text COLLATE "C",
        tool text COLLATE "C",
        title text COLLATE "C" NOT NULL,
        run text COLLATE "C",
        parent text COLLATE "C",
        key text COLLATE "C",
        actor text COLLATE "C",
        plan text COLLATE "C",
        stack bigint,
        backfilled boolean NOT NULL DEFAULT false,
        overtaken boolean NOT NULL DEFAULT false,
        ingested_at timestamptz NOT NULL DEFAULT now(),
        tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
        PRIMARY KEY (team, id)
    ) PARTITION BY RANGE (id)
"""
_LISTED = ("outcome", "severity", "service", "environment", "tool", "kind", "phase")
_SOME = ("run", "parent", "key", "actor", "plan", "stack")  # columns set by few events

_OF_EVENTS = (
    """CREATE TABLE tfevent.bodies (
        team text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        search text COLLATE "C" NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (team, id)
    ) PARTITION BY RANGE (id)""",
    """CREATE TABLE tfevent.hosts (
        team text COLLATE "C" NOT NULL,
        host text COLLATE "C" NOT NULL,
        started_at timestamptz NOT NULL,
        id uuid NOT NULL,
        PRIMARY KEY (team, host, started_at, id)
    ) PARTITION BY RANGE (id)""",
    "CREATE INDEX hosts_by_event ON tfevent.hosts (team, id)",
    """CREATE TABLE tfevent.signals (
        team text COLLATE "C" NOT NULL,
        signal text COLLATE "C" NOT NULL,
        started_at timestamptz NOT NULL,
        id uuid NOT NULL,
        PRIMARY KEY (team, signal, started_at, id)
    ) PARTITION BY RANGE (id)""",
    "CREATE INDEX signals_by_event ON tfevent.signals (team, id)",
    # per tag its name, and its name with its value
    """CREATE TABLE tfevent.tags (
        team text COLLATE "C" NOT NULL,
        tag text COLLATE "C" NOT NULL,
        started_at timestamptz NOT NULL,
        id uuid NOT NULL,
        PRIMARY KEY (team, tag, started_at, id)
    ) PARTITION BY RANGE (id)""",
    "CREATE INDEX tags_by_event ON tfevent.tags (team, id)",
    """CREATE TABLE tfevent.touched (
        team text COLLATE "C" NOT NULL,
        thing bigint NOT NULL,
        path text COLLATE "C" NOT NULL,
        started_at timestamptz NOT NULL,
        id uuid NOT NULL,
        action text COLLATE "C" NOT NULL,
        outcome text COLLATE "C" NOT NULL,
        before text COLLATE "C",
        after text COLLATE "C",
        PRIMARY KEY (team, thing, path, started_at, id)
    ) PARTITION BY RANGE (id)""",
    """CREATE TABLE tfevent.moves (
        team text COLLATE "C" NOT NULL,
        stack bigint NOT NULL,
        new text COLLATE "C" NOT NULL,
        old text COLLATE "C" NOT NULL,
        started_at timestamptz NOT NULL,
        id uuid NOT NULL
    ) PARTITION BY RANGE (id)""",
    "CREATE INDEX moves_by_new ON tfevent.moves (team, stack, new)",
    "CREATE INDEX moves_by_old ON tfevent.moves (team, stack, old)",
)

_OF_TEAMS = (
    """CREATE TABLE tfevent.stacks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        team text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        UNIQUE (team, key)
    )""",
    """CREATE TABLE tfevent.things (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        team text COLLATE "C" NOT NULL,
        stack bigint NOT NULL,
        address text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('resource', 'host')),
        type text COLLATE "C",
        UNIQUE (team, stack, address)
    )""",
    "CREATE INDEX things_by_address ON tfevent.things (team, address)",
    "CREATE INDEX things_by_type ON tfevent.things (team, stack, type)",
    """CREATE TABLE tfevent.names (
        team text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        thing bigint NOT NULL REFERENCES tfevent.things ON DELETE CASCADE,
        PRIMARY KEY (team, name, thing)
    )""",
    "CREATE INDEX names_by_thing ON tfevent.names (team, thing)",
    f"""CREATE TABLE tfevent.drift_checks (
        team text COLLATE "C" NOT NULL,
        machine text COLLATE "C" NOT NULL,
        directory text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL,
        checked_at double precision NOT NULL CHECK (checked_at {_SECONDS}),
        known_at double precision CHECK (known_at {_SECONDS}),
        clean_at double precision CHECK (clean_at {_SECONDS}),
        revision integer NOT NULL,
        terms text COLLATE "C" NOT NULL,
        reason text COLLATE "C",
        drift bytea NOT NULL,
        PRIMARY KEY (team, machine, directory, workspace)
    )""",
)

STATEMENTS: tuple[str, ...] = (
    _EVENTS,
    "CREATE INDEX events_by_start ON tfevent.events (team, started_at, id)",
    "CREATE INDEX events_running ON tfevent.events (team, started_at, id) WHERE state = 'started'",
    # for retention and live views: rows arrive by time, which suits a BRIN index
    "CREATE INDEX events_by_arrival ON tfevent.events USING brin (ingested_at)",
    *(f"CREATE INDEX events_by_{name} ON tfevent.events (team, {name}, started_at, id)" for name in _LISTED),
    *(
        f"CREATE INDEX events_by_{name} ON tfevent.events (team, {name}, started_at, id) WHERE {name} IS NOT NULL"
        for name in _SOME
    ),
    *_OF_EVENTS,
    *_OF_TEAMS,
    *(f"CREATE TABLE tfevent.{table}_other PARTITION OF tfevent.{table} DEFAULT" for table in PARTITIONED),
)
