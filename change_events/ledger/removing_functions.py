"""Database functions that prune in steps: schema version 5.

``tfevent.prune`` removes everything in one transaction, which blocks writers. Each of these functions is a short
transaction, whose caller limits by ``lock_timeout`` how long it waits, and blocks others.
"""

from __future__ import annotations

from change_events.ledger.prune_function import RECORDING
from change_events.ledger.roles import RETENTION
from change_events.ledger.tables import PARTITIONED

_TABLES = ", ".join(f"'{table}'" for table in PARTITIONED)
_OTHERS = ", ".join(f"'{table}'" for table in PARTITIONED if table != "events")
_PAST = """
        IF before > (now() AT TIME ZONE 'UTC')::date THEN
            RAISE EXCEPTION '% lies in the future', before USING ERRCODE = 'invalid_parameter_value';
        END IF;
"""

# Counts the events while only writers of this month wait, then drops the partitions at once.
# Returns NULL if another session has removed it.
_PRUNE_MONTH = f"""
    CREATE FUNCTION tfevent.prune_month(month date) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        before date := (month + interval '1 month')::date;
        suffix text := to_char(month, 'YYYYMM');
        parent text;
        number bigint;
    BEGIN
        {_PAST}
        BEGIN
            EXECUTE format('LOCK TABLE tfevent.%I IN SHARE MODE', 'events_' || suffix);
        EXCEPTION WHEN undefined_table THEN
            RETURN NULL;
        END;
        EXECUTE format('SELECT count(*) FROM tfevent.%I', 'events_' || suffix) INTO number;
        FOREACH parent IN ARRAY ARRAY[{_TABLES}] LOOP
            EXECUTE format('LOCK TABLE ONLY tfevent.%I IN ACCESS EXCLUSIVE MODE', parent);
        END LOOP;
        FOREACH parent IN ARRAY ARRAY[{_TABLES}] LOOP
            EXECUTE format('DROP TABLE tfevent.%I', parent || '_' || suffix);
        END LOOP;
        RETURN number;
    END $$
"""  # noqa: S608 - names of ours
_PRUNE_OTHERS = f"""
    CREATE FUNCTION tfevent.prune_others(before date) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        parent text;
        number bigint;
    BEGIN
        {_PAST}
        IF EXISTS (SELECT 1 FROM tfevent.events_other e WHERE e.ingested_at < before) THEN
            PERFORM pg_advisory_xact_lock({RECORDING});
        END IF;
        FOREACH parent IN ARRAY ARRAY[{_OTHERS}] LOOP
            EXECUTE format('DELETE FROM tfevent.%I d WHERE (d.team, d.id) IN '
                '(SELECT e.team, e.id FROM tfevent.events_other e WHERE e.ingested_at < %L)',
                parent || '_other', before);
        END LOOP;
        DELETE FROM tfevent.events_other e WHERE e.ingested_at < before;
        GET DIAGNOSTICS number = ROW_COUNT;
        RETURN number;
    END $$
"""  # noqa: S608 - names of ours
# Searches while others record, and blocks them only if there is something to remove. Returns the last examined
# number; NULL after the last thing.
_PRUNE_THINGS = f"""
    CREATE FUNCTION tfevent.prune_things(after bigint, most integer) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    DECLARE
        last bigint;
        unused bigint[];
    BEGIN
        SELECT max(k.id), array_agg(k.id) FILTER (WHERE NOT EXISTS (
            SELECT 1 FROM tfevent.touched x WHERE x.team = k.team AND x.thing = k.id
        )) INTO last, unused
        FROM (SELECT t.team, t.id FROM tfevent.things t WHERE t.id > after ORDER BY t.id LIMIT most) AS k;
        IF unused IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock({RECORDING});
            DELETE FROM tfevent.things t WHERE t.id = ANY (unused) AND NOT EXISTS (
                SELECT 1 FROM tfevent.touched x WHERE x.team = t.team AND x.thing = t.id
            );
        END IF;
        RETURN last;
    END $$
"""  # noqa: S608 - names of ours
_SIGNATURES = ("prune_month(date)", "prune_others(date)", "prune_things(bigint, integer)")

STATEMENTS = (
    _PRUNE_MONTH,
    _PRUNE_OTHERS,
    _PRUNE_THINGS,
    *(f"REVOKE ALL ON FUNCTION tfevent.{one} FROM PUBLIC" for one in _SIGNATURES),
    *(f"GRANT EXECUTE ON FUNCTION tfevent.{one} TO {RETENTION}" for one in _SIGNATURES),
)
