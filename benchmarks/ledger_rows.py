"""Many events of a made-up company in a ledger: some thousand that are imported, and copies of them in earlier months.

The copies are made by statements of the server, month by month, and get their indexes afterwards: to import ten million
takes hours. Each has an id, a time and a commit of its own, so that the indexes are as large as those of imported ones.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.ledger.tables import PARTITIONED
from change_events.model import (
    Action,
    Actor,
    AttributeChange,
    Change,
    ChangeEvent,
    ChangeOutcome,
    HostRun,
    Kind,
    Outcome,
    Phase,
    Signal,
    Tool,
    Value,
    ValueKind,
    Vcs,
)
from change_events.redact import unseal

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from change_events.model import SealedEvent

MONTH = datetime(2026, 11, 1, tzinfo=UTC)
"""The month of the imported events; copies lie in those before."""
MONTHS = 24  # in which the copies lie, where there are enough of them
_SERVICES, _ENVIRONMENTS, _RESOURCES, _PEOPLE, _HOSTS = 40, ("prod", "staging", "dev"), 60, 60, 400
_TYPES = ("aws_instance", "aws_security_group", "aws_iam_role", "aws_db_instance", "aws_s3_bucket", "aws_lb_listener")
_WORDS = ("resize", "rotate", "open", "close", "upgrade", "move", "restore", "tune", "split", "retire")
_SIGNALS = ("exposed_to_world", "iam_widened", "capacity_reduced", "stateful_replaced", "drift_overwritten")


def event(number: int, of: int) -> SealedEvent:
    """One of ``of`` events that are spread over :data:`MONTH`: runs of terraform and of ansible, and deployments."""
    chance = random.Random(number)  # the same events each time
    at = MONTH + timedelta(days=29) * number / of
    service, environment = f"service-{chance.randrange(_SERVICES)}", chance.choice(_ENVIRONMENTS)
    commit = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
    subject = f"{chance.choice(_WORDS).capitalize()} the {chance.choice(_TYPES)} of {service}"
    kind = chance.choices(("terraform", "ansible", "deployment"), (70, 15, 15))[0]
    made = ChangeEvent(
        id=_id(at, number),
        kind=Kind.DEPLOYMENT if kind == "deployment" else Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=chance.choices((Outcome.SUCCEEDED, Outcome.FAILED, Outcome.PARTIAL), (94, 4, 2))[0],
        started_at=at,
        ended_at=at + timedelta(seconds=chance.randrange(5, 600)),
        title=f"{environment}/{service}: {subject.lower()}",
        message=f"{subject}, as asked for in OPS-{chance.randrange(10_000)}.",
        environment=environment,
        service=service,
        tags={"owner": f"squad-{chance.randrange(12)}", "region": chance.choice(("eu-west-1", "us-east-1"))},
        tool=Tool(name=kind if kind != "deployment" else "argocd", directory=f"stacks/{service}/{environment}"),
        actor=Actor(user=f"person-{chance.randrange(_PEOPLE)}", host=f"runner-{chance.randrange(20)}"),
        vcs=Vcs(repository="git@example.com:ops/stacks.git", branch="main", commit=commit, subject=subject),
        changes=_changes(chance) if kind == "terraform" else (),
        hosts=_hosts(chance) if kind == "ansible" else (),
        signals=(Signal(name=chance.choice(_SIGNALS), reason="as planned"),) if chance.random() < 0.05 else (),
    )
    return unseal(msgspec.json.encode(made))


def _changes(chance: random.Random) -> tuple[Change, ...]:
    found = []
    for _ in range(chance.randint(1, 4)):
        kind = chance.choice(_TYPES)
        attribute = AttributeChange(path="tags.version", before=_value(chance), after=_value(chance))
        found.append(
            Change(
                address=f"module.main.{kind}.r{chance.randrange(_RESOURCES)}",
                type=kind,
                action=Action.UPDATE,
                outcome=ChangeOutcome.APPLIED,
                attributes=(attribute,),
            )
        )
    return tuple({change.address: change for change in found}.values())


def _value(chance: random.Random) -> Value:
    return Value(kind=ValueKind.VALUE, text=f'"1.{chance.randrange(100)}"')


def _hosts(chance: random.Random) -> tuple[HostRun, ...]:
    names = {f"host-{chance.randrange(_HOSTS)}.example.com" for _ in range(3)}
    return tuple(HostRun(name=name, status="changed", ok=9, changed=1) for name in sorted(names))


def _id(at: datetime, number: int) -> str:
    text = f"{int(at.timestamp() * 1000):012x}70008{number:015x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# what each copy has of its own: an id that begins with its time, the time, and a commit
_MADE = """
    CREATE TEMP TABLE made AS
    SELECT c.seed, c.commit, c.at, md5(c.salt) || substr(md5(c.salt || 'x'), 1, 8) AS own,
        (lpad(to_hex((extract(epoch FROM c.at) * 1000)::bigint), 12, '0') || '7' || substr(md5(c.salt), 1, 3) || '8'
            || substr(md5(c.salt), 4, 15))::uuid AS id
    FROM (
        SELECT s.id AS seed, s.commit, s.id || ' ' || copy || ' ' || %(month)s AS salt,
            %(month)s::timestamptz + (s.started_at - %(first)s) * 0.96 + copy * interval '7 seconds' AS at
        FROM seeds s, generate_series(1, %(copies)s) AS copy
    ) AS c LIMIT %(number)s
"""
_SEEDS = """
    CREATE TEMP TABLE seeds AS
    SELECT e.id, e.started_at, convert_from(b.body, 'UTF8')::json -> 'vcs' ->> 'commit' AS commit
    FROM tfevent.events e JOIN tfevent.bodies b USING (team, id) WHERE e.started_at >= %s ORDER BY e.id
"""
_OWN = {
    "id": "m.id",
    "started_at": "m.at",
    "ended_at": "m.at + (x.ended_at - x.started_at)",
    "search": "replace(x.search, m.commit, m.own)",
    "body": "convert_to(replace(replace(convert_from(x.body, 'UTF8'), m.seed::text, m.id::text), "
    "m.commit, m.own), 'UTF8')",
}


def multiply(connection: psycopg.Connection[Any], number: int, step: Callable[[int], None] = lambda _: None) -> None:
    """Add ``number`` copies of the events there are, month by month from the newest one back.

    Args:
        connection: of the administrator; it may take a while.
        number: of copies.
        step: is given how many have been made since the last time.
    """
    for statement in (
        "SET ROLE tfevent_owner",
        "SET maintenance_work_mem = '1GB'",
        "SET work_mem = '256MB'",
        "SET synchronous_commit = off",
    ):
        connection.execute(statement)
    connection.execute(_SEEDS, (MONTH,))
    ((seeds,),) = connection.execute("SELECT count(*) FROM seeds").fetchall()
    most = max(-(-number // MONTHS), min(number, seeds))
    month = MONTH
    while number > 0:
        month = (month - timedelta(days=1)).replace(day=1)
        values = {"month": month, "first": MONTH, "copies": -(-most // seeds), "number": min(number, most)}
        connection.execute("DROP TABLE IF EXISTS made")
        connection.execute(_MADE, values)
        for table in PARTITIONED:
            _fill(connection, table, month)
        number -= values["number"]
        step(values["number"])
    connection.execute("RESET ROLE")


def _fill(connection: psycopg.Connection[Any], table: str, month: datetime) -> None:
    """One partition with the rows of the copies; its indexes are made when it is attached."""
    name = f"tfevent.{table}_{month:%Y%m}"
    after = (month + timedelta(days=32)).replace(day=1)
    columns = [
        column
        for (column,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "ORDER BY attnum",
            (f"tfevent.{table}",),
        ).fetchall()
    ]
    values = ", ".join(_OWN.get(column, f"x.{column}") for column in columns)
    connection.execute(f"CREATE TABLE {name} (LIKE tfevent.{table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    connection.execute(
        f"INSERT INTO {name} SELECT {values} FROM made m JOIN tfevent.{table} x ON x.id = m.seed "
        "WHERE x.id >= tfevent.first_id(%s)",
        (MONTH.date(),),
    )
    connection.execute(
        f"ALTER TABLE tfevent.{table} ATTACH PARTITION {name} FOR VALUES FROM (tfevent.first_id('{month:%Y-%m-%d}')) "
        f"TO (tfevent.first_id('{after:%Y-%m-%d}'))"
    )
    connection.execute(f"ANALYZE {name}")
