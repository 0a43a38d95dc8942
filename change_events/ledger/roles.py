"""Roles of the server, their rights, and row-level security.

* ``tfevent_owner`` owns everything. Nobody logs in as it; the functions run as it.
* ``tfevent_writer`` may execute the functions that record, for teams that ``tfevent.members`` gives its members.
* ``tfevent_reader`` reads events of teams that ``tfevent.members`` gives its members; of fewer, where the setting
  ``tfevent.teams`` (names with commas) says so.
* ``tfevent_retention`` may execute ``tfevent.prune``.
* ``tfevent_collector`` may query the rights of a token's bearer; a collector also writes and reads for all teams.

Only the owner's functions insert, update or delete. A session is identified by ``session_user``, which neither
``SET ROLE`` nor a setting can change. Partitions are granted to nobody, and so are only readable through their
parents.
"""

from __future__ import annotations

from change_events.ledger.tables import PARTITIONED

OWNER, WRITER, READER, RETENTION = "tfevent_owner", "tfevent_writer", "tfevent_reader", "tfevent_retention"
COLLECTOR = "tfevent_collector"
_READ = (*PARTITIONED, "stacks", "things", "names", "drift_checks")

# roles belong to the whole server: those of another ledger may exist, and the user may lack the right to create any
BEFORE = (
    *(
        f"""DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {role} NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$"""  # noqa: S608 - names of ours
        for role in (OWNER, WRITER, READER, RETENTION, COLLECTOR)
    ),
    f"""DO $$ BEGIN
        IF NOT pg_catalog.pg_has_role(current_user, '{OWNER}', 'MEMBER') THEN
            GRANT {OWNER} TO CURRENT_USER;
        END IF;
    END $$""",
)

_MEMBERS = """
    CREATE TABLE tfevent.members (
        role text NOT NULL,
        team text COLLATE "C" NOT NULL CHECK (team = '*' OR team ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
        may text NOT NULL CHECK (may IN ('read', 'write')),
        PRIMARY KEY (role, team, may)
    )
"""
_TEAMS = """
    CREATE FUNCTION tfevent.teams(may text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT coalesce(array_agg(DISTINCT m.team), '{}') FROM tfevent.members m JOIN pg_roles r ON r.rolname = m.role
        WHERE m.may = teams.may AND pg_has_role(session_user, r.oid, 'MEMBER')
    $$
"""
_SELECTED = "nullif(current_setting('tfevent.teams', true), '')"
_READS_ALL = f"""
    CREATE FUNCTION tfevent.reads_all() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT {_SELECTED} IS NULL AND '*' = ANY (tfevent.teams('read'))
    $$
"""
_READABLE = f"""
    CREATE FUNCTION tfevent.readable() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT CASE
            WHEN {_SELECTED} IS NULL THEN t.mine
            ELSE ARRAY(SELECT one FROM unnest(string_to_array({_SELECTED}, ',')) AS one
                WHERE one = ANY (t.mine) OR '*' = ANY (t.mine))
        END FROM (SELECT tfevent.teams('read') AS mine) AS t
    $$
"""  # noqa: S608 - names of ours
_CHECK_WRITER = f"""
    CREATE FUNCTION tfevent.check_writer(team text) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF team !~ '^[A-Za-z0-9][A-Za-z0-9._-]{{0,62}}$' THEN
            RAISE EXCEPTION 'not a name of a team: %', left(team, 80) USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF NOT (pg_has_role(session_user, '{OWNER}', 'MEMBER')
            OR tfevent.teams('write') && ARRAY[check_writer.team, '*']) THEN
            RAISE EXCEPTION 'user % may not write events of team %', session_user, team
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END $$
"""


def _policies(table: str) -> tuple[str, ...]:
    readable = "(SELECT tfevent.reads_all()) OR team = ANY ((SELECT tfevent.readable())::text[])"
    return (
        f"ALTER TABLE tfevent.{table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE tfevent.{table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY owner ON tfevent.{table} TO {OWNER} USING (true) WITH CHECK (true)",
        f"CREATE POLICY readers ON tfevent.{table} FOR SELECT TO {READER} USING ({readable})",
        f"GRANT SELECT ON tfevent.{table} TO {READER}",
    )


FUNCTIONS = (_MEMBERS, _TEAMS, _READS_ALL, _READABLE, _CHECK_WRITER)
GRANTS = (
    *(statement for table in _READ for statement in _policies(table)),
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tfevent FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA tfevent TO {WRITER}, {READER}, {RETENTION}",
    f"GRANT SELECT ON tfevent.schema TO {WRITER}, {READER}, {RETENTION}",
    f"GRANT EXECUTE ON FUNCTION tfevent.record_events(text, jsonb, bytea[]) TO {WRITER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.record_checks(text, text, jsonb) TO {WRITER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.make_months(text, uuid[]) TO {WRITER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.teams(text) TO {WRITER}, {READER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.reads_all() TO {READER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.readable() TO {READER}",
    f"GRANT EXECUTE ON FUNCTION tfevent.prune(date, boolean) TO {RETENTION}",
    f"GRANT EXECUTE ON FUNCTION tfevent.months_ahead(integer) TO {RETENTION}",
)
