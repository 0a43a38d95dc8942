"""Monthly partitions: created ahead, and on demand for late events, by functions of the database.

Ids with an implausible time (a wrong clock, a UUID of another version) are kept in the partitions ``…_other``.
When such a month is created, its rows move to the new partition.
One transaction creates few months; an import of many creates each in its own (``tfevent.make_months``).
A month is created as separate tables that are then attached, since creating partitions would lock out all readers.
"""

from __future__ import annotations

from change_events.ledger.prune_function import RECORDING
from change_events.ledger.tables import PARTITIONED

_TABLES = ", ".join(f"'{table}'" for table in PARTITIONED)

_MONTH_OF = """
    CREATE FUNCTION tfevent.month_of(id uuid) RETURNS date LANGUAGE sql IMMUTABLE STRICT
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT date_trunc('month', to_timestamp(
            ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0
        ) AT TIME ZONE 'UTC')::date
    $$
"""
_FIRST_ID = """
    CREATE FUNCTION tfevent.first_id(month date) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT rpad(lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0'), 32, '0')::uuid
    $$
"""
_MAKE_MONTH = f"""
    CREATE FUNCTION tfevent.make_month(month date) RETURNS boolean LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
    DECLARE
        parent text;
        made text;
        low uuid := tfevent.first_id(month);
        high uuid := tfevent.first_id((month + interval '1 month')::date);
    BEGIN
        IF to_regclass('tfevent.events_' || to_char(month, 'YYYYMM')) IS NOT NULL THEN
            RETURN false;
        END IF;
        PERFORM pg_advisory_xact_lock(7233173);
        -- to_regclass answers from a cache, which does not have what another session has just made
        IF EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'tfevent'::regnamespace
                AND c.relname = 'events_' || to_char(month, 'YYYYMM')) THEN
            RETURN false;
        END IF;
        FOREACH parent IN ARRAY ARRAY[{_TABLES}] LOOP
            made := parent || '_' || to_char(month, 'YYYYMM');
            EXECUTE format('CREATE TABLE tfevent.%I (LIKE tfevent.%I INCLUDING ALL)', made, parent);
            EXECUTE format('WITH gone AS (DELETE FROM tfevent.%I WHERE id >= %L AND id < %L RETURNING *) '
                'INSERT INTO tfevent.%I SELECT * FROM gone', parent || '_other', low, high, made);
            EXECUTE format('ALTER TABLE tfevent.%I ATTACH PARTITION tfevent.%I FOR VALUES FROM (%L) TO (%L)',
                parent, made, low, high);
        END LOOP;
        RETURN true;
    END $$
"""  # noqa: S608 - names of ours
_NEED_MONTHS = """
    CREATE FUNCTION tfevent.need_months(ids uuid[], most integer DEFAULT 1000) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        month date;
        made integer := 0;
    BEGIN
        FOR month IN
            SELECT DISTINCT tfevent.month_of(id) FROM unnest(ids) AS id
            WHERE tfevent.month_of(id) BETWEEN '2010-01-01' AND (now() AT TIME ZONE 'UTC' + interval '1 month')::date
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
# for events of many months: each call is its own transaction, between which others can proceed
_MAKE_MONTHS = f"""
    CREATE FUNCTION tfevent.make_months(team text, ids uuid[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        PERFORM tfevent.check_writer(team);
        PERFORM pg_advisory_xact_lock_shared({RECORDING});
        PERFORM tfevent.need_months(ids, 1);
    END $$
"""
_MONTHS_AHEAD = """
    CREATE FUNCTION tfevent.months_ahead(number integer) RETURNS integer LANGUAGE sql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT count(*) FILTER (WHERE tfevent.make_month(
            (date_trunc('month', now() AT TIME ZONE 'UTC') + ahead * interval '1 month')::date
        ))::integer FROM generate_series(0, number) AS ahead
    $$
"""

STATEMENTS = (_MONTH_OF, _FIRST_ID, _MAKE_MONTH, _NEED_MONTHS, _MAKE_MONTHS, _MONTHS_AHEAD)
