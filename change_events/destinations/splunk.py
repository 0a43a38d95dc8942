"""Splunk HTTP Event Collector: one ``POST <collector>/services/collector/event`` for each event.

* Envelope: https://help.splunk.com/splunk-enterprise/get-data-in/collect-http-event-data/format-events-for-http-event-collector.
  ``fields`` are indexed as they are and must be flat.
* Codes of the answers: https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector.
* Fields are found in the first 5,000 bytes of the text (``limits.conf``, ``[spath] extraction_cutoff``), so what is
  short and asked for most comes first. The names of ``fields`` are others than those in the text, else each would have
  its value twice.

Splunk documents no limit that all installations share: ``max_bytes`` is ours, and 1 MB is what Splunk's and others'
senders stay within. A success means that the event was received, not that it is indexed; an event that is sent twice is
there twice, with the same ``tfevent_id``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.request import address_of, post, present, text_of
from change_events.destinations.shared.responses import AGAIN, at, judge_status, parsed, retry_after
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import decimal_seconds
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=1_000_000)
_PATH = "/services/collector/event"
_ENDPOINT = lazy_pattern(r"/services/collector(/event)?(/1\.0)?$")
_MOST_LINES = 20
_TAKEN = {0: "", 24: "its queue is almost full", 25: "its acknowledgement queue is almost full"}
_BUSY = frozenset({8, 9, 18, 19, 20, 23, 26, 27})
_UNKNOWN = "the token is not accepted; correct it"
_REFUSED = {
    1: "the token is disabled; enable it",
    2: _UNKNOWN,
    3: _UNKNOWN,
    4: _UNKNOWN,
    7: "the token may not write to this index; correct `index`, or allow it for the token",
    10: "the token asks for indexer acknowledgement; set `channel`, or turn it off for the token",
    11: "it does not accept the channel; set a GUID as `channel`",
}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_SPLUNK_URL",
        help="Address of the collector, for example https://splunk.example:8088 or https://http-inputs-<stack>.splunkcloud.com.",
    ),
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_SPLUNK_TOKEN",
        help="Token of the HTTP Event Collector.",
    ),
    Option(
        name="index",
        type="string",
        environment="TFEVENT_SPLUNK_INDEX",
        help="Index to write to; by default the token's.",
    ),
    Option(name="source", type="string", default="tfevent", help="Source of the events."),
    Option(name="sourcetype", type="string", default="tfevent:change", help="Source type of the events."),
    Option(name="channel", type="string", help="GUID of a channel, for tokens with indexer acknowledgement."),
    Option(
        name="max_bytes",
        type="integer",
        default=LIMITS.body_bytes,
        help="Largest body the collector takes; larger events lose their least important parts.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the collector. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request for one event, its body within ``limit`` bytes (by default the option ``max_bytes``).

    Raises:
        OptionError: address or token are missing, or ``max_bytes`` is too small for any event.
    """
    base, token = _ENDPOINT.sub("", address_of(options, "url")), text_of(options, "token")
    channel = str(options.get("channel") or "")
    most = limit or int(options.get("max_bytes") or LIMITS.body_bytes)
    body = fitted(sealed.event, most, lambda event: msgspec.json.encode(envelope(event, options)), option="max_bytes")
    headers = {"Authorization": f"Splunk {token}"} | ({"X-Splunk-Request-Channel": channel} if channel else {})
    return post(base + _PATH, body, headers=headers, secrets=(token,), body_decides=True)


def envelope(event: ChangeEvent, options: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata, indexed fields and the event itself."""
    return present(
        {
            "time": decimal_seconds(mapping.moment(event)),
            "host": mapping.host(event),
            "source": options.get("source") or "tfevent",
            "sourcetype": options.get("sourcetype") or "tfevent:change",
            "index": options.get("index"),
            "fields": _indexed(event),
            "event": _text(event),
        }
    )


def _indexed(event: ChangeEvent) -> dict[str, str]:
    found = {
        "tfevent_id": event.id,
        "tfevent_kind": event.kind.value,
        "tfevent_stage": mapping.stage(event),
        "tfevent_outcome": event.outcome.value if event.outcome else None,
        "tfevent_tool": event.tool.name if event.tool else None,
        "tfevent_environment": event.environment,
        "tfevent_service": event.service,
    }
    return present(found)


def _text(event: ChangeEvent) -> dict[str, Any]:
    """What a search finds fields in: the short ones first, the whole event last."""
    short = {
        **mapping.details(event),
        "title": event.title or event.kind.value,
        "tags": mapping.tags(event),
        "summary": mapping.paragraph(event),
        "message": mapping.own_message(event),
        "changed_hosts": mapping.changed_hosts(event)[: mapping.MOST_HOSTS],
        "changes": mapping.worst(event, _MOST_LINES),
    }
    return present(short) | {"details": msgspec.structs.replace(event, title="", message="")}


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: its code says more than its status, and a success has code 0."""
    verdict, content = judge_status(response), parsed(response)
    code = at(content, "code")
    if isinstance(code, int) and not isinstance(code, bool):
        return _judge_code(code, response, verdict)
    if verdict.result is Result.DELIVERED and response.body.strip(b'" \n') not in {b"", b"OK"}:  # as others say it
        return Verdict(Result.PARK, "not a response of an event collector; check `url`")
    return verdict


def _judge_code(code: int, response: Response, by_status: Verdict) -> Verdict:
    well = by_status.result is Result.DELIVERED
    if code in _TAKEN and well:
        return Verdict(Result.DELIVERED, _TAKEN[code])
    if code in _BUSY:
        return Verdict(Result.RETRY, f"it is busy (code {code})", retry_after(response))
    if code in _REFUSED:
        return Verdict(Result.PARK, f"{_REFUSED[code]} (code {code}), {AGAIN}")
    return Verdict(Result.PARK, f"it refused the event (code {code})") if well else by_status


DESTINATION = Destination(
    kind="splunk",
    title="Splunk HTTP Event Collector",
    documentation=(
        "https://help.splunk.com/splunk-enterprise/get-data-in/collect-http-event-data/format-events-for-http-event-collector",
        "https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/http-event-collector-rest-api-endpoints",
        "https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)
