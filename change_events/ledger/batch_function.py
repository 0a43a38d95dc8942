"""The function that records events in batches: schema version 4.

It replaces the function of :mod:`change_events.ledger.record_function`, which compared each event of a batch with each
other, since the server estimates one row for ``jsonb_to_record``; passed each whole entry to each
table; and called a function per id. Here, entries and bodies are read in parallel as rows that can be hash-joined,
and later steps get only the columns they need.
"""

from __future__ import annotations

from change_events.ledger.prune_function import RECORDING

_COLUMNS = (
    "state, started_at, ended_at, kind, phase, outcome, severity, environment, service, tool, title, run, parent, key, "
    "actor, plan, backfilled"
)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", "), "stack", "tx"))
_GIVEN = """
    ROWS FROM (
        jsonb_to_recordset(entries) AS (id uuid, state text, started_at timestamptz, ended_at timestamptz, kind text,
            phase text, outcome text, severity text, environment text, service text, tool text, title text, run text,
            parent text, key text, actor text, plan text, stack text, backfilled boolean, search text, hosts jsonb,
            signals jsonb, tags jsonb, things jsonb, touched jsonb, moves jsonb, names jsonb),
        unnest(bodies)
    ) AS e(id, state, started_at, ended_at, kind, phase, outcome, severity, environment, service, tool, title, run,
        parent, key, actor, plan, stack, backfilled, search, hosts, signals, tags, things, touched, moves, names, body)
"""
# as tfevent.id_in, which is called for each body where it stands in a statement by its name
_ID_IN_BODY = """
    trim('"' FROM (replace(convert_from(e.body, 'UTF8'), chr(92) || 'u', chr(92) || '/')::json -> 'id')::text)::uuid
"""
_UPSERT = f"""
        WITH given AS MATERIALIZED (
            SELECT DISTINCT ON (e.id) e.* FROM {_GIVEN} ORDER BY e.id, e.state = 'settled' DESC
        ), taken AS (
            INSERT INTO tfevent.events AS known (team, id, {_COLUMNS}, stack)
            SELECT record_events.team, g.id, {", ".join(f"g.{name}" for name in _COLUMNS.split(", "))}, s.id
            FROM given g LEFT JOIN tfevent.stacks s ON s.team = record_events.team AND s.key = g.stack
            ORDER BY g.id
            ON CONFLICT (team, id) DO UPDATE SET {_REPLACED}, overtaken = true
            WHERE known.state = 'started' AND excluded.state = 'settled'
            RETURNING known.id, known.stack, known.overtaken
        ), kept AS (
            INSERT INTO tfevent.bodies AS known (team, id, search, body)
            SELECT record_events.team, g.id, g.search, g.body FROM taken t JOIN given g USING (id)
            ON CONFLICT (team, id) DO UPDATE SET search = excluded.search, body = excluded.body
        )
        SELECT count(*), array_agg(t.id) FILTER (WHERE t.overtaken),
            jsonb_agg(jsonb_build_object('id', g.id, 'started_at', g.started_at, 'stack', t.stack, 'hosts', g.hosts,
                'signals', g.signals, 'tags', g.tags, 'things', g.things, 'touched', g.touched, 'moves', g.moves,
                'names', g.names))
        INTO number, overtaken, news
        FROM taken t JOIN given g USING (id);
"""  # noqa: S608 - names of ours


def _listed(table: str, name: str) -> str:
    """Return the statement that adds the texts of a list in an entry."""
    return f"""
        INSERT INTO tfevent.{table} (team, {name}, started_at, id)
        SELECT DISTINCT record_events.team, one.value, e.started_at, e.id
        FROM jsonb_to_recordset(news) AS e(id uuid, started_at timestamptz, {table} jsonb),
            jsonb_array_elements_text(e.{table}) AS one;
    """  # noqa: S608 - names of ours


_LISTS = (("hosts", "host"), ("signals", "signal"), ("tags", "tag"))
_BODY = f"""
        PERFORM tfevent.check_writer(team);
        IF jsonb_array_length(entries) <> cardinality(bodies) THEN
            RAISE EXCEPTION 'as many bodies as entries are expected' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF EXISTS (
            SELECT 1 FROM ROWS FROM (jsonb_to_recordset(entries) AS (id uuid), unnest(bodies)) AS e(id, body)
            WHERE e.id IS DISTINCT FROM {_ID_IN_BODY}
        ) THEN
            RAISE EXCEPTION 'a body is not the JSON object of its event' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM pg_advisory_xact_lock_shared({RECORDING});
        PERFORM tfevent.need_months(ARRAY(SELECT e.id FROM jsonb_to_recordset(entries) AS e(id uuid)), 2);
        INSERT INTO tfevent.stacks (team, key)
        SELECT DISTINCT record_events.team, e.stack FROM jsonb_to_recordset(entries) AS e(stack text)
        WHERE e.stack IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM tfevent.stacks s WHERE s.team = record_events.team AND s.key = e.stack
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
        {"".join(_listed(table, name) for table, name in _LISTS)}
        PERFORM tfevent.record_things(team, news);
        RETURN number;
"""  # noqa: S608 - names of ours
_RECORD = f"""
    CREATE OR REPLACE FUNCTION tfevent.record_events(team text, entries jsonb, bodies bytea[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
    SET work_mem = '32MB' AS $$
    #variable_conflict use_column
    DECLARE
        number bigint;
        overtaken uuid[];
        news jsonb;
    BEGIN
        {_BODY}
    END $$
"""
_NEED_MONTHS = """
    CREATE OR REPLACE FUNCTION tfevent.need_months(ids uuid[], most integer DEFAULT 1000) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        month date;
        made integer := 0;
    BEGIN
        FOR month IN
            SELECT found.month FROM (
                SELECT DISTINCT date_trunc('month', to_timestamp(
                    ('x' || left(replace(one::text, '-', ''), 12))::bit(48)::bigint / 1000.0
                ) AT TIME ZONE 'UTC')::date AS month FROM unnest(ids) AS one
            ) AS found
            WHERE found.month BETWEEN '2010-01-01' AND (now() AT TIME ZONE 'UTC' + interval '1 month')::date
            ORDER BY 1
        LOOP
            EXIT WHEN made >= most;  -- each locks out readers until the transaction has ended
            BEGIN
                made := made + tfevent.make_month(month)::integer;
            EXCEPTION WHEN lock_not_available THEN
                NULL;  -- a long query reads all partitions: until it has ended, the rows are kept in the others
            END;
        END LOOP;
    END $$
"""

STATEMENTS = (_NEED_MONTHS, _RECORD)
