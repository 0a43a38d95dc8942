"""Honeycomb markers: ``POST https://api.honeycomb.io/1/markers/<dataset>``, a range from start to end.

* Fields, the environment-wide dataset ``__all__``, 201 with the marker's ``id``, and ``PUT`` to change one, which
  erases what it does not name: https://docs.honeycomb.io/api/markers/. Times are whole seconds.
* 100,000 bytes a request, 404 where the dataset does not exist, 422: https://docs.honeycomb.io/api/errors.
* 429 says in ``Retry-After``, as a date, when to go on: https://docs.honeycomb.io/api/rate-limit. How many requests it
  takes depends on the team, so no rate is kept here.

The length of a message is not documented; ours is bounded because it stands above a line of a graph. A marker that is
sent twice is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, post, present, site_of, text_of, uri
from change_events.destinations.shared.responses import at, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import seconds
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=100_000, fields={"message": 300, "type": 100, "url": 2000})
REGIONS = {"us": "https://api.honeycomb.io", "eu": "https://api.eu1.honeycomb.io"}
ENVIRONMENT = "__all__"
_NOT_FOUND = 404

OPTIONS = (
    Option(
        name="api_key",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_HONEYCOMB_API_KEY",
        help="Configuration key of the environment, with the permission Manage Markers (not an ingest key).",
    ),
    Option(
        name="dataset",
        type="string",
        default=ENVIRONMENT,
        environment="TFEVENT_HONEYCOMB_DATASET",
        help="Slug of the dataset to mark, which must exist; by default the whole environment.",
    ),
    Option(
        name="region",
        type="choice",
        choices=tuple(REGIONS),
        default="us",
        environment="TFEVENT_HONEYCOMB_REGION",
        help="Region of the team.",
    ),
    Option(name="type", type="string", help="Type of the markers, which decides their colour; by default the kind."),
    Option(
        name="url",
        type="url",
        help="Base address of a proxy to use instead of Honeycomb's; takes precedence over `region`.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the API. Raises OptionError."""
    return origin_of(_base(options))


def _base(options: Mapping[str, Any]) -> str:
    return address_of(options, "url", site_of(options, "region", REGIONS))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    return _request(sealed, options, "POST", "", limit or LIMITS.body_bytes)


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> Request:
    """Return the request that gives the marker ``handle`` its end and its result. Raises OptionError."""
    return _request(sealed, options, "PUT", "/" + quote(handle, safe=""), LIMITS.body_bytes)


def _request(sealed: SealedEvent, options: Mapping[str, Any], method: str, path: str, limit: int) -> Request:
    key = text_of(options, "api_key")
    dataset = quote(str(options.get("dataset") or ENVIRONMENT), safe="")
    kind = str(options.get("type") or sealed.event.kind.value)
    body = fitted(sealed.event, limit, lambda event: msgspec.json.encode(marker(event, kind)))
    url = f"{_base(options)}/1/markers/{dataset}{path}"
    return post(url, body, method=method, headers={"X-Honeycomb-Team": key}, secrets=(key,), body_decides=True)


def handle(response: Response) -> str | None:
    """Return the ID of the created marker."""
    made = at(parsed(response), "id")
    return made if isinstance(made, str) and made else None


def marker(event: ChangeEvent, kind: str) -> dict[str, str | int]:
    """The marker of one event; a range only where it took at least a second."""
    start = seconds(event.started_at)
    end = seconds(event.ended_at) if event.ended_at else start
    url = uri(mapping.run_url(event) or "")
    return present(
        {
            "start_time": start,
            "end_time": end if end > start else None,
            "message": _message(event),
            "type": clip(kind, LIMITS.fields["type"]),
            "url": url if len(url) <= LIMITS.fields["url"] else "",
        }
    )


def _message(event: ChangeEvent) -> str:
    """Title, person and the sender's own words, on one line above the graph; of a long title, only that."""
    most = LIMITS.fields["message"]
    parts = [one_line(event.title or event.kind.value, most), mapping.who(event)]
    line = ", ".join(part for part in parts if part)
    own = one_line(mapping.own_message(event), most)
    return clip(f"{line}: {own}" if own else line, most)


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; a success names the marker."""
    if response.status == _NOT_FOUND:
        return Verdict(Result.PARK, "it knows no such dataset or marker (404); create the dataset or correct `dataset`")
    verdict = judge_status(response)
    if verdict.result is Result.DELIVERED and handle(response) is None:
        return Verdict(Result.PARK, "its answer names no marker; check `url` and `region`")
    return verdict


DESTINATION = Destination(
    kind="honeycomb",
    title="Honeycomb markers",
    documentation=(
        "https://docs.honeycomb.io/api/markers/",
        "https://docs.honeycomb.io/api/errors",
        "https://docs.honeycomb.io/api/rate-limit",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    handle=handle,
    update=update,
)
