"""The database function that prunes: whole months, by dropping their partitions."""

from __future__ import annotations

from change_events.ledger.tables import PARTITIONED

_TABLES = ", ".join(f"'{table}'" for table in PARTITIONED)
_OTHERS = ", ".join(f"'{table}'" for table in PARTITIONED if table != "events")

# writers hold it in shared mode: no thing is removed while a change of it is recorded
RECORDING = 7_233_174
_PRUNE = f"""
    CREATE FUNCTION tfevent.prune(before date, only_count boolean DEFAULT false)
    RETURNS TABLE (month text, events bigint) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
    DECLARE
        found text;
        parent text;
    BEGIN
        IF before > (now() AT TIME ZONE 'UTC')::date THEN
            RAISE EXCEPTION '% lies in the future', before USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF NOT only_count THEN
            PERFORM pg_advisory_xact_lock({RECORDING});  -- before any table, as writers do
        END IF;
        FOR found IN
            SELECT substr(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'tfevent.events'::regclass AND c.relname ~ '^events_[0-9]{{6}}$'
            AND to_date(substr(c.relname, 8), 'YYYYMM') + interval '1 month' <= prune.before
            ORDER BY 1
        LOOP
            EXECUTE format('SELECT count(*) FROM tfevent.%I', 'events_' || found) INTO events;
            IF NOT only_count THEN
                FOREACH parent IN ARRAY ARRAY[{_TABLES}] LOOP
                    EXECUTE format('DROP TABLE tfevent.%I', parent || '_' || found);
                END LOOP;
            END IF;
            month := left(found, 4) || '-' || right(found, 2);
            RETURN NEXT;
        END LOOP;
        SELECT count(*) INTO events FROM tfevent.events_other e WHERE e.ingested_at < prune.before;
        month := 'other';
        RETURN NEXT;
        IF only_count THEN
            RETURN;
        END IF;
        FOREACH parent IN ARRAY ARRAY[{_OTHERS}, 'events'] LOOP
            EXECUTE format('DELETE FROM tfevent.%I d WHERE (d.team, d.id) IN '
                '(SELECT e.team, e.id FROM tfevent.events_other e WHERE e.ingested_at < %L)',
                parent || '_other', prune.before);
        END LOOP;
        DELETE FROM tfevent.things t WHERE NOT EXISTS (
            SELECT 1 FROM tfevent.touched x WHERE x.team = t.team AND x.thing = t.id
        );
    END $$
"""  # noqa: S608 - names of ours

STATEMENTS = (_PRUNE,)
