"""SQL of the tokens of a ledger, which grant access through a collector without a database user.

Only the owner creates, revokes and sees them. A collector queries one token at a time by its digest, which
it computes from the client's token, so it never learns of another one.
"""

from __future__ import annotations

from change_events.ledger.roles import COLLECTOR, OWNER

_TOKENS = """
    CREATE TABLE tfevent.tokens (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        team text COLLATE "C" NOT NULL CHECK (team ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
        may_write boolean NOT NULL,
        may_read boolean NOT NULL,
        sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
        label text NOT NULL DEFAULT '' CHECK (length(label) <= 200),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used date,
        CHECK (may_write OR may_read)
    )
"""
# The day of last use is updated once a day, never with waiting, and not in a read-only transaction.
_CHECK = """
    CREATE FUNCTION tfevent.check_token(digest bytea)
    RETURNS TABLE (id bigint, team text, may_write boolean, may_read boolean, expires_at timestamptz, state text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    #variable_conflict use_column
    DECLARE
        today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
        found tfevent.tokens;
    BEGIN
        SELECT * INTO found FROM tfevent.tokens t WHERE t.sha256 = digest;
        IF found.id IS NULL THEN
            RETURN;
        END IF;
        state := CASE
            WHEN found.revoked_at IS NOT NULL THEN 'revoked'
            WHEN found.expires_at <= now() THEN 'expired'
            ELSE 'valid'
        END;
        IF state = 'valid' AND found.last_used IS DISTINCT FROM today
            AND NOT current_setting('transaction_read_only')::boolean THEN
            UPDATE tfevent.tokens t SET last_used = today WHERE t.id IN (
                SELECT u.id FROM tfevent.tokens u WHERE u.id = found.id FOR UPDATE SKIP LOCKED
            );
        END IF;
        RETURN QUERY SELECT found.id, found.team, found.may_write, found.may_read, found.expires_at, state;
    END $$
"""

STATEMENTS = (
    _TOKENS,
    _CHECK,
    "ALTER TABLE tfevent.tokens ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE tfevent.tokens FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY owner ON tfevent.tokens TO {OWNER} USING (true) WITH CHECK (true)",
    "REVOKE ALL ON FUNCTION tfevent.check_token(bytea) FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA tfevent TO {COLLECTOR}",
    f"GRANT SELECT ON tfevent.schema TO {COLLECTOR}",
    f"GRANT EXECUTE ON FUNCTION tfevent.check_token(bytea) TO {COLLECTOR}",
)
