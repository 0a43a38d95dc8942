"""Grafana: an annotation, a region from start to end; what is under way is a point that becomes a region.

``POST /api/annotations`` and ``PATCH /api/annotations/:id``, times in milliseconds:
https://grafana.com/docs/grafana/latest/developers/http_api/annotations/. Without a dashboard it belongs to the
organisation and is found by its tags. All tags together, as a JSON array, take at most ``[annotations] tags_length``
bytes (500 by default, 4096 at most: https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/). Each is
stored as key and value, what stands before and behind its colon, in columns of 100 characters (table ``tag``:
https://github.com/grafana/grafana/tree/main/pkg/services/sqlstore/migrations); a longer one is a 500. The text may hold
HTML, so what comes from the event is escaped; its length is bounded by us, for it has to fit a tooltip. The tooltip is
HTML with ``white-space: normal``: only ``<br>`` begins a line (``AnnotationTooltipBody.tsx`` of
https://github.com/grafana/grafana/tree/main/public/app/plugins/panel).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, listed, tags_within, units
from change_events.destinations.shared.request import address_of, post, present, text_of, uri
from change_events.destinations.shared.responses import AGAIN, judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import milliseconds
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=64_000, fields={"tag key": 100, "tag value": 100}, tags_bytes=500)
_MOST_TAGS_BYTES = 4096
_TITLE, _LINE, _LINES, _URL = 300, 400, 1500, 1000  # characters of the text's parts, as they are escaped
_MOST_LINES = 8
_BREAK = "<br>"
_DENIED = 403
_DENIED_NEW = f"the token may not create annotations (403): it needs `annotations:create`, {AGAIN}"
_DENIED_UPDATE = "the token may not change annotations (403): it needs `annotations:write`"

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_GRAFANA_URL",
        help="Address of Grafana, with the sub-path it is served under, if any.",
    ),
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_GRAFANA_TOKEN",
        help="Token of a service account with the permission `annotations:create`; for `include_started` also "
        "`annotations:write`.",
    ),
    Option(name="dashboard_uid", type="string", help="Dashboard to annotate; without one, the whole organisation."),
    Option(name="panel_id", type="integer", help="Panel of that dashboard to annotate."),
    Option(
        name="tags_bytes",
        type="integer",
        default=LIMITS.tags_bytes,
        help="What `[annotations] tags_length` is set to in Grafana.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of Grafana. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    where = present({"dashboardUID": options.get("dashboard_uid"), "panelId": options.get("panel_id")})
    body = fitted(sealed.event, limit or LIMITS.body_bytes, _encoder(options, where))
    return _request(options, "POST", "/api/annotations", body)


def update(sealed: SealedEvent, options: Mapping[str, Any], handle: str) -> Request:
    """Return the request that makes a region of the annotation ``handle``. Raises OptionError."""
    body = fitted(sealed.event, LIMITS.body_bytes, _encoder(options, {}))
    return _request(options, "PATCH", f"/api/annotations/{quote(handle, safe='')}", body)


def handle(response: Response) -> str | None:
    """Return the ID of the created annotation."""
    content = parsed(response)
    made = content.get("id") if isinstance(content, dict) else None
    return str(made) if isinstance(made, int) and not isinstance(made, bool) else None


def _encoder(options: Mapping[str, Any], where: dict[str, Any]) -> Callable[[ChangeEvent], bytes]:
    most = _tags_bytes(options)
    return lambda event: msgspec.json.encode(document(event, most) | where)


def _request(options: Mapping[str, Any], method: str, path: str, body: bytes) -> Request:
    base, token = address_of(options, "url"), text_of(options, "token")
    headers = {"Authorization": f"Bearer {token}"}
    made = method == "POST"  # the answer names what was made
    return post(base + path, body, method=method, headers=headers, secrets=(token,), body_decides=made)


def _tags_bytes(options: Mapping[str, Any]) -> int:
    most = int(options.get("tags_bytes") or LIMITS.tags_bytes or 0)
    if most > _MOST_TAGS_BYTES:
        raise OptionError(f"tags_bytes: Grafana takes at most {_MOST_TAGS_BYTES}")
    return most


def document(event: ChangeEvent, tags_bytes: int) -> dict[str, Any]:
    """Text, times and tags of the annotation; an end only where it differs from the start."""
    start = milliseconds(event.started_at)
    end = milliseconds(event.ended_at) if event.ended_at else start
    short = ["tfevent", *map(_stored, mapping.tags(event))]
    tags = tags_within(short, msgspec.structs.replace(LIMITS, tags_bytes=tags_bytes))
    times = {"time": start, "timeEnd": end} if end > start else {"time": start}
    return {**times, "tags": tags.kept, "text": _text(event, tags.left_out)}


def _stored(tag: str) -> str:
    """``tag`` with a key and a value that fit Grafana's columns."""
    key, colon, value = tag.partition(":")
    return clip(key, LIMITS.fields["tag key"]) + colon + clip(value, LIMITS.fields["tag value"])


def _text(event: ChangeEvent, tags_left_out: int) -> str:
    """Title, how it ended and by whom, the worst lines, links: HTML as tooltips show it."""
    parts = [
        f"<b>{_escaped(one_line(event.title, _TITLE), _TITLE)}</b>",
        _escaped(mapping.paragraph(event), _LINE),
        _as_lines(listed(_own_lines(event), _LINE, _escaped_units)),
        _as_lines(listed(mapping.worst(event, _MOST_LINES), _LINES, _escaped_units)),
        *_links(event),
        f"({tags_left_out} tags left out)" if tags_left_out else "",
    ]
    return _BREAK.join(part for part in parts if part)


def _own_lines(event: ChangeEvent) -> list[str]:
    return [one_line(line) for line in mapping.own_message(event).splitlines() if line.strip()] or [""]


def _as_lines(text: str) -> str:
    return escape(text, quote=False).replace("\n", _BREAK)


def _links(event: ChangeEvent) -> list[str]:
    short = [(uri(link.url), link.title) for link in mapping.links(event)[:3] if len(uri(link.url)) <= _URL]
    return [f'<a href="{escape(url)}">{_escaped(title, 80)}</a>' for url, title in short]


def _escaped(text: str, limit: int) -> str:
    return escape(clip(text, limit, _escaped_units), quote=False)


def _escaped_units(text: str) -> int:
    return units(escape(text, quote=False))


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; a success names the annotation, unless it is one of an update."""
    if response.status == _DENIED:
        made = response.body_decides
        return Verdict(Result.PARK, _DENIED_NEW if made else _DENIED_UPDATE, mendable=not made)
    verdict = judge_no_page(response)
    if verdict.result is Result.DELIVERED and response.body_decides and handle(response) is None:
        return Verdict(Result.PARK, "its answer names no annotation; check `url`")
    return verdict


DESTINATION = Destination(
    kind="grafana",
    title="Grafana annotations",
    documentation=(
        "https://grafana.com/docs/grafana/latest/developers/http_api/annotations/",
        "https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    handle=handle,
    update=update,
)
