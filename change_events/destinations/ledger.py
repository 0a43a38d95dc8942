"""The ledger of a team: a PostgreSQL database with the events of many machines (`tfevent events ledger init`).

An event is recorded by one call of a function of the database, which makes it harmless to record it again: the end of a
run takes the place of its start, and what comes twice or too late changes nothing. What the server answers is known by
its SQLSTATE; before it has let somebody in, by the text of its refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    Destination,
    Limits,
    Option,
    OptionError,
    Response,
    Result,
    Verdict,
)
from change_events.destinations.shared.databases import database_of
from change_events.destinations.shared.postgres import LOOK, RECORD, SCHEMA_STATES, TEAM, TEAM_RULE, LedgerRequest
from change_events.destinations.shared.request import text_of
from change_events.destinations.shared.size_limit import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import SealedEvent

LIMITS = Limits(body_bytes=16_000_000)  # ours: PostgreSQL takes up to 1 GB
_SKEW = 60.0  # seconds
_EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE"
_INIT, _GRANTS = "`tfevent events ledger init`", "`tfevent events ledger init --team NAME`"

OPTIONS = (
    Option(
        name="url",
        type="database",
        required=True,
        environment="TFEVENT_LEDGER_URL",
        help="Address of the database, `postgresql://USER@HOST:PORT/DATABASE`, with parameters of libpq such as "
        "`?sslmode=verify-full`.",
    ),
    Option(
        name="team",
        type="string",
        required=True,
        environment="TFEVENT_LEDGER_TEAM",
        help="Team whose events these are: letters, digits, dots, dashes and underscores, at most 63.",
    ),
    Option(
        name="password",
        type="string",
        secret=True,
        environment="TFEVENT_LEDGER_PASSWORD",
        help="Password of the user; without it, what libpq finds (`PGPASSWORD`, `~/.pgpass`).",
    ),
)

# Documented codes (PostgreSQL, appendix A) and those that the transport has for schemas.
_STATES: dict[str, tuple[Result, str]] = {
    "28P01": (Result.PARK, "it does not accept user and password; correct them"),
    "28000": (Result.PARK, "it does not let this user in; see pg_hba.conf"),
    "3D000": (Result.PARK, "it does not have this database; correct `url`"),
    "42501": (Result.PARK, f"this user may not write events of this team; {_GRANTS} says what to grant"),
    "3F000": (Result.PARK, f"there is no ledger in this database; {_INIT} makes one"),
    "42P01": (Result.PARK, f"there is no ledger in this database; {_INIT} makes one"),
    "42883": (Result.PARK, f"its ledger is too old for this tfevent; {_INIT} brings it up to date"),
    SCHEMA_STATES.older: (Result.PARK, f"its ledger is too old for this tfevent; {_INIT} brings it up to date"),
    SCHEMA_STATES.newer: (Result.PARK, "its ledger was made by a newer tfevent; upgrade tfevent"),
    "25006": (Result.RETRY, "it is read-only, as a standby is; `url` has to lead to the primary"),
    "57014": (Result.RETRY, "it did not record the event in time"),
    "55P03": (Result.RETRY, "its tables are locked"),
}
_PASSING = (
    "08",
    "40",
    "53",
    "57",
    "58",
    "XX",
)  # classes: connection, aborted, resources, intervention, system, internal
_INVALID = "22"
# What is said before a session has begun has no code that the driver shows.
_REFUSALS: tuple[tuple[tuple[str, ...], Result, str], ...] = (
    (("starting up", "shutting down", "recovery mode", "not yet accepting"), Result.RETRY, "it is starting or ending"),
    (("too many", "slots are reserved", "no more connections"), Result.RETRY, "it has too many connections"),
    (
        ("password authentication failed", "SASL authentication failed", "no password supplied", "no such user",
         "authentication failed"),
        *_STATES["28P01"],
    ),
    (("no pg_hba.conf entry", "not permitted to log in"), *_STATES["28000"]),
    (('database "', "no such database"), *_STATES["3D000"]),
    (('role "',), *_STATES["28P01"]),
    (
        ("unsupported startup parameter",),
        Result.RETRY,
        "a pooler does not pass on a parameter in `url`; leave it out",
    ),
    (("certificate", "SSL"), Result.RETRY, "TLS fails; see `sslmode` and `sslrootcert` in `url`"),
    (("",), Result.RETRY, "it refuses the connection"),
)  # fmt: skip


def origin(options: Mapping[str, Any]) -> str:
    """Host, port and database. Raises OptionError."""
    return _request(options, LOOK, b"").url


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the team's name is one."""
    return () if TEAM.fullmatch(str(options["team"])) else (f"team: {TEAM_RULE}",)


def probe(options: Mapping[str, Any]) -> LedgerRequest:
    """What asks for the version of the ledger. Raises OptionError."""
    return _request(options, LOOK, b"")


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> LedgerRequest:
    """What records one event. Raises OptionError."""
    most = limit or LIMITS.body_bytes
    body = sealed.body if len(sealed.body) <= most else fitted(sealed.event, most, msgspec.json.encode)
    return _request(options, RECORD, body)


def _request(options: Mapping[str, Any], method: str, body: bytes) -> LedgerRequest:
    given, team = text_of(options, "url"), text_of(options, "team")
    parts = database_of(given)
    if parts is None:
        raise OptionError(f"url: {_EXPECTED}")
    if not TEAM.fullmatch(team):
        raise OptionError(f"team: {TEAM_RULE}")
    password = str(options.get("password") or "")
    return LedgerRequest(
        method,
        parts.shown,
        {"Team": team},
        body,
        secrets=tuple(filter(None, (given, password, *parts.secrets))),
        address=given,
        password=password,
        team=team,
    )


def judge(response: Response) -> Verdict:
    """What an answer means: by its SQLSTATE, or by what was said before a session had begun."""
    if response.status == 200:  # noqa: PLR2004  # ours: the statement was executed
        return Verdict(Result.DELIVERED)
    state = response.headers.get("sqlstate", "")
    if not state:
        text = response.body.decode(errors="replace")
        result, reason = next((r, why) for words, r, why in _REFUSALS if any(word in text for word in words))
        return Verdict(result, reason)
    if state in _STATES:
        return Verdict(*_STATES[state])
    if state.startswith(_PASSING):
        return Verdict(Result.RETRY, f"it cannot record the event at the moment ({state})")
    what = "takes this event for invalid" if state.startswith(_INVALID) else "refused the event"
    return Verdict(Result.PARK, f"it {what} ({state})")


def probed(response: Response) -> Verdict:
    """What the answer to a probe means; a clock that differs is noted."""
    verdict = judge(response)
    skew = float(response.headers.get("skew") or 0)
    if verdict.result is not Result.DELIVERED or abs(skew) <= _SKEW:
        return verdict
    which = "ahead of" if skew > 0 else "behind"
    return Verdict(Result.DELIVERED, f"its clock is {abs(skew):.0f} s {which} this machine's")


DESTINATION = Destination(
    kind="ledger",
    title="Ledger of a team (PostgreSQL)",
    documentation=(
        "https://www.postgresql.org/docs/current/errcodes-appendix.html",
        "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
    transport="postgres",
    probe=probe,
    probed=probed,
)
