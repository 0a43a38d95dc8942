"""Statements of policies that allow something, as far as they can be a widening.

Left out is what lets no one new in: a statement of a resource's policy that only lets its own account's IAM decide
(https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html), and one with a condition on who or
where the caller is (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.signals.networks import covered
from change_events.signals.subject import leaves
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = lazy_pattern(r"(?:arn:[^:]*:iam::(\d+):root|(\d{12}))")
_NEGATED = ("not", "null")
# conditions that anybody can meet, or that are about the request and not about who makes it
_OPEN_KEYS = {
    "aws:useragent", "aws:referer", "aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:tokenissuetime",
    "aws:requestedregion", "aws:multifactorauthpresent", "aws:multifactorauthage",
}  # fmt: skip
_CLOSED_S3_KEYS = {"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:accessgrantsinstancearn"}


class Statement(NamedTuple):
    """One statement that allows something; actions are in lower case.

    Attributes:
        everybody: it lets in every principal.
        excepting: it has NotAction: every action but some.
        of_resource: it names principals: it stands in the policy of a resource, or of a role's trust.
    """

    actions: frozenset[str]
    resources: frozenset[str]
    everybody: bool
    excepting: bool
    of_resource: bool


def statements(document: Any, accounts: frozenset[str] = frozenset()) -> Iterator[Statement]:
    """Every statement below ``document`` that allows something to someone new.

    Args:
        document: a policy, as objects or as JSON in a string.
        accounts: AWS accounts that the resource is known to be in; empty where that is not known.
    """
    if isinstance(document, dict):
        lower = {key.lower().replace("_", ""): part for key, part in document.items()}
        if lower.get("effect") == "Allow":
            yield from _statement(lower, accounts)
        for part in document.values():
            yield from statements(part, accounts)
    elif isinstance(document, list):
        for part in document:
            yield from statements(part, accounts)
    elif isinstance(document, str) and document.lstrip()[:1] in {"{", "["}:
        yield from statements(_parsed(document), accounts)


def _statement(lower: dict[str, Any], accounts: frozenset[str]) -> Iterator[Statement]:
    excepted = _texts(lower, "notaction", "notactions")
    principals = _texts(lower, "principal", "principals", "identifiers")
    if principals and (_delegates(_named(lower, principals), accounts) or _is_narrowed(lower)):
        return
    yield Statement(
        actions=frozenset("*" if action == "*:*" else action.lower() for action in _texts(lower, "action", "actions")),
        resources=_texts(lower, "resource", "resources"),
        everybody="*" in principals,
        excepting=bool(excepted) and "*" not in excepted,
        of_resource=bool(principals),
    )


def _named(lower: dict[str, Any], principals: frozenset[str]) -> frozenset[str]:
    """The principals without the kinds that ``aws_iam_policy_document`` gives beside them."""
    blocks = lower.get("principals")
    found = [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    return frozenset(text for block in found for text in _leaves(block.get("identifiers"))) or principals


def _delegates(principals: frozenset[str], accounts: frozenset[str]) -> bool:
    """Whether all principals are accounts, none of which is known to be another one than the resource's."""
    found = [_ROOT.fullmatch(principal) for principal in principals]
    named = {one[1] or one[2] for one in found if one}
    return all(found) and (not accounts or named <= accounts)


def _is_narrowed(lower: dict[str, Any]) -> bool:
    """Whether one of the conditions, all of which must hold, says who or where the caller must be."""
    found = [*_conditions(lower.get("condition")), *_conditions(lower.get("conditions"))]
    return any(_narrows(*condition) for condition in found)


def _conditions(value: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key and values of each condition: of JSON, or of the blocks of ``aws_iam_policy_document``."""
    for block in value if isinstance(value, list) else [value]:
        if not isinstance(block, dict):
            continue
        if "variable" in block:
            yield str(block.get("test")), str(block["variable"]), _leaves(block.get("values"))
            continue
        for operator, keys in block.items():
            for key, values in keys.items() if isinstance(keys, dict) else ():
                yield operator, key, _leaves(values)


def _narrows(operator: str, key: str, values: list[str]) -> bool:
    operator, key = operator.lower(), key.lower()
    if operator.startswith("forallvalues:") or any(word in operator for word in _NEGATED):
        return False  # met by who lacks the key, or by everybody but some
    if key == "aws:sourceip":
        return not covered(values)
    if operator.endswith("ifexists") or key in _OPEN_KEYS or (key.startswith("s3:") and key not in _CLOSED_S3_KEYS):
        return False
    return not any(set(value.removeprefix("arn:aws")) <= set("*?:") for value in values)


def _texts(lower: dict[str, Any], *keys: str) -> frozenset[str]:
    return frozenset(text for key in keys for text in _leaves(lower.get(key)))


def _leaves(value: Any) -> list[str]:
    return [str(leaf) for _, leaf in leaves(value)]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
