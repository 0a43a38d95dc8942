"""A ledger with so many events that the server chooses indexes: made by statements, not by the recording function."""

from __future__ import annotations

from change_events.ledger.tables import PARTITIONED

_ID = (
    "(lpad(to_hex((extract(epoch FROM n.at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n.n), 15, '0'))::uuid"
)
_ROWS = f"""
    CREATE TEMP TABLE made AS
    SELECT n.n, n.at, {_ID} AS id, CASE WHEN n.n %% 50 = 0 THEN 'shop' ELSE 'ops' END AS team
    FROM (SELECT n, timestamptz '2026-11-30' - n * interval '10 minutes' AS at FROM generate_series(1, %s) AS n) AS n
"""
_STATEMENTS = (
    "SELECT tfevent.need_months(ARRAY(SELECT id FROM made))",
    """INSERT INTO tfevent.stacks (team, key)
        SELECT t.team, 'stack ' || n FROM (VALUES ('ops'), ('shop')) AS t(team), generate_series(0, 99) AS n""",
    """INSERT INTO tfevent.events (team, id, state, started_at, ended_at, kind, phase, outcome, severity, environment,
            service, tool, title, actor, stack, run)
        SELECT m.team, m.id, 'settled', m.at, m.at, CASE WHEN m.n % 9 = 0 THEN 'deployment' ELSE 'infrastructure' END,
            'applied', CASE WHEN m.n % 31 = 0 THEN 'failed' ELSE 'succeeded' END, 'info',
            CASE WHEN m.n % 3 = 0 THEN 'prod' ELSE 'dev' END, 'service ' || m.n % 40, 'terraform', 'network: ' || m.n,
            'person ' || m.n % 25, s.id, 'run ' || m.n
        FROM made m JOIN tfevent.stacks s ON s.team = m.team AND s.key = 'stack ' || m.n % 100""",
    """INSERT INTO tfevent.bodies (team, id, search, body)
        SELECT team, id, 'network: ' || n || repeat(' aws_instance.web', 20), '{}' FROM made""",
    "INSERT INTO tfevent.hosts (team, host, started_at, id) SELECT team, 'host ' || n % 100, at, id FROM made",
    """INSERT INTO tfevent.signals (team, signal, started_at, id)
        SELECT team, 'signal ' || n % 20, at, id FROM made WHERE n % 7 = 0""",
    "INSERT INTO tfevent.tags (team, tag, started_at, id) SELECT team, 'team=' || n % 12, at, id FROM made",
    """INSERT INTO tfevent.things (team, stack, address, kind, type)
        SELECT s.team, s.id, 'aws_instance.web' || n, 'resource', 'aws_instance'
        FROM tfevent.stacks s, generate_series(0, 49) AS n""",
    """INSERT INTO tfevent.names (team, name, thing) SELECT team, 'i-' || id, id FROM tfevent.things""",
    """INSERT INTO tfevent.touched (team, thing, path, started_at, id, action, outcome)
        SELECT m.team, t.id, p.path, m.at, m.id, 'update', 'applied'
        FROM made m JOIN tfevent.stacks s ON s.team = m.team AND s.key = 'stack ' || m.n % 100
        JOIN tfevent.things t ON t.stack = s.id AND t.address = 'aws_instance.web' || m.n / 100 % 50,
        (VALUES (''), ('ami'), ('tags.a')) AS p(path)""",
    """INSERT INTO tfevent.moves (team, stack, new, old, started_at, id)
        SELECT e.team, e.stack, 'new ' || m.n, 'old ' || m.n, m.at, m.id
        FROM made m JOIN tfevent.events e ON e.team = m.team AND e.id = m.id WHERE m.n % 10 = 0""",
    f"ANALYZE {', '.join(f'tfevent.{table}' for table in (*PARTITIONED, 'stacks', 'things', 'names'))}",
)


def scatter(connection, number):
    """Events of two teams, one every ten minutes back from a day on."""
    connection.execute(_ROWS, (number,))
    for statement in _STATEMENTS:
        connection.execute(statement)
