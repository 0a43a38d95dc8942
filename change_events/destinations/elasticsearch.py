"""Elasticsearch and OpenSearch: one ``POST <cluster>/<index>/_bulk`` with one document.

* Requests and answers: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk and
  https://docs.opensearch.org/latest/api-reference/document-apis/bulk/. Two lines of JSON, each with its newline. The
  answer is 200 whatever became of the document: ``items`` decides.
* The document's ``_id`` is the event's, and ``create`` never replaces: sent again it is a conflict (409), and there
  already. Data streams take nothing but ``create``, and look for an id in their newest index only.
* ``http.max_content_length`` is 100 MB, on small hosted clusters 10 MB; ours is 1 MB, for a person is to read it.
* Logins: basic, or ``ApiKey`` with the base64 of ``id:key``: https://www.elastic.co/docs/api/doc/elasticsearch/authentication.
* Index templates: https://www.elastic.co/docs/manage-data/data-store/templates and
  https://docs.opensearch.org/latest/im-plugin/index-templates/.

The fields are those of the Elastic Common Schema (``ecs.py``).
"""

from __future__ import annotations

import base64
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
from change_events.destinations.shared import ecs, mapping
from change_events.destinations.shared.request import Login, address_of, basic_login, post, text_of
from change_events.destinations.shared.responses import at, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=1_000_000, field_bytes={"_index": 255}, fields={"keywords": ecs.KEYWORD})
INDEX = "logs-tfevent.change-default"
_NO_INDEX = lazy_pattern(r"^[-_+.]|[\\/*?\"<>| ,#:A-Z\x00-\x1f]")
_STORED = 409
_ASKED = "filter_path=errors,error,status,items.*.status,items.*.error.type,items.*.error.reason"

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_ELASTICSEARCH_URL",
        help="Address of the cluster, for example https://search.example:9200.",
    ),
    Option(
        name="index",
        type="string",
        default=INDEX,
        environment="TFEVENT_ELASTICSEARCH_INDEX",
        help="Data stream or index that gets the events.",
    ),
    Option(
        name="api_key",
        type="string",
        secret=True,
        environment="TFEVENT_ELASTICSEARCH_API_KEY",
        help="API key of Elasticsearch, encoded as it was given out, or as id:key.",
    ),
    Option(
        name="username",
        type="string",
        environment="TFEVENT_ELASTICSEARCH_USERNAME",
        help="User, where there is no API key.",
    ),
    Option(
        name="password",
        type="string",
        secret=True,
        environment="TFEVENT_ELASTICSEARCH_PASSWORD",
        help="Password of the user.",
    ),
    Option(
        name="template",
        type="choice",
        choices=("data_stream", "index"),
        default="data_stream",
        help="What the index template that `doctor --setup` installs is for.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the cluster. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    index = _index(options)
    action = msgspec.json.encode({"create": {"_id": mapping.delivery_id(sealed.event)}})

    def encode(event: ChangeEvent) -> bytes:
        return b"%s\n%s\n" % (action, msgspec.json.encode(ecs.document(event)))

    body = fitted(sealed.event, limit or LIMITS.body_bytes, encode)
    return _request(options, f"{quote(index, safe='')}/_bulk?{_ASKED}", body, content_type="application/x-ndjson")


def setup(options: Mapping[str, Any]) -> tuple[Request, ...]:
    """The request that installs an index template named as the index. Raises OptionError."""
    index = _index(options)
    template = ecs.template(index, data_stream=options.get("template") != "index")
    path = f"_index_template/{quote(index, safe='')}"
    return (_request(options, path, msgspec.json.encode(template), method="PUT"),)


def _index(options: Mapping[str, Any]) -> str:
    index = str(options.get("index") or INDEX)
    if _NO_INDEX.search(index) or len(index.encode()) > LIMITS.field_bytes["_index"]:
        raise OptionError("index: expected lower-case letters, digits, and . _ - within the name")
    return index


def _request(options: Mapping[str, Any], path: str, body: bytes, **more: Any) -> Request:
    base, login = address_of(options, "url"), _login(options)
    headers, secrets = ({"Authorization": login.header}, login.secrets) if login else ({}, ())
    return post(f"{base}/{path}", body, headers=headers, secrets=secrets, body_decides=True, **more)


def _login(options: Mapping[str, Any]) -> Login | None:
    key, user = str(options.get("api_key") or ""), str(options.get("username") or "")
    if key and user:
        raise OptionError("api_key: expected either this or `username` and `password`")
    if user:
        return basic_login(user, text_of(options, "password"))
    if not key:
        return None
    encoded = base64.b64encode(key.encode()).decode() if ":" in key else key
    return Login(f"ApiKey {encoded}", (key, key.rpartition(":")[2], encoded))


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: the document's own status, not the request's."""
    verdict = judge_status(response)
    if verdict.result is not Result.DELIVERED:
        return verdict
    content = parsed(response)
    if at(content, "acknowledged") is True:  # an index template
        return verdict
    item = at(content, "items", 0)
    status = next((at(result, "status") for result in item.values()), None) if isinstance(item, dict) else None
    if not isinstance(status, int):
        return Verdict(Result.PARK, "the response has no result for the event; check `url`")
    return _judge_item(status, response)


def _judge_item(status: int, response: Response) -> Verdict:
    if status == _STORED:  # an earlier attempt arrived
        return Verdict(Result.DELIVERED)
    verdict = judge_status(Response(status, response.headers))
    if verdict.result in {Result.DELIVERED, Result.RETRY}:
        return verdict
    return Verdict(
        Result.PARK, f"it refused the document ({status}); a template may be missing: see `events doctor --setup`"
    )


DESTINATION = Destination(
    kind="elasticsearch",
    title="Elasticsearch and OpenSearch",
    documentation=(
        "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
        "https://docs.opensearch.org/latest/api-reference/document-apis/bulk/",
        "https://www.elastic.co/docs/reference/ecs",
        "https://www.elastic.co/docs/manage-data/data-store/templates",
        "https://docs.opensearch.org/latest/im-plugin/index-templates/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    setup=setup,
)
