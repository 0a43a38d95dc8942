"""Looks up in CloudTrail who changed a resource. Needs boto3 (``tfevent[aws]``), and reports if it is missing.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: the last 90 days of management
events of one region, two requests a second. The identity is read from ``CloudTrailEvent``; failed calls are
ignored, since they changed nothing.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.drift.cloud_verbs import VERBS, may_explain
from change_events.model import DriftOrigin

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LOOKUPS = 20
SECONDS = 5.0
_KEPT_DAYS = 90
_PAGE = 50
_ARN_REGION, _ARN_PARTS = 3, 6
_GLOBAL = ("aws_iam_", "aws_route53_", "aws_cloudfront_")
_GLOBAL_REGION = "us-east-1"


class Subject(NamedTuple):
    """A drifted resource to look up.

    Attributes:
        key: identifies the subject in the answer.
        type: type of the resource.
        names: possible names in CloudTrail.
        since: when it was last known not to have drifted; None if unknown.
    """

    key: str
    type: str
    names: Sequence[str]
    since: datetime | None


class Answer(NamedTuple):
    """The origins by the subject's key, not redacted: the caller redacts what it records.

    Attributes:
        origins: origins of each subject, newest first.
        trouble: why the lookup is incomplete; empty if it is complete.
    """

    origins: dict[str, tuple[DriftOrigin, ...]]
    trouble: str = ""


class _Identity(msgspec.Struct):
    arn: str | None = None


class _Detail(msgspec.Struct):
    errorCode: str | None = None  # noqa: N815 - AWS's own name
    userIdentity: _Identity | None = None  # noqa: N815 - likewise


def look_up(subjects: Sequence[Subject]) -> Answer:
    """Look up each subject of a known type, within :data:`MOST_LOOKUPS` requests and :data:`SECONDS`."""
    wanted = [one for one in subjects if one.type in VERBS and one.names]
    if not wanted:
        return Answer({})
    search = _Search(wanted)
    thread = threading.Thread(
        target=search.run, name="tfevent-cloudtrail", daemon=True
    )  # does not delay the end of the process
    thread.start()
    thread.join(SECONDS)
    late = f"CloudTrail has not answered everything within {SECONDS:g} s" if thread.is_alive() else ""
    return Answer(dict(search.found), late or search.trouble)


class _Search:
    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._subjects = subjects
        self._clients: dict[str, Any] = {}
        self._left = MOST_LOOKUPS
        self._deadline = time.monotonic() + SECONDS
        self.found: dict[str, tuple[DriftOrigin, ...]] = {}
        self.trouble = ""

    def run(self) -> None:
        try:
            import boto3
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            self.trouble = "CloudTrail is not asked: install tfevent[aws]"
            return
        try:
            for subject in self._subjects:
                self._one(subject, boto3)
        except ClientError as error:
            self.trouble = f"CloudTrail refuses: {error.response.get('Error', {}).get('Code', 'unknown error')}"
        except (BotoCoreError, ValueError, KeyError) as error:  # no region, no credentials, a malformed address
            self.trouble = f"CloudTrail cannot be asked: {type(error).__name__}"

    def _one(self, subject: Subject, boto3: Any) -> None:
        for name in subject.names:
            if not self._left or time.monotonic() > self._deadline:
                self.trouble = f"CloudTrail was asked only {MOST_LOOKUPS - self._left} times: the limit of a check"
                return
            if name.startswith("arn:"):
                continue  # most resources are found by id or name
            self._left -= 1
            events = self._client(subject, boto3).lookup_events(
                LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}],
                StartTime=max(
                    subject.since or datetime.min.replace(tzinfo=UTC), datetime.now(UTC) - timedelta(_KEPT_DAYS)
                ),
                MaxResults=_PAGE,
            )["Events"]
            if origins := tuple(origin for event in events if (origin := _origin(event, subject.type))):
                self.found[subject.key] = origins
                return

    def _client(self, subject: Subject, boto3: Any) -> Any:
        region = _region(subject)
        if region not in self._clients:
            from botocore.config import Config

            config = Config(
                connect_timeout=2, read_timeout=SECONDS, retries={"total_max_attempts": 2, "mode": "standard"}
            )
            self._clients[region] = boto3.client("cloudtrail", region_name=region or None, config=config)
        return self._clients[region]


def _region(subject: Subject) -> str:
    """Return the region in the resource's ARN; empty to use boto3's default."""
    if subject.type.startswith(_GLOBAL):
        return _GLOBAL_REGION
    for name in subject.names:
        parts = name.split(":", _ARN_PARTS - 1)
        if parts[0] == "arn" and len(parts) == _ARN_PARTS:
            return parts[_ARN_REGION]
    return ""


def _origin(event: dict[str, Any], kind: str) -> DriftOrigin | None:
    """Return an entry as an origin; None if the call failed or cannot have caused the drift."""
    call = str(event.get("EventName") or "")
    try:
        detail = msgspec.json.decode(str(event.get("CloudTrailEvent") or "{}"), type=_Detail)
    except msgspec.DecodeError:
        detail = _Detail()
    if detail.errorCode or not may_explain(kind, call):
        return None
    at = event.get("EventTime")
    actor = str(event.get("Username") or "") or (detail.userIdentity.arn if detail.userIdentity else None)
    moment = at.astimezone(UTC) if isinstance(at, datetime) else None
    return DriftOrigin(
        source="cloudtrail", action=call, actor=actor, at=moment, event=str(event.get("EventId") or "") or None
    )
