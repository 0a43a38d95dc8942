"""AWS EventBridge: one entry of ``PutEvents`` for each event, its ``Detail`` the event's own JSON.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html. boto3 (``tfevent[aws]``) finds region,
address and credentials, as it does for everything else of AWS, and botocore signs the request (Signature Version 4),
which our own transport then sends. A signature holds for some minutes, so it is made when the event is sent; the outbox
holds events, never requests.

An entry may take 1 MB by boto3's documentation and 256 KB by older pages, which is also what several targets take: we
stay below the smaller. An answer of 200 is no success yet: ``FailedEntryCount`` decides.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

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
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import post, present, text_of
from change_events.destinations.shared.responses import AGAIN, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import seconds
from change_events.model import Kind
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=250_000, fields={"DetailType": 128}, entries={"Entries": 10})
DETAIL_TYPES = {kind: f"{kind.value.capitalize()} Event" for kind in Kind} | {
    Kind.INFRASTRUCTURE: "Infrastructure Change",
}
_TYPE = "application/x-amz-json-1.1"
_MOST_RESOURCES = 100
_BUS = lazy_pattern(r"arn:[\w-]+:events:(?P<region>[\w-]+):\d{12}:event-bus/[\w.\-/]+")

_PASSING = {
    "InternalException",
    "InternalFailure",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "ExpiredToken",
    "ExpiredTokenException",
}
_CREDENTIALS = f"AWS does not accept the credentials; correct them, {AGAIN}"
_DENIED = f"AWS denies access; allow `events:PutEvents` on the bus, {AGAIN}"
_REFUSED = {
    **dict.fromkeys(("UnrecognizedClientException", "InvalidClientTokenId", "IncompleteSignature"), _CREDENTIALS),
    **dict.fromkeys(("MissingAuthenticationToken", "MissingAuthenticationTokenException"), _CREDENTIALS),
    **dict.fromkeys(
        ("InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"),
        f"AWS does not accept the signature; check secret key and clock of this host, {AGAIN}",
    ),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "NotAuthorized"), _DENIED),
    **dict.fromkeys(("NotAuthorizedForSourceException", "NotAuthorizedForDetailTypeException"), _DENIED),
    "ResourceNotFoundException": f"there is no such event bus; correct `bus` or `region`, {AGAIN}",
}

OPTIONS = (
    Option(
        name="bus",
        type="string",
        required=True,
        environment="TFEVENT_EVENTBRIDGE_BUS",
        help="Event bus, by name or ARN; `default` is each account's own.",
    ),
    Option(
        name="region",
        type="string",
        environment="TFEVENT_EVENTBRIDGE_REGION",
        help="Region of the bus; by default that of its ARN, else what boto3 finds (AWS_DEFAULT_REGION, the profile).",
    ),
    Option(
        name="profile",
        type="string",
        environment="TFEVENT_EVENTBRIDGE_PROFILE",
        help="Profile of the AWS configuration; by default AWS_PROFILE. Credentials come from boto3's chain.",
    ),
    Option(
        name="source",
        type="string",
        default="tfevent",
        help="The `source` of the events, which rules select by; not beginning with `aws.`.",
    ),
    Option(name="endpoint", type="url", help="Another address of EventBridge: a VPC endpoint, or a local stand-in."),
    CA_FILE,
)


class Signer(NamedTuple):
    """What it takes to sign a request: where it goes to, and boto3's credentials, which renew themselves."""

    endpoint: str
    region: str
    credentials: Any


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of EventBridge. Raises OptionError."""
    return origin_of(_signer(options).endpoint)


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether AWS would take the source."""
    reserved = str(options.get("source") or "").startswith("aws.")
    return ("source: expected one that does not begin with `aws.`, which AWS keeps for itself",) if reserved else ()


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The signed request for one event, its body within ``limit`` bytes (by default :data:`LIMITS`).

    Raises:
        OptionError: an option is missing or wrong, boto3 is not installed, or it finds no region or credentials.
    """
    for problem in check(options):
        raise OptionError(problem)
    bus, source = text_of(options, "bus"), str(options.get("source") or "tfevent")
    signer = _signer(options)
    body = fitted(
        sealed.event,
        limit or LIMITS.body_bytes,
        lambda event: msgspec.json.encode({"Entries": [entry(event, bus, source)]}),
    )
    return signed(signer, body)


def entry(event: ChangeEvent, bus: str, source: str) -> dict[str, Any]:
    """One entry. Its detail is the whole event: rules match on ``detail.outcome``, ``detail.environment`` and so on."""
    found = {
        "EventBusName": bus,
        "Source": source,
        "DetailType": clip(DETAIL_TYPES[event.kind], LIMITS.fields["DetailType"]),
        "Detail": msgspec.json.encode(event).decode(),
        "Time": seconds(mapping.moment(event)),
        "Resources": _resources(event),
    }
    return present(found)


def _resources(event: ChangeEvent) -> list[str]:
    """ARNs of what was changed."""
    arns = (change.id for change in event.changes if change.id and change.id.startswith("arn:"))
    return list(dict.fromkeys(arns))[:_MOST_RESOURCES]


def _signer(options: Mapping[str, Any]) -> Signer:
    bus = _BUS.fullmatch(str(options.get("bus") or ""))
    region = str(options.get("region") or "") or (bus["region"] if bus else "")
    return signer_of(region, str(options.get("profile") or ""), str(options.get("endpoint") or ""))


@lru_cache(maxsize=8)
def signer_of(region: str, profile: str, endpoint: str) -> Signer:
    """Region, address and credentials as boto3 finds them; empty texts leave them to it. Raises OptionError."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, NoRegionError, ProfileNotFound
    except ImportError:
        raise OptionError("kind: eventbridge needs boto3: pip install 'tfevent[aws]'") from None
    try:
        with _unlogged():
            session = boto3.Session(profile_name=profile or None, region_name=region or None)
            client = session.client("events", endpoint_url=endpoint or None)
            credentials = session.get_credentials()
    except NoRegionError:
        raise OptionError("region: missing; boto3 finds none in AWS_DEFAULT_REGION or the AWS configuration") from None
    except ProfileNotFound:
        raise OptionError("profile: there is no such profile in the AWS configuration") from None
    except (BotoCoreError, ValueError) as error:  # texts may quote the output of a command that gives credentials
        raise OptionError(f"profile: boto3 cannot use the AWS configuration ({type(error).__name__})") from None
    if credentials is None:
        raise OptionError("profile: boto3 finds no AWS credentials (variables, profile, SSO, role of the machine)")
    return Signer(client.meta.endpoint_url, client.meta.region_name, credentials)


def signed(signer: Signer, body: bytes) -> Request:
    """The request that posts ``body``, signed with the credentials of this moment. Raises OptionError."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError

    url = signer.endpoint.rstrip("/") + "/"
    headers = {"Content-Type": _TYPE, "X-Amz-Target": "AWSEvents.PutEvents"}
    request = AWSRequest(method="POST", url=url, headers=headers, data=body)
    try:
        with _unlogged():
            credentials = signer.credentials.get_frozen_credentials()
            SigV4Auth(credentials, "events", signer.region).add_auth(request)
    except BotoCoreError as error:
        raise OptionError(f"profile: boto3 cannot get credentials ({type(error).__name__})") from None
    made = {str(name): str(value) for name, value in request.headers.items()}
    secrets = (made["Authorization"].rpartition("Signature=")[2], credentials.access_key, credentials.token or "")
    shown = tuple(filter(None, secrets))
    return post(url, body, headers=made, content_type=_TYPE, secrets=shown, body_decides=True)


# At level DEBUG botocore logs what it signs, session token included, and the answers that credentials come in. A
# logger's filter does not reach its children, hence each by name.
_LOGGERS = ("auth", "credentials", "endpoint", "hooks", "parsers", "tokens", "utils")
_signing = threading.local()


@contextmanager
def _unlogged() -> Iterator[None]:
    """Nothing that botocore does inside, on this thread, is logged."""
    for name in _LOGGERS:
        logging.getLogger(f"botocore.{name}").addFilter(_not_signing)  # a filter is added once only
    _signing.now = True
    try:
        yield
    finally:
        _signing.now = False


def _not_signing(_: logging.LogRecord) -> bool:
    return not getattr(_signing, "now", False)


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: 200 by the outcome of the entry, all others by the code in their body."""
    content = parsed(response)
    if response.status == 200:  # noqa: PLR2004  # HTTP's own status
        return _judge_entry(content)
    code = _code(response, content)
    if "entries in the request is over the limit" in _text(content, "message"):
        return Verdict(Result.SHRINK, "the event is too large for EventBridge")
    if response.status == 400 and not (code or response.complete):  # noqa: PLR2004  # HTTP's own status
        return Verdict(Result.RETRY, "it answered 400, and the reason broke off")
    return _judge_code(code) or judge_status(response)


def _judge_entry(content: Any) -> Verdict:
    failed = content.get("FailedEntryCount") if isinstance(content, dict) else None
    if failed == 0:
        return Verdict(Result.DELIVERED)
    if failed is None:  # a proxy's page, or an answer that broke off: twice is better than never
        return Verdict(Result.RETRY, "it answered 200, but not as EventBridge does")
    entries = content.get("Entries")
    first = entries[0] if isinstance(entries, list) and entries else None
    return _judge_code(_text(first, "ErrorCode")) or Verdict(Result.PARK, "EventBridge refused the event")


def _judge_code(code: str) -> Verdict | None:
    if code in _PASSING:
        return Verdict(Result.RETRY, f"EventBridge has a transient error ({code})")
    return Verdict(Result.PARK, _REFUSED[code]) if code in _REFUSED else None


def _code(response: Response, content: Any) -> str:
    """The name of an error: after ``com.amazon.coral.service#``, or in a header with an address after it."""
    named = _text(content, "__type") or response.headers.get("x-amzn-errortype", "")
    return named.rpartition("#")[2].partition(":")[0]


def _text(content: Any, name: str) -> str:
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""


DESTINATION = Destination(
    kind="eventbridge",
    title="AWS EventBridge",
    documentation=(
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
)
