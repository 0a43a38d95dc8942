"""State versions in an S3 bucket with versioning; boto3 (``tfevent[aws]``) finds credentials, region and endpoint.

Access is read-only: ListObjectVersions, and GetObject for each version.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.errors import InputError
from tf_wrapper.record.backfill.versions import MOST_BYTES, Moment, Stored, UnreadableError, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SCHEME = "s3://"
_CONNECT, _READ = 10, 60  # seconds of one request
_DENIED = {"AccessDenied", "403", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
_REASONS = {
    "NoSuchVersion": "the version has been deleted meanwhile",
    "NoSuchKey": "the version has been deleted meanwhile",
    "InvalidRequest": "it is encrypted with a key of the customer (SSE-C)",
    "InvalidObjectState": "it is archived: restore it first",
    "KMS.DisabledException": "its KMS key is disabled",
}


class Object(NamedTuple):
    """The object of an address such as ``s3://bucket/key``."""

    bucket: str
    key: str

    @property
    def address(self) -> str:
        """The address as given."""
        return f"{SCHEME}{self.bucket}/{self.key}"


def object_of(address: str) -> Object:
    """Parse an address. Raises InputError."""
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise InputError(f"{address}: expected s3://BUCKET/KEY, the object of one state")
    return Object(bucket, key)


def stored(found: Object, *, last: int, since: datetime | None) -> Stored:
    """Return the newest ``last`` versions of a state object and the one before them.

    Args:
        found: the object.
        last: maximum number of changes; 0 for all.
        since: only changes written at or after this time.

    Raises:
        InputError: the bucket cannot be listed, or there is nothing to compare.
    """
    client = _client(found)
    newest: list[Version] = []
    for entry in _listed(client, found):
        version = _version(client, found, entry)
        newest.append(version)
        is_base = since is not None and version.written is not None and version.written.at < since
        if is_base or (last and len(newest) > last):
            break
    if not newest:
        raise InputError(f"{found.address}: there is no such object in the bucket")
    if len(newest) == 1 and newest[0].name == "null":
        raise InputError(
            f"{found.address}: one version only, since versioning of the bucket is off; give a folder of backups"
        )
    return Stored(found.address, newest[::-1])


def _client(found: Object) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise InputError(f"{found.address}: boto3 is not installed: pip install 'tfevent[aws]'") from None
    try:
        config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"mode": "standard"})
        return boto3.session.Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise InputError(f"{found.address}: the AWS configuration cannot be used ({type(error).__name__})") from None


def _listed(client: Any, found: Object) -> Iterator[dict[str, Any]]:
    """Return versions and delete markers of this key, newest first."""
    from botocore.exceptions import BotoCoreError, ClientError

    pages = client.get_paginator("list_object_versions").paginate(Bucket=found.bucket, Prefix=found.key)
    try:
        for page in pages:
            entries = [*page.get("Versions", ()), *({**one, "Deleted": True} for one in page.get("DeleteMarkers", ()))]
            own = [one for one in entries if one["Key"] == found.key]
            # a page has both kinds apart; the order of each is the order in which they were written
            yield from sorted(own, key=lambda one: one["LastModified"], reverse=True)
            if entries and not own:
                return  # keys that only begin like this one
    except ClientError as error:
        raise InputError(f"{found.address}: {_list_error(_code(error))}") from None
    except BotoCoreError as error:
        raise InputError(f"{found.address}: {_connection_error(type(error).__name__)}") from None


def _list_error(code: str) -> str:
    if code == "NoSuchBucket":
        return "there is no such bucket"
    if code in {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}:
        return "the bucket is in another region: set AWS_REGION"
    if code in _DENIED:
        return f"AWS refuses to list its versions ({code}): s3:ListBucketVersions and s3:GetObjectVersion are needed"
    return f"its versions cannot be listed ({code})"


def _connection_error(name: str) -> str:
    if "Credential" in name or "Token" in name or name in {"ProfileNotFound", "SSOError"}:
        return f"there are no usable AWS credentials ({name}): set AWS_PROFILE, or log in (`aws sso login`)"
    return f"the bucket cannot be reached ({name}): check AWS_REGION, AWS_ENDPOINT_URL and the network"


def _version(client: Any, found: Object, entry: dict[str, Any]) -> Version:
    name, owner = str(entry["VersionId"]), entry.get("Owner") or {}

    def load() -> bytes:
        if entry.get("Deleted"):
            raise UnreadableError("the object was deleted (a delete marker)")
        if entry.get("Size", 0) > MOST_BYTES:
            raise UnreadableError(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
        return _loaded(client, found, name)

    written = Moment(entry["LastModified"].astimezone(UTC), "object")
    return Version(name, name, written, load, owner=owner.get("DisplayName") or owner.get("ID"))


def _loaded(client: Any, found: Object, version: str) -> bytes:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client.get_object(Bucket=found.bucket, Key=found.key, VersionId=version)
        with answer["Body"] as body:
            return bytes(body.read(MOST_BYTES))
    except ClientError as error:
        code = _code(error)
        reason = "access is denied" if code in _DENIED else _REASONS.get(code, f"S3 refuses it ({code})")
        raise UnreadableError(reason) from None
    except (BotoCoreError, OSError) as error:
        raise UnreadableError(f"it could not be read ({type(error).__name__})") from None


def _code(error: Any) -> str:
    """Return AWS's error code; the rest of the message may quote the request."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
