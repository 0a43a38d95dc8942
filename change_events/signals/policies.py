"""Rule: a policy document allows more than before: every action, every resource, everybody.

Documents are searched in every attribute: as JSON in a string, or as objects. Only allowing statements count, and only
what no statement allowed before; see :mod:`change_events.signals.statements` for statements that never count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.signals.given import holds
from change_events.signals.statements import statements
from change_events.signals.subject import Found, Subject, leaves
from change_events.signals.table import table
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.statements import Statement

_EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_OF_DATA = ("google_storage_", "google_bigquery_", "google_cloud_run_", "google_cloudfunctions", "google_pubsub_")
_MARKS = ("*", "NotAction", "allUsers", "allAuthenticatedUsers")  # without one of these nothing is said below


# whose policies give nothing to anybody: they limit what others give, and a new one that limits nothing is the default
_LIMITS = {
    "aws_vpc_endpoint", "aws_vpc_endpoint_policy", "aws_organizations_policy", "aws_transfer_user",
    "aws_transfer_access",
}  # fmt: skip
# services, every action of which gives an identity access to data, to machines or to other identities
_GRAVE = {
    "acm-pca", "aoss", "athena", "backup", "bedrock", "cassandra", "cloudformation", "codeartifact", "codebuild",
    "codecommit", "codepipeline", "cognito-identity", "cognito-idp", "datasync", "dax", "dms", "docdb-elastic", "ds",
    "dynamodb", "ebs", "ec2", "ec2-instance-connect", "ecr", "ecs", "eks", "elasticache", "elasticfilesystem",
    "elasticmapreduce", "es", "fsx", "glacier", "glue", "iam", "identitystore", "kafka", "kafka-cluster", "kinesis",
    "kms", "lakeformation", "lambda", "memorydb", "neptune-db", "organizations", "qldb", "ram", "rds", "rds-data",
    "rds-db", "redshift", "redshift-data", "redshift-serverless", "rolesanywhere", "s3", "s3-object-lambda",
    "s3express", "s3tables", "sagemaker", "secretsmanager", "sqs", "ssm", "ssmmessages", "sso", "sso-directory",
    "states", "storagegateway", "sts", "timestream", "transfer", "workspaces",
}  # fmt: skip
_PLACES = ("arn", "secret_arn", "resource_arn", "key_id", "queue_url", "registry_id", "owner", "owner_id")
_ACCOUNT = lazy_pattern(r"(?:^|[:/])(\d{12})(?=[:/]|$)")


def policies(subject: Subject) -> Iterator[Found]:
    """Yield what the policies of a resource newly allow."""
    for name in subject.names:
        before, after = subject.sides(name)
        if name in {"member", "members"}:
            yield from _members(subject, name, before, after)
        elif mentions(after):
            if subject.type in _LIMITS and not before:
                continue
            accounts = _accounts(subject)
            yield from _widened(subject, name, list(statements(before, accounts)), list(statements(after, accounts)))


def _accounts(subject: Subject) -> frozenset[str]:
    """The AWS accounts that the resource is known to be in, by its own ARN and the like."""
    texts = [side for name in _PLACES for side in subject.sides(name) if isinstance(side, str)]
    return frozenset(account for text in texts for account in _ACCOUNT.findall(text))


def _members(subject: Subject, name: str, before: Any, after: Any) -> Iterator[Found]:
    old, new = ({leaf for _, leaf in leaves(side) if leaf in _EVERYBODY} for side in (before, after))
    if new - old:
        data = subject.type.startswith(_OF_DATA)
        reason = f"{' and '.join(sorted(new - old))} may use it" if data else "a policy now allows every principal"
        yield Found("exposed_to_world" if data else "iam_widened", reason, name)


def _widened(subject: Subject, name: str, old: list[Statement], new: list[Statement]) -> Iterator[Found]:
    wider = list(dict.fromkeys(word for one in new for word in _wider(one, old)))
    if wider:
        yield Found("iam_widened", f"a policy now allows every {' and every '.join(wider)}", name)
    if any(one.everybody for one in new) and not any(one.everybody for one in old) and _counts(subject, name):
        if name == "assume_role_policy":
            yield Found(
                "iam_widened", "the role may be assumed by everybody: a policy now allows every principal", name
            )
        elif "_iam_" in subject.type or "_kms_" in subject.type:
            yield Found("iam_widened", "a policy now allows every principal", name)
        else:
            yield Found("exposed_to_world", "its policy lets everybody in: it now allows every principal", name)


def _counts(subject: Subject, name: str) -> bool:
    """Whether nothing that the table knows keeps everybody out all the same, such as a private network."""
    if subject.type in _LIMITS:
        return False
    rows = [row for row in table().get(subject.type, ()) if row.path == name and "everybody" in row.forms]
    return all(holds(row.given, subject) for row in rows)


def _wider(one: Statement, old: list[Statement]) -> Iterator[str]:
    for action in sorted(one.actions):
        if action == "*" and not any("*" in other.actions for other in old):
            yield "action"
        elif _is_grave(one, action) and not any({action, "*"} & other.actions for other in old):
            yield f"action of {action[:-2]}"
    if one.excepting and not any(other.excepting or "*" in other.actions for other in old):
        yield "action but some"
    if "*" in one.resources and not one.of_resource and _everywhere(one, old):
        yield "resource"  # in the policy of a resource `*` is that resource


def _is_grave(one: Statement, action: str) -> bool:
    """Whether an action is all that a service can do, and that is much: of an identity's policy not of each service."""
    return action.endswith(":*") and (one.of_resource or action[:-2] in _GRAVE)


def _everywhere(one: Statement, old: list[Statement]) -> bool:
    """Whether some of its actions were allowed on named resources only, or are wildcards that nothing allowed."""
    for action in one.actions:
        found = [other for other in old if {action, "*"} & other.actions]
        wildcard = action == "*" or _is_grave(one, action)
        if (found or wildcard) and not any("*" in other.resources for other in found):
            return True
    return False


def mentions(value: Any) -> bool:
    """Whether something in a value could matter here; most values hold none of the words."""
    for _, leaf in leaves(value):
        if isinstance(leaf, str):
            for mark in _MARKS:  # no generator: most values are texts without any of them
                if mark in leaf:
                    return True
    return _has_key(value)


def _has_key(value: Any) -> bool:
    if isinstance(value, dict):
        return "NotAction" in value or "not_actions" in value or any(map(_has_key, value.values()))
    return isinstance(value, list) and any(map(_has_key, value))
