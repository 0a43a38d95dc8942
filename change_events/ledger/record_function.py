"""The database function that records events, the only way to write.

One statement per table, regardless of the number of events, always in the same order: concurrent calls wait
for each other instead of deadlocking.
"""

from __future__ import annotations

from change_events.ledger.prune_function import RECORDING

_ENTRY = """
    e(id uuid, state text, started_at timestamptz, ended_at timestamptz, kind text, phase text, outcome text,
      severity text, environment text, service text, tool text, title text, run text, parent text, key text,
      actor text, plan text, stack text, backfilled boolean, search text)
"""
_COLUMNS = (
    "state, started_at, ended_at, kind, phase, outcome, severity, environment, service, tool, title, run, parent, key, "
    "actor, plan, backfilled"
)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", "), "stack", "tx"))

_UPSERT = f"""
        WITH given AS MATERIALIZED (
            SELECT DISTINCT ON (e.id) x.position, x.entry, e.*
            FROM jsonb_array_elements(entries) WITH ORDINALITY AS x(entry, position),
                jsonb_to_record(x.entry) AS {_ENTRY}
            ORDER BY e.id, e.state = 'settled' DESC
        ), taken AS (
            INSERT INTO tfevent.events AS known (team, id, {_COLUMNS}, stack)
            SELECT record_events.team, g.id, {", ".join(f"g.{name}" for name in _COLUMNS.split(", "))}, s.id
            FROM given g LEFT JOIN tfevent.stacks s ON s.team = record_events.team AND s.key = g.stack
            ORDER BY g.id
            ON CONFLICT (team, id) DO UPDATE SET {_REPLACED}, overtaken = true
            WHERE known.state = 'started' AND excluded.state = 'settled'
            RETURNING known.id, known.stack, known.overtaken
        )
        SELECT count(*), array_agg(t.id) FILTER (WHERE t.overtaken),
            jsonb_agg(g.entry || jsonb_build_object('stack', t.stack, 'position', g.position))
        INTO number, overtaken, news
        FROM taken t JOIN given g USING (id);
"""  # noqa: S608 - names of ours

_BODY = f"""
        PERFORM tfevent.check_writer(team);
        IF jsonb_array_length(entries) <> cardinality(bodies) THEN
            RAISE EXCEPTION 'as many bodies as entries are expected' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF EXISTS (
            SELECT 1 FROM jsonb_array_elements(entries) WITH ORDINALITY AS e(value, position)
            WHERE (e.value ->> 'id')::uuid IS DISTINCT FROM tfevent.id_in(bodies[e.position])
        ) THEN
            RAISE EXCEPTION 'a body is not the JSON object of its event' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM pg_advisory_xact_lock_shared({RECORDING});
        PERFORM tfevent.need_months(ARRAY(
            SELECT (e.value ->> 'id')::uuid FROM jsonb_array_elements(entries) AS e
        ), 2);
        INSERT INTO tfevent.stacks (team, key)
        SELECT DISTINCT record_events.team, e.value ->> 'stack' FROM jsonb_array_elements(entries) AS e
        WHERE e.value ->> 'stack' IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM tfevent.stacks s WHERE s.team = record_events.team AND s.key = e.value ->> 'stack'
        ) ORDER BY 2
        ON CONFLICT DO NOTHING;
        {_UPSERT}
        IF number = 0 THEN
            RETURN 0;
        END IF;
        IF overtaken IS NOT NULL THEN
            DELETE FROM tfevent.hosts h WHERE h.team = record_events.team AND h.id = ANY (overtaken);
            DELETE FROM tfevent.signals s WHERE s.team = record_events.team AND s.id = ANY (overtaken);
            DELETE FROM tfevent.tags t WHERE t.team = record_events.team AND t.id = ANY (overtaken);
        END IF;
        INSERT INTO tfevent.bodies AS known (team, id, search, body)
        SELECT record_events.team, e.id, e.search, record_events.bodies[e.position]
        FROM jsonb_to_recordset(news) AS e(id uuid, search text, position integer)
        ON CONFLICT (team, id) DO UPDATE SET search = excluded.search, body = excluded.body;
        INSERT INTO tfevent.hosts (team, host, started_at, id)
        SELECT DISTINCT record_events.team, h.value, e.started_at, e.id
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, hosts jsonb),
            jsonb_array_elements_text(e.hosts) AS h;
        INSERT INTO tfevent.signals (team, signal, started_at, id)
        SELECT DISTINCT record_events.team, s.value, e.started_at, e.id
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, signals jsonb),
            jsonb_array_elements_text(e.signals) AS s;
        INSERT INTO tfevent.tags (team, tag, started_at, id)
        SELECT DISTINCT record_events.team, t.value, e.started_at, e.id
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, tags jsonb),
            jsonb_array_elements_text(e.tags) AS t;
        PERFORM tfevent.record_things(team, news);
        RETURN number;
"""  # noqa: S608 - names of ours

# PostgreSQL cannot store NUL: an escaped one is kept as text by escaping its backslash.
_ID_IN = """
    CREATE FUNCTION tfevent.id_in(body bytea) RETURNS uuid LANGUAGE sql STABLE STRICT
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT trim('"' FROM (
            replace(convert_from(body, 'UTF8'), chr(92) || 'u', chr(92) || '/')::json -> 'id'
        )::text)::uuid
    $$
"""
_RECORD = f"""
    CREATE FUNCTION tfevent.record_events(team text, entries jsonb, bodies bytea[]) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    #variable_conflict use_column
    DECLARE
        number bigint;
        overtaken uuid[];
        news jsonb;
    BEGIN
        {_BODY}
    END $$
"""

# `stack` of an entry is the number of its stack; 0 for things without a stack
_RECORD_THINGS = """
    CREATE FUNCTION tfevent.record_things(team text, news jsonb) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    #variable_conflict use_column
    BEGIN
        INSERT INTO tfevent.things (team, stack, address, kind, type)
        SELECT DISTINCT ON (2, 3)
            record_things.team, CASE t.kind WHEN 'host' THEN 0 ELSE e.stack END, t.address, t.kind, t.type
        FROM jsonb_to_recordset(news) AS e(stack bigint, things jsonb),
            jsonb_to_recordset(e.things) AS t(address text, kind text, type text)
        WHERE NOT EXISTS (
            SELECT 1 FROM tfevent.things k WHERE k.team = record_things.team AND k.address = t.address
            AND k.stack = CASE t.kind WHEN 'host' THEN 0 ELSE e.stack END
        ) ORDER BY 2, 3
        ON CONFLICT DO NOTHING;

        INSERT INTO tfevent.touched (team, thing, path, started_at, id, action, outcome, before, after)
        SELECT record_things.team, k.id, r.value ->> 1, e.started_at, e.id,
            r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, stack bigint, things jsonb, touched jsonb),
            jsonb_array_elements(e.touched) AS r,
            jsonb_to_record(e.things -> (r.value ->> 0)::integer) AS t(address text, kind text),
            tfevent.things k
        WHERE k.team = record_things.team AND k.address = t.address
            AND k.stack = CASE t.kind WHEN 'host' THEN 0 ELSE e.stack END
        ON CONFLICT DO NOTHING;

        INSERT INTO tfevent.moves (team, stack, new, old, started_at, id)
        SELECT DISTINCT record_things.team, e.stack, m.value ->> 0, m.value ->> 1, e.started_at, e.id
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, stack bigint, moves jsonb),
            jsonb_array_elements(e.moves) AS m
        WHERE e.stack IS NOT NULL;

        INSERT INTO tfevent.names (team, name, thing)
        SELECT DISTINCT record_things.team, n.value ->> 0, k.id
        FROM jsonb_to_recordset(news) AS e(stack bigint, things jsonb, names jsonb),
            jsonb_array_elements(e.names) AS n,
            jsonb_to_record(e.things -> (n.value ->> 1)::integer) AS t(address text, kind text),
            tfevent.things k
        WHERE k.team = record_things.team AND k.address = t.address
            AND k.stack = CASE t.kind WHEN 'host' THEN 0 ELSE e.stack END
        ORDER BY 2, 3
        ON CONFLICT DO NOTHING;
    END $$
"""

_RECORD_CHECKS = """
    CREATE FUNCTION tfevent.record_checks(team text, machine text, checks jsonb) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM tfevent.check_writer(team);
        INSERT INTO tfevent.drift_checks AS known
        SELECT DISTINCT ON (e.directory, e.workspace) record_checks.team, record_checks.machine, e.directory,
            e.workspace, e.checked_at, e.known_at, e.clean_at, e.revision, e.terms, e.reason,
            convert_to(e.drift, 'UTF8')
        FROM jsonb_to_recordset(checks) AS e(directory text, workspace text, checked_at double precision,
            known_at double precision, clean_at double precision, revision integer, terms text, reason text, drift text)
        ORDER BY e.directory, e.workspace, e.checked_at DESC
        ON CONFLICT (team, machine, directory, workspace) DO UPDATE SET
            checked_at = excluded.checked_at, known_at = excluded.known_at, clean_at = excluded.clean_at,
            revision = excluded.revision, terms = excluded.terms, reason = excluded.reason, drift = excluded.drift
        WHERE excluded.checked_at > known.checked_at;
    END $$
"""

STATEMENTS = (_ID_IN, _RECORD_THINGS, _RECORD, _RECORD_CHECKS)
