"""Azure Monitor: a release annotation of an Application Insights resource.

``PUT {resource}/Annotations?api-version=2015-05-01`` of Azure Resource Manager. Only the category ``Deployment`` is
shown; ``Properties`` is a JSON object as text: https://learn.microsoft.com/azure/azure-monitor/app/release-and-work-item-insights.
Its ``Id`` is the event's, so what a started event made is the same annotation.

The token comes from the instance metadata service of the machine
(https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token, without any proxy),
or from Microsoft Entra ID for an application's secret
(https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). Neither lengths nor rates are
documented for annotations: those here are ours, and 429 names its own wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

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
    user_agent,
)
from change_events.destinations.shared import chat, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.oauth import TOKEN, client_credentials, judge_token
from change_events.destinations.shared.request import address_of, post, present, text_of
from change_events.destinations.shared.responses import AGAIN, is_page, judge_no_page, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.model import Outcome, Severity
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=16_000, fields={"AnnotationName": 200, "property": 500})
_VERSION, _IMDS_VERSION = "2015-05-01", "2018-02-01"
_IDENTITY = "token of the managed identity"
_IMDS = "http://169.254.169.254"
_MOST_LINES = 8
_MESSAGE = 1000  # characters
_GOOD = {Outcome.SUCCEEDED, Outcome.NO_CHANGE}
_RESOURCE = lazy_pattern(
    r"(?i)/subscriptions/[^/?#]+/resourceGroups/[^/?#]+/providers/microsoft\.insights/components/[^/?#]+"
)
_NO_IDENTITY, _UPDATING = 400, {404, 410}
_DENIED, _MISSING = 403, 404


class _Cloud(NamedTuple):
    management: str
    login: str


CLOUDS = {
    "public": _Cloud("https://management.azure.com", "https://login.microsoftonline.com"),
    "usgovernment": _Cloud("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "china": _Cloud("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}

OPTIONS = (
    Option(
        name="resource",
        type="string",
        required=True,
        environment="TFEVENT_AZUREMONITOR_RESOURCE",
        help="Resource ID of the Application Insights resource "
        "(/subscriptions/…/resourceGroups/…/providers/microsoft.insights/components/NAME).",
    ),
    Option(
        name="tenant_id",
        type="string",
        environment="TFEVENT_AZUREMONITOR_TENANT_ID",
        help="Microsoft Entra tenant of the application, with `client_id` and `client_secret`; without them, the "
        "managed identity of the machine is used.",
    ),
    Option(
        name="client_id",
        type="string",
        environment="TFEVENT_AZUREMONITOR_CLIENT_ID",
        help="Client ID of the application; without `client_secret`, of the user-assigned managed identity to use.",
    ),
    Option(
        name="client_secret",
        type="string",
        secret=True,
        environment="TFEVENT_AZUREMONITOR_CLIENT_SECRET",
        help="Client secret of the application.",
    ),
    Option(
        name="cloud",
        type="choice",
        choices=tuple(CLOUDS),
        default="public",
        help="Azure cloud that the resource is in.",
    ),
    Option(
        name="management_url",
        type="url",
        help="Base address of a proxy to use instead of Azure Resource Manager's; takes precedence over `cloud`.",
    ),
    Option(
        name="login_url",
        type="url",
        help="Base address to get tokens from instead of Microsoft Entra ID's; takes precedence over `cloud`.",
    ),
    Option(
        name="imds_url",
        type="url",
        default=_IMDS,
        help="Base address of the instance metadata service, which gives the tokens of managed identities.",
    ),
    CA_FILE,
)


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the resource is one of Application Insights, and the application's credentials are whole."""
    if not _RESOURCE.fullmatch(str(options.get("resource") or "").rstrip("/")):
        return ("resource: expected the ID of a resource of type microsoft.insights/components",)
    secret, tenant, client = (bool(options.get(name)) for name in ("client_secret", "tenant_id", "client_id"))
    if secret and not client:
        return ("client_id: missing; `client_secret` needs it",)
    if secret and not tenant:
        return ("tenant_id: missing; `client_secret` needs it",)
    return ("client_secret: missing; `tenant_id` needs it",) if tenant and not secret else ()


def _cloud(options: Mapping[str, Any]) -> _Cloud:
    name = str(options.get("cloud") or "public")
    if name not in CLOUDS:
        raise OptionError(f"cloud: expected one of {', '.join(CLOUDS)}")
    return CLOUDS[name]


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of Azure Resource Manager. Raises OptionError."""
    return origin_of(address_of(options, "management_url", _cloud(options).management))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    resource = quote(text_of(options, "resource").strip("/"), safe="/-._~")
    for problem in check(options):
        raise OptionError(problem)
    base = address_of(options, "management_url", _cloud(options).management)
    body = fitted(sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(annotation(event)))
    url = f"{base}/{resource}/Annotations?api-version={_VERSION}"
    return post(url, body, secrets=(), method="PUT", body_decides=True, token=_token(options))


def _token(options: Mapping[str, Any]) -> Request:
    cloud = _cloud(options)
    client = str(options.get("client_id") or "")
    if options.get("client_secret"):
        login = address_of(options, "login_url", cloud.login)
        tenant = quote(text_of(options, "tenant_id"), safe="")
        scope = {"scope": f"{cloud.management}/.default"}
        return client_credentials(
            f"{login}/{tenant}/oauth2/v2.0/token", client, text_of(options, "client_secret"), scope
        )
    query = present({"api-version": _IMDS_VERSION, "resource": f"{cloud.management}/", "client_id": client})
    url = f"{address_of(options, 'imds_url', _IMDS)}/metadata/identity/oauth2/token?{urlencode(query)}"
    headers = {"Metadata": "true", "User-Agent": user_agent()}
    return Request("GET", url, headers, b"", body_decides=True, purpose=_IDENTITY, direct=True)


def annotation(event: ChangeEvent) -> dict[str, Any]:
    """The body for one event."""
    return {
        "Id": event.id,
        "AnnotationName": clip(chat.title(event, 2 * LIMITS.fields["AnnotationName"]), LIMITS.fields["AnnotationName"]),
        "EventTime": mapping.moment(event).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "Category": "Deployment",
        "Properties": msgspec.json.encode(_properties(event)).decode(),
    }


def _properties(event: ChangeEvent) -> dict[str, str]:
    """Names and texts, as they are listed when an annotation is opened; ``Label`` decides its colour.

    A tag with the name of one of ours is listed as ``tag.NAME``: it does not decide how the run ended.
    """
    own = {
        "Label": "Error" if event.severity is Severity.ERROR else "Success" if event.outcome in _GOOD else "",
        "Summary": mapping.paragraph(event),
        "Message": mapping.text_within(chat.printable(mapping.chat_message(event)), _MESSAGE),
        "Changes": "\n".join(mapping.worst(event, _MOST_LINES)),
        **{name: str(value) for name, value in mapping.details(event).items()},
    }
    texts = own | {f"tag.{name}" if name in own else name: text for name, text in event.tags.items()}
    longer = {"Summary", "Message", "Changes"}
    return present(
        {name: clip(text, _MESSAGE if name in longer else LIMITS.fields["property"]) for name, text in texts.items()}
    )


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: to a request for a token, or to an annotation, which a success names."""
    if response.purpose == TOKEN:
        return judge_token(response)
    if response.purpose == _IDENTITY:
        return _judge_identity(response)
    if response.status == _DENIED:
        needed = "microsoft.insights/components/Annotations/write (role Application Insights Component Contributor)"
        return Verdict(Result.PARK, f"the identity lacks {needed} (403); {AGAIN}")
    if response.status == _MISSING:
        return Verdict(Result.PARK, f"there is no such resource (404), or it may not be seen; correct it, {AGAIN}")
    verdict = judge_no_page(response)
    if verdict.result is Result.DELIVERED and not _names_annotation(parsed(response)):
        return Verdict(Result.PARK, f"its answer names no annotation; check `management_url`, {AGAIN}")
    return verdict


def _names_annotation(content: Any) -> bool:
    """Whether an answer is an annotation, or a list of them."""
    found = content[0] if isinstance(content, list) and content else content
    return isinstance(found, dict) and "AnnotationName" in found


def _judge_identity(response: Response) -> Verdict:
    """What the metadata service's answer means: 404 and 410 are documented as passing."""
    if response.status in _UPDATING:
        return Verdict(Result.RETRY, f"the instance metadata service is being updated ({response.status})")
    if response.status == _NO_IDENTITY:
        return Verdict(Result.PARK, f"the machine has no such managed identity (400); assign one, {AGAIN}")
    if is_page(response):
        return Verdict(Result.PARK, f"a page of HTML answers there ({response.status}); check `imds_url`")
    return judge_status(response)


DESTINATION = Destination(
    kind="azuremonitor",
    title="Azure Monitor release annotations",
    documentation=(
        "https://learn.microsoft.com/azure/azure-monitor/app/release-and-work-item-insights",
        "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token",
        "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow",
        "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
)
