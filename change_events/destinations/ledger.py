"""The ledger of a team: a PostgreSQL database with the events of many machines, or a collector before one.

`tfevent events ledger init` makes the database, `tfevent events serve --collect` is a collector.
An event is recorded by one call of a function of the database, which makes it harmless to record it again: the end of a
run takes the place of its start, and what comes twice or too late changes nothing. What the database answers is known
by its SQLSTATE; before it has let somebody in, by the text of its refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import collector
from change_events.destinations.shared.databases import collector_at, database_of, is_token
from change_events.destinations.shared.postgres import LOOK, RECORD, SCHEMA_STATES, TEAM, TEAM_RULE, LedgerRequest
from change_events.destinations.shared.postgres_rejections import Rejection, rejection_of
from change_events.destinations.shared.request import text_of
from change_events.destinations.shared.size_limit import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.base import TransportName
    from change_events.model import SealedEvent

LIMITS = Limits(body_bytes=16_000_000)  # ours: PostgreSQL takes up to 1 GB
_SKEW = 60.0  # seconds
_EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE, or https://HOST of a collector"
_NEEDS_TEAM = "team: missing; a database keeps the events of several teams"
_NOT_THERE = "{}: the token of a collector says whose events these are; leave it out"
_OF_COLLECTOR = {
    "token": "token: a database has a user and a password; leave it out, or set `url` to a collector, https://HOST",
    "ca_file": "ca_file: for a database, `sslrootcert` in `url` names the authorities; leave it out",
}
_INIT, _GRANTS = "`tfevent events ledger init`", "`tfevent events ledger init --team NAME`"

OPTIONS = (
    Option(
        name="url",
        type="database",
        required=True,
        environment="TFEVENT_LEDGER_URL",
        help="Address of the database, `postgresql://USER@HOST:PORT/DATABASE`, with parameters of libpq such as "
        "`?sslmode=verify-full`; or of a collector, `https://HOST` (`http` on loopback only).",
    ),
    Option(
        name="team",
        type="string",
        environment="TFEVENT_LEDGER_TEAM",
        help="Team whose events these are: letters, digits, dots, dashes and underscores, at most 63. Needed for a "
        "database; a collector knows it by the token.",
    ),
    Option(
        name="password",
        type="string",
        secret=True,
        environment="TFEVENT_LEDGER_PASSWORD",
        help="Password of the user; without it, what libpq finds (`PGPASSWORD`, `~/.pgpass`).",
    ),
    Option(
        name="token",
        type="string",
        secret=True,
        environment="TFEVENT_LEDGER_TOKEN",
        help="Token of a collector, `tfel_…` (`tfevent events ledger token create`).",
    ),
    CA_FILE,
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
_REFUSED = {
    Rejection.STARTING: (Result.RETRY, "it is starting or ending"),
    Rejection.CONNECTIONS: (Result.RETRY, "it has too many connections"),
    Rejection.USER: _STATES["28P01"],
    Rejection.NO_ENTRY: _STATES["28000"],
    Rejection.NO_LOGIN: _STATES["28000"],
    Rejection.DATABASE: _STATES["3D000"],
    Rejection.PARAMETER: (Result.RETRY, "a pooler does not pass on a parameter in `url`; leave it out"),
    Rejection.TLS: (Result.RETRY, "TLS fails; see `sslmode` and `sslrootcert` in `url`"),
    Rejection.OTHER: (Result.RETRY, "it refuses the connection"),
}


def way(options: Mapping[str, Any]) -> TransportName:
    """To a collector by HTTP, else to a database."""
    return "postgres" if _collector(options) is None else "http"


def origin(options: Mapping[str, Any]) -> str:
    """Host, port and database; of a collector scheme and host. Raises OptionError."""
    if address := _collector(options):
        return origin_of(address)
    return _request(options, LOOK, b"").url


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """What is needed beside the address, and what does not go with it."""
    given = {name for name in ("team", "password", "token", "ca_file") if options.get(name)}
    if _collector(options):
        if "token" not in given:
            return ("token: missing; `tfevent events ledger token create` makes one",)
        if not is_token(str(options["token"])):
            return ("token: it has characters that a token has not",)
        return tuple(_NOT_THERE.format(name) for name in ("team", "password") if name in given)
    if wrong := tuple(text for name, text in _OF_COLLECTOR.items() if name in given):
        return wrong
    if "team" not in given:
        return (_NEEDS_TEAM,)
    return () if TEAM.fullmatch(str(options["team"])) else (f"team: {TEAM_RULE}",)


def probe(options: Mapping[str, Any]) -> Request:
    """What asks for the version of the ledger, or how a collector is. Raises OptionError."""
    if address := _collector(options):
        return collector.looking(address, text_of(options, "token"))
    return _request(options, LOOK, b"")


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """What records one event. Raises OptionError."""
    address = _collector(options)
    most = limit or (collector.EVENT_BYTES if address else LIMITS.body_bytes)
    body = sealed.body if len(sealed.body) <= most else fitted(sealed.event, most, msgspec.json.encode)
    if address:
        return collector.recording(address, text_of(options, "token"), body)
    return _request(options, RECORD, body)


def _collector(options: Mapping[str, Any]) -> str | None:
    return collector_at(str(options.get("url") or "").strip()).address or None


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
    """Return the verdict on a response: by its SQLSTATE, or by what was said before a session had begun."""
    if response.purpose == collector.PURPOSE:
        return collector.judge(response)
    if response.status == 200:  # noqa: PLR2004  # ours: the statement was executed
        return Verdict(Result.DELIVERED)
    state = response.headers.get("sqlstate", "")
    if not state:
        return Verdict(*_REFUSED[rejection_of(response.body.decode(errors="replace"))])
    if state in _STATES:
        return Verdict(*_STATES[state])
    if state.startswith(_PASSING):
        return Verdict(Result.RETRY, f"it cannot record the event at the moment ({state})")
    what = "takes this event for invalid" if state.startswith(_INVALID) else "refused the event"
    return Verdict(Result.PARK, f"it {what} ({state})")


def probed(response: Response) -> Verdict:
    """What the answer to a probe means; whose token it is, and a clock that differs, are noted."""
    if response.purpose == collector.PURPOSE:
        found = collector.looked(response)
        return found if isinstance(found, Verdict) else _in_order(found.skew, found.bearer)
    verdict = judge(response)
    return verdict if verdict.result is not Result.DELIVERED else _in_order(float(response.headers.get("skew") or 0))


def _in_order(skew: float, *clauses: str) -> Verdict:
    which = "ahead of" if skew > 0 else "behind"
    clock = f"its clock is {abs(skew):.0f} s {which} this machine's" if abs(skew) > _SKEW else ""
    return Verdict(Result.DELIVERED, "; ".join(filter(None, (*clauses, clock))))


DESTINATION = Destination(
    kind="ledger",
    title="Ledger of a team (PostgreSQL, or a collector)",
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
    transport_of=way,
    probe=probe,
    probed=probed,
)
