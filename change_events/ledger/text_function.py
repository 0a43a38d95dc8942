"""The database function that finds events by a part of their text, for readers.

Row-level security prevents readers from using the index of texts: ``LIKE`` is not leakproof, so it is evaluated only
on rows they may see, one by one. This function runs as the owner, who can use the index, and searches only teams the
session may read. It takes a text, not a pattern; no input is executed, and no text makes it fail.

Months are searched one by one, the newest first, until no other can have a newer match.
"""

from __future__ import annotations

from change_events.ledger.roles import OWNER, READER

SIGNATURE = "tfevent.with_text(text[], text, timestamptz, timestamptz, timestamptz, uuid, boolean, integer)"
INDEX = "tfevent.bodies_by_text"
MOST = 10_000
"""Events that one call finds at most."""

_BACKSLASH = "chr(92)"  # a quoted backslash depends on a session setting
_NO_ID = "00000000-0000-0000-0000-000000000000"
# `%1$I` and `%2$I` are the partitions of a month, `%3$s` the order, `%4$s` the comparison; all are trusted
_EDGE = """
    SELECT edge.at FROM unnest($1) AS one(team) CROSS JOIN LATERAL (
        SELECT e.started_at AS at FROM tfevent.%1$I e
        WHERE e.team = one.team AND e.started_at >= $2 AND e.started_at <= $3 ORDER BY e.started_at %3$s LIMIT 1
    ) AS edge ORDER BY edge.at %3$s LIMIT 1
"""
_OF_MONTH = """
    SELECT array_agg(f.started_at), array_agg(f.id) FROM (
        SELECT e.started_at, e.id FROM tfevent.%2$I b JOIN tfevent.%1$I e ON e.team = b.team AND e.id = b.id
        WHERE b.team = ANY ($1) AND e.team = ANY ($1) AND b.search LIKE $4
            AND e.started_at >= $2 AND e.started_at <= $3 AND (e.started_at, e.id) %4$s ($5, $6)
        ORDER BY e.started_at %3$s, e.id %3$s LIMIT $7
    ) AS f
"""
_MONTHS = """
    SELECT substr(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'tfevent.events'::regclass
"""
_WITH_TEXT = f"""
    CREATE FUNCTION tfevent.with_text(teams text[], words text, since timestamptz, until timestamptz,
        anchor timestamptz, anchor_id uuid, newest boolean, most integer)
    RETURNS TABLE (started_at timestamptz, id uuid) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        pattern text := '%' || regexp_replace(words, '[%_' || {_BACKSLASH} || {_BACKSLASH} || ']',
            {_BACKSLASH} || {_BACKSLASH} || {_BACKSLASH} || '&', 'g') || '%';
        direction text := CASE WHEN newest THEN 'DESC' ELSE 'ASC' END;
        further text := CASE WHEN newest THEN '<' ELSE '>' END;
        sign integer := CASE WHEN newest THEN -1 ELSE 1 END;
        start timestamptz := coalesce(anchor, CASE WHEN newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
        low timestamptz := CASE WHEN newest THEN coalesce(since, '-infinity') ELSE greatest(since, start) END;
        high timestamptz := CASE WHEN newest THEN least(until, start) ELSE coalesce(until, 'infinity') END;
        number integer := least(greatest(most, 0), {MOST});
        allowed text[];
        months text[] := '{{}}';
        edges timestamptz[] := '{{}}';
        times timestamptz[] := '{{}}';
        ids uuid[] := '{{}}';
        month text;
        edge timestamptz;
        more_times timestamptz[];
        more_ids uuid[];
    BEGIN
        IF tfevent.reads_all() OR pg_has_role(session_user, '{OWNER}', 'USAGE') THEN
            allowed := teams;
        ELSE
            allowed := ARRAY(SELECT one FROM unnest(teams) AS one WHERE one = ANY (tfevent.readable()));
        END IF;
        FOR month IN {_MONTHS} LOOP
            BEGIN
                EXECUTE format($sql${_EDGE}$sql$, 'events_' || month, '', direction) INTO edge USING allowed, low, high;
            EXCEPTION WHEN undefined_table THEN
                CONTINUE;  -- removed meanwhile
            END;
            IF edge IS NOT NULL THEN
                months := months || month;
                edges := edges || edge;
            END IF;
        END LOOP;
        FOR month, edge IN
            SELECT m.name, m.edge FROM unnest(months, edges) AS m(name, edge) ORDER BY sign * extract(epoch FROM m.edge)
        LOOP
            EXIT WHEN number <= (
                SELECT count(*) FROM unnest(times) AS t(at) WHERE sign * extract(epoch FROM t.at - edge) < 0
            );
            BEGIN
                EXECUTE format($sql${_OF_MONTH}$sql$, 'events_' || month, 'bodies_' || month, direction, further)
                INTO more_times, more_ids
                USING allowed, low, high, pattern, start, coalesce(anchor_id, '{_NO_ID}'), number;
            EXCEPTION WHEN undefined_table THEN
                CONTINUE;
            END;
            times := times || more_times;
            ids := ids || more_ids;
        END LOOP;
        RETURN QUERY EXECUTE format(
            'SELECT f.at, f.id FROM unnest($1, $2) AS f(at, id) ORDER BY f.at %1$s, f.id %1$s LIMIT $3', direction
        ) USING times, ids, number;
    END $$
"""  # noqa: S608 - names of ours

STATEMENTS = (
    _WITH_TEXT,
    f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {READER}",
)
