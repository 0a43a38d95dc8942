"""ServiceNow: a standard change, or an event of Event Management.

* ``change_request``: ``/api/now/table/change_request`` of the Table API, or from a template of standard changes
  ``/api/sn_chg_rest/change/standard/{template}`` of the Change Management API. ``correlation_id`` is the event's id: by
  that a repetition finds the record, and the end of a run the one of its start.
  https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html,
  https://www.servicenow.com/docs/r/api-reference/rest-apis/change-management-api.html.
* ``em_event``: ``/api/global/em/jsonv2``, with ``records``. ``message_key`` is the event's id, so that start and end
  are one alert, if a rule makes any. Fields, their lengths and severities:
  https://www.servicenow.com/docs/r/it-operations-management/event-management/c_EMIntegrateRequirementEvent.html.

Only plain text fields are written: journal fields (``work_notes``, ``comments``) show what stands between ``[code]``
tags as HTML. Times are UTC, ``yyyy-MM-dd HH:mm:ss``. Lengths of ``change_request`` are those of the base system's table
``task``. Rate limits are rules of the instance (429, ``Retry-After``).
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Reply,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.oauth import TOKEN, client_credentials, judge_token
from change_events.destinations.shared.request import address_of, basic_login, post, present, text_of
from change_events.destinations.shared.responses import AGAIN, at, content_of, is_page, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.model import Outcome, Severity
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from change_events.destinations.base import Steps
    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(
    body_bytes=64_000,
    fields={
        **dict.fromkeys(("source", "event_class", "node", "type", "resource", "correlation_id"), 100),
        "short_description": 160,
        "description": 4000,
        "close_notes": 4000,
        "message_key": 1024,
        "additional_info": 4000,
    },
)
_TABLE = "/api/now/table/change_request"
_STANDARD = "/api/sn_chg_rest/change/standard"
_EVENTS = "/api/global/em/jsonv2"
_TOKENS = "/oauth_token.do"
_SCHEDULED, _IMPLEMENT, _REVIEW, _CLOSED = "-2", "-1", "0", "3"
_STATES = ("-5", "-4", "-3", _SCHEDULED, _IMPLEMENT, _REVIEW, _CLOSED)  # in their order; 4 is canceled
_CLOSE_CODES = {
    Outcome.SUCCEEDED: "successful",
    Outcome.NO_CHANGE: "successful",
    Outcome.PARTIAL: "successful_issues",
}
_SEVERITIES = {Severity.ERROR: "3", Severity.WARNING: "4", Severity.INFO: "5"}
_MOST_LINES, _MOST_LINKS = 20, 5
_LINE = 300
_SYS_ID = lazy_pattern(r"[0-9a-f]{32}")
_HIBERNATES = lazy_pattern(rb"(?i)hibernat")
_LOOKED_AT = 16_384
_DENIED, _MISSING = 403, 404
_LOOKUP, _EVENT = "find the change", "event"
_EXPECTED = {_LOOKUP: "list of records", _EVENT: "count of events", "": "record"}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_SERVICENOW_URL",
        help="Address of the instance (https://NAME.service-now.com).",
    ),
    Option(
        name="user",
        type="string",
        environment="TFEVENT_SERVICENOW_USER",
        help="User, with `password`; for events with the role `evt_mgmt_integration`, else with the right to create "
        "and change change requests, and to read them.",
    ),
    Option(
        name="password",
        type="string",
        secret=True,
        environment="TFEVENT_SERVICENOW_PASSWORD",
        help="Password of the user.",
    ),
    Option(
        name="client_id",
        type="string",
        environment="TFEVENT_SERVICENOW_CLIENT_ID",
        help="Client ID of an OAuth application with the grant type client credentials; in place of `user`.",
    ),
    Option(
        name="client_secret",
        type="string",
        secret=True,
        environment="TFEVENT_SERVICENOW_CLIENT_SECRET",
        help="Secret of the OAuth application.",
    ),
    Option(
        name="record",
        type="choice",
        choices=("change_request", "em_event"),
        default="change_request",
        environment="TFEVENT_SERVICENOW_RECORD",
        help="What is created: a standard change, or an event of Event Management.",
    ),
    Option(
        name="template",
        type="string",
        help="`sys_id` of the standard change template that changes are created from (Change Management API); without "
        "it, a record of type standard is created in the table.",
    ),
    Option(name="assignment_group", type="string", help="`sys_id` or name of the group that changes are assigned to."),
    Option(
        name="close",
        type="choice",
        choices=("no", "yes"),
        default="no",
        help="Move the change through its states: implement when a run starts, review and closed when it has ended.",
    ),
    CA_FILE,
)


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the credentials are whole, and one kind of them."""
    user, client = bool(options.get("user")), bool(options.get("client_id"))
    if user and client:
        return ("client_id: either this or `user`; leave out one of the two",)
    if not (user or client):
        return ("user: missing; expected `user` and `password`, or `client_id` and `client_secret`",)
    secret = "password" if user else "client_secret"
    if not options.get(secret):
        return (f"{secret}: missing; `{'user' if user else 'client_id'}` needs it",)
    template = options.get("template")
    if template and not _SYS_ID.fullmatch(str(template)):
        return ("template: expected a sys_id, 32 hexadecimal digits",)
    return ()


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the instance. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request that creates the record, its body within ``limit`` bytes. Raises OptionError."""
    base = address_of(options, "url")
    for problem in check(options):
        raise OptionError(problem)
    most = limit or LIMITS.body_bytes
    if options.get("record") == "em_event":
        body = fitted(sealed.event, most, lambda event: msgspec.json.encode({"records": [event_record(event)]}))
        return _request(options, "POST", base + _EVENTS, body, _EVENT)
    template = options.get("template")
    fixed = {} if template else {"type": "standard"}
    if group := options.get("assignment_group"):
        fixed["assignment_group"] = str(group)
    path = f"{_STANDARD}/{template}" if template else _TABLE
    return _request(options, "POST", base + path, _change(sealed, fixed, most))


def steps(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None, handle: str | None) -> Steps:
    """The requests for one event: the record is looked up, unless ``handle`` names it, written, and moved on.

    Raises:
        OptionError: as of :func:`render`.
    """
    made = render(sealed, options, limit)
    if made.purpose == _EVENT:
        return (yield made).verdict
    found = handle if handle and _SYS_ID.fullmatch(handle) else None
    if found is not None:
        reply = yield _update(sealed, options, found, limit)
        if _is_gone(reply):
            found, reply = None, (yield made)
    else:
        looked = yield _lookup(sealed, options)
        if looked.verdict.result is not Result.DELIVERED:
            return looked.verdict
        found = _sys_id(at(content_of(looked), "result", 0))
        reply = yield made if found is None else _update(sealed, options, found, limit)
    if reply.verdict.result is not Result.DELIVERED:
        return reply.verdict
    written = msgspec.structs.replace(reply.verdict, handle=_sys_id(at(content_of(reply), "result")))
    while options.get("close") == "yes" and (move := _move(sealed.event, options, content_of(reply))):
        reply = yield move
        if reply.verdict.result is not Result.DELIVERED:
            note = f"its state was not changed: {reply.verdict.reason}"
            return msgspec.structs.replace(written, reason=note)
    return written


def _is_gone(reply: Reply) -> bool:
    """Whether someone has deleted the record."""
    return reply.response is not None and reply.response.status == _MISSING


def _update(sealed: SealedEvent, options: Mapping[str, Any], sys_id: str, limit: int | None) -> Request:
    url = f"{address_of(options, 'url')}{_TABLE}/{sys_id}"
    return _request(options, "PATCH", url, _change(sealed, {}, limit or LIMITS.body_bytes))


def _change(sealed: SealedEvent, fixed: Mapping[str, str], limit: int) -> bytes:
    known = {**fixed, "correlation_id": sealed.event.id, "correlation_display": "tfevent"}
    return fitted(sealed.event, limit, lambda event: msgspec.json.encode(known | change_record(event)))


def _lookup(sealed: SealedEvent, options: Mapping[str, Any]) -> Request:
    """Whether the record is there: from an attempt that was not answered, or from the start of the run."""
    wanted = {
        "sysparm_query": f"correlation_id={sealed.event.id}",
        "sysparm_fields": "sys_id,state",
        "sysparm_limit": "1",
    }
    url = f"{address_of(options, 'url')}{_TABLE}?{urlencode(wanted, quote_via=quote)}"
    return _request(options, "GET", url, b"", _LOOKUP)


def _move(event: ChangeEvent, options: Mapping[str, Any], content: Any) -> Request | None:
    """The request for the next state, one after the other as the state model asks; None where there is none.

    Args:
        event: a started one goes to implement, an ended one to closed.
        options: of the destination.
        content: an answer with the record as it is.
    """
    record = at(content, "result")
    sys_id, state = _sys_id(record), _value(at(record, "state"))
    if sys_id is None or state not in _STATES[:-1]:
        return None
    following = max(_STATES.index(state) + 1, _STATES.index(_SCHEDULED))
    if following > _STATES.index(_IMPLEMENT if event.outcome is None else _CLOSED):
        return None
    fields = {"state": _STATES[following]}
    if fields["state"] == _CLOSED:
        fields |= {"close_code": _close_code(event), "close_notes": _close_notes(event)}
    url = f"{address_of(options, 'url')}{_TABLE}/{sys_id}"
    return _request(options, "PATCH", url, msgspec.json.encode(fields))


def _close_code(event: ChangeEvent) -> str:
    return _CLOSE_CODES.get(event.outcome, "unsuccessful") if event.outcome else "unsuccessful"


def _close_notes(event: ChangeEvent) -> str:
    return clip(mapping.paragraph(event), LIMITS.fields["close_notes"])


def _request(options: Mapping[str, Any], method: str, url: str, body: bytes, purpose: str = "") -> Request:
    """A request with basic authentication, or with a token."""
    headers = {"Accept": "application/json"}
    secrets: tuple[str, ...] = ()
    token: Request | None = None
    if options.get("client_id"):
        tokens = address_of(options, "url") + _TOKENS
        token = client_credentials(tokens, str(options["client_id"]), text_of(options, "client_secret"))
    else:
        headers["Authorization"], secrets = basic_login(text_of(options, "user"), text_of(options, "password"))
    return post(
        url,
        body,
        secrets=secrets,
        headers=headers,
        method=method,
        body_decides=True,
        purpose=purpose,
        token=token,
    )


def change_record(event: ChangeEvent) -> dict[str, Any]:
    """The fields of a change request that the event decides."""
    fields = {
        "short_description": clip(chat.title(event, _LINE), LIMITS.fields["short_description"]),
        "description": _description(event),
        "start_date": _time(event.started_at),
        "work_start": _time(event.started_at),
        "end_date": _time(event.ended_at),
        "work_end": _time(event.ended_at),
    }
    return present(fields)


def event_record(event: ChangeEvent) -> dict[str, Any]:
    """The event as a record of Event Management."""
    fields = {
        "source": "tfevent",
        "event_class": event.tool.name if event.tool else "tfevent",
        "node": mapping.host(event) or "",
        "resource": mapping.place(event),
        "type": f"{event.kind.value} {mapping.stage(event)}",
        "message_key": event.id,
        "severity": _SEVERITIES[event.severity],
        "time_of_event": _time(mapping.moment(event)),
        "description": _description(event),
        "additional_info": _additional(event),
    }
    return present(
        {name: clip(text, LIMITS.fields.get(name, _LINE)) if text else text for name, text in fields.items()}
    )


def _additional(event: ChangeEvent) -> str:
    """A JSON object of short texts, the last of which are left out where it is too long."""
    details = {name: clip(str(value), _LINE) for name, value in mapping.details(event).items()}
    while len(text := msgspec.json.encode(details).decode()) > LIMITS.fields["additional_info"]:
        details.popitem()
    return text


def _description(event: ChangeEvent) -> str:
    """Who did what with which result, the sender's text, the worst lines, and addresses, as plain text."""
    parts = [
        mapping.paragraph(event),
        mapping.text_within(chat.printable(mapping.chat_message(event)), LIMITS.fields["description"] // 2),
        "\n".join(clip(line, _LINE) for line in mapping.worst(event, _MOST_LINES)),
        "\n".join(f"{link.title}: {link.url}" for link in chat.links(event, _MOST_LINKS, _LINE)),
    ]
    return mapping.text_within("\n\n".join(part for part in parts if part), LIMITS.fields["description"])


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _sys_id(record: Any) -> str | None:
    found = _value(at(record, "sys_id"))
    return found if isinstance(found, str) and _SYS_ID.fullmatch(found) else None


def _value(field: Any) -> Any:
    """A field's value: the Table API gives texts, the Change Management API also what is displayed."""
    return at(field, "value") if isinstance(field, dict) else field


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; what a success has to hold depends on what was asked."""
    if response.purpose == TOKEN:
        return judge_token(response)
    if is_page(response) and _HIBERNATES.search(response.body[:_LOOKED_AT]):
        return Verdict(Result.RETRY, "the developer instance is hibernating; wake it at developer.servicenow.com")
    if response.status == _DENIED:
        return Verdict(Result.PARK, f"the user may not do that (403): it lacks a role or an ACL refuses; {AGAIN}")
    verdict = judge_no_page(response)
    if verdict.result is Result.DELIVERED and not _holds(at(parsed(response), "result"), response.purpose):
        return Verdict(Result.PARK, f"its answer has no {_EXPECTED[response.purpose]}; check `url`, {AGAIN}")
    return verdict


def _holds(found: Any, purpose: str) -> bool:
    if purpose == _LOOKUP:
        return isinstance(found, list)
    return bool(found) and isinstance(found, dict) if purpose == _EVENT else _sys_id(found) is not None


DESTINATION = Destination(
    kind="servicenow",
    title="ServiceNow",
    documentation=(
        "https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html",
        "https://www.servicenow.com/docs/r/api-reference/rest-apis/change-management-api.html",
        "https://www.servicenow.com/docs/r/it-operations-management/event-management/c_EMIntegrateRequirementEvent.html",
        "https://www.servicenow.com/docs/r/api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    steps=steps,
    check=check,
)
