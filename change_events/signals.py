"""Facts worth an eye in an event, each with its reason.

:data:`NAMES` has all there are; here are the rules for changes of resources. All of it is read off the redacted event,
so a fact that only a hidden or a cut value would show is not told; what is told can be read off the event's own
changes. A rule is a function from an event to its signals.
"""

from __future__ import annotations

import json
import re
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from change_events.model import Action, ChangeOutcome, Signal, ValueKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.model import AttributeChange, Change, ChangeEvent, Value

MOST_OF_A_KIND = 20
NAMES = (
    "state_emergency",
    "stateful_destroyed",
    "stateful_replaced",
    "exposed_to_world",
    "iam_widened",
    "downtime_likely",
    "capacity_reduced",
    "drift_overwritten",
    "rollback",  # these two by :mod:`change_events.explicit`, the rest by :mod:`change_events.machine`
    "diverged",
    "unclean_shutdown",
    "kernel_changed",
    "image_changed",
)

_STATEFUL = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "database": r"_(db|rds|docdb|neptune|redshift|dynamodb|timestream\w*|keyspaces|elasticache|memorydb|dax)_"
        r"(instance|cluster|global_cluster|cluster_instance|table|global_table|database|keyspace|replication_group"
        r"|namespace)$|(^|_)(sql|mssql|mysql|mariadb|postgresql|cosmosdb|redis|spanner|bigtable|firestore|alloydb|oracle)_"
        r"(\w+_)?(instance|server|database|cluster|account|cache|table|container)$|_redis_cache$|bigquery_(dataset|table)$"
        r"|^digitalocean_database_(cluster|db)$|^mongodbatlas_(advanced_)?cluster$|(opensearch|elasticsearch)_domain$"
        r"|^(postgresql|mysql)_(database|schema)$|^snowflake_(database|schema|table)$",
        "volume": r"(^|_)(volume|persistent_disk|managed_disk|compute_(region_)?disk|persistent_volume(_claim)?(_v1)?"
        r"|efs_file_system|fsx_\w*file_system|filestore_instance|netapp_volume|storage_share"
        r"|blockstorage_volume_v\d)$",
        "bucket": r"_(s3_bucket|storage_bucket|storage_account|storage_container|spaces_bucket|objectstorage_bucket"
        r"|s3_directory_bucket|oss_bucket|cos_bucket)$|^minio_(s3_)?bucket$",
        "cluster": r"_(eks|ecs|msk|kafka|emr|gke|container|kubernetes|dataproc|hdinsight_\w+|mq)_(serverless_)?cluster$"
        r"|^civo_kubernetes_cluster$|_mq_broker$",
        "queue": r"_(sqs_queue|storage_queue|servicebus_(queue|topic|namespace)|eventhub(_namespace)?|kinesis_stream"
        r"|pubsub_(topic|subscription)|sns_topic|cloud_tasks_queue)$|^kafka_topic$",
        "secret or key": r"_(kms_key|kms_crypto_key|kms_key_ring|key_vault|key_vault_key|secretsmanager_secret"
        r"|secret_manager_secret)$|^vault_mount$",
        "backup": r"_(backup_vault|recovery_services_vault|db_snapshot|db_cluster_snapshot|ebs_snapshot)$",
        "directory of users": r"_cognito_user_pool$|_directory_service_directory$",
    }.items()
}
_SERVING = re.compile(
    r"_(instance|server|virtual_machine|vm|droplet|lb|alb|elb|load_balancer|loadbalancer|lb_listener|autoscaling_group"
    r"|ecs_service|rds_cluster|db_cluster|redis_cache|elasticache_cluster|replication_group|nat_gateway|vpn_gateway"
    r"|application_gateway|api_gateway_rest_api|lambda_function|deployment(_v1)?|stateful_set(_v1)?|eks_cluster"
    r"|kubernetes_cluster|container_cluster|cloudfront_distribution|cloud_run_service|app_service|web_app)$"
)
_CAPACITY = {
    *("desired_capacity", "desired_size", "desired_count", "min_size", "min_count", "min_capacity", "min_instances"),
    *("min_instance_count", "min_node_count", "min_replicas", "min_replica_count", "max_size", "max_capacity"),
    *("max_instances", "replicas", "replica_count", "instance_count", "node_count", "initial_node_count", "num_nodes"),
    *("num_cache_nodes", "num_cache_clusters", "num_node_groups", "replicas_per_node_group", "number_of_nodes"),
    *("number_of_broker_nodes", "shard_count", "read_capacity", "write_capacity", "capacity_units", "target_size"),
    *("allocated_storage", "provisioned_concurrent_executions", "instances", "worker_count", "vm_count"),
}
_OPEN = {"0.0.0.0/0", "::/0"}
_OPEN_AZURE = {"*", "Internet", "Any"}  # what else `source_address_prefix` may say
_LETS_IN = re.compile(r"ingress|inbound|cidr|source|allow|authorized|public_access|ip_prefix|access_list|whitelist")
_LETS_OUT = re.compile(r"egress|outbound|destination|route|nat_|forwarding|(^|_)vpc$|prefix_list")
_STAR_KEYS = {"action": "action", "actions": "action", "resource": "resource", "resources": "resource"} | {
    "principal": "principal", "principals": "principal", "identifiers": "principal", "aws": "principal",
    "member": "principal", "members": "principal",
}  # fmt: skip
_EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_STATE_NOT_SAVED = re.compile(r"Failed to (save|persist|create local) state", re.IGNORECASE)

_HAPPENS = {
    ChangeOutcome.PLANNED: "is to be {}",
    ChangeOutcome.APPLIED: "was {}",
    ChangeOutcome.FAILED: "was to be {}, and that failed",
    ChangeOutcome.UNKNOWN: "may have been {}",
}
_PARTICIPLES = {Action.DESTROY: "destroyed", Action.REPLACE: "replaced", Action.UPDATE: "updated"}
_SETS = {Action.CREATE, Action.UPDATE, Action.REPLACE}


def signals(event: ChangeEvent) -> tuple[Signal, ...]:
    """The signals of a redacted event, the gravest kind first; of each kind the first twenty, the rest as a number.

    What was not attempted (a declined run, for one) signals nothing.
    """
    found: list[Signal] = []
    for rule in RULES:
        for name, same in groupby(rule(event), lambda signal: signal.name):
            alike = list(same)
            found += alike[:MOST_OF_A_KIND]
            if (left := len(alike) - MOST_OF_A_KIND) > 0:
                found.append(Signal(name=name, reason=f"and {left} more of this kind"))
    return tuple(found)


def _state_not_saved(event: ChangeEvent) -> Iterator[Signal]:
    if any(_STATE_NOT_SAVED.search(failure.summary) for failure in event.failures):
        reason = "the state could not be saved: what was done may be missing in it until it is pushed by hand"
        yield Signal(name="state_emergency", reason=reason)


def _stateful(event: ChangeEvent) -> Iterator[Signal]:
    for change in _under_way(event, Action.DESTROY, Action.REPLACE):
        if kind := stateful_kind(change.type or ""):
            destroyed = change.action is Action.DESTROY
            yield Signal(
                name="stateful_destroyed" if destroyed else "stateful_replaced",
                reason=f"a {kind} {_happens(change)}; what it holds may be lost",
                address=change.address,
            )


def _exposed(event: ChangeEvent) -> Iterator[Signal]:
    for change in _under_way(event, *_SETS):
        if not _LETS_OUT.search(change.type or "") and (where := _newly_open(change)):
            yield Signal(
                name="exposed_to_world",
                reason=f"every address of the world is let in: {', '.join(where[:3])}",
                address=change.address,
            )


def _iam_widened(event: ChangeEvent) -> Iterator[Signal]:
    for change in _under_way(event, *_SETS):
        if wider := sorted(_stars(change, "after") - _stars(change, "before")):
            reason = f"a policy now allows every {' and every '.join(wider)}"
            yield Signal(name="iam_widened", reason=reason, address=change.address)


def _drift_overwritten(event: ChangeEvent) -> Iterator[Signal]:
    drifted = {drift.address: drift for drift in event.drift}
    for change in _under_way(event, *_SETS):
        drift = drifted.get(change.address) or drifted.get(change.previous_address or "")
        if drift is None:
            continue
        if drift.action is Action.DESTROY:
            reason = "deleted outside of the tool, and created again"
        elif drift.set_anew:
            reason = f"changed outside of the tool, and set anew: {', '.join(drift.set_anew[:3])}"
        else:
            continue
        yield Signal(name="drift_overwritten", reason=reason, address=change.address)


def _capacity_reduced(event: ChangeEvent) -> Iterator[Signal]:
    for change in _under_way(event, Action.UPDATE, Action.REPLACE):
        for attribute in change.attributes:
            name = _names(attribute.path)[-1:]
            before, after = _number(attribute.before), _number(attribute.after)
            if name and name[0] in _CAPACITY and before is not None and after is not None and after < before:
                reason = f"{attribute.path} lowered from {before:g} to {after:g}"
                yield Signal(name="capacity_reduced", reason=reason, address=change.address)


def _downtime(event: ChangeEvent) -> Iterator[Signal]:
    for change in _under_way(event, Action.REPLACE):
        if not change.create_before_destroy and _SERVING.search(change.type or ""):
            reason = f"{_happens(change)}, the old one destroyed before there is a new one"
            yield Signal(name="downtime_likely", reason=reason, address=change.address)


RULES: tuple[Callable[[ChangeEvent], Iterator[Signal]], ...] = (
    _state_not_saved,
    _stateful,
    _exposed,
    _iam_widened,
    _downtime,
    _capacity_reduced,
    _drift_overwritten,
)


def stateful_kind(type_: str) -> str | None:
    """What of lasting value a resource of this type holds, as a noun; None for all that can be made again."""
    return next((kind for kind, pattern in _STATEFUL.items() if pattern.search(type_)), None)


def _under_way(event: ChangeEvent, *actions: Action) -> Iterator[Change]:
    """Managed resources with one of these actions that was not left undone; a deposed object serves nobody."""
    for change in event.changes:
        if change.action in actions and change.outcome in _HAPPENS and change.mode == "managed" and not change.deposed:
            yield change


def _happens(change: Change) -> str:
    return _HAPPENS[change.outcome].format(_PARTICIPLES[change.action])


def _newly_open(change: Change) -> list[str]:
    """The attributes that let every address in and did not before."""
    if any(_closes(attribute.path, attribute.after.text) for attribute in change.attributes):
        return []
    return [a.path for a in change.attributes if _open_in(a, a.after) - _open_in(a, a.before)]


def _closes(name: str, word: Any) -> bool:
    """Whether this setting of a rule, its direction or its access, says that it lets nobody in."""
    return (name, str(word).strip('"').lower()) in {
        ("type", "egress"),
        ("direction", "egress"),
        ("direction", "outbound"),
        ("access", "deny"),
        ("action", "deny"),
        ("rule_action", "deny"),
        ("egress", "true"),
    }


def _open_in(attribute: AttributeChange, side: Value) -> set[str]:
    """The open addresses in one side that stand where those are named who may come in."""
    if side.kind is not ValueKind.VALUE:
        return set()
    trail = tuple(_names(attribute.path))
    if not (trail and any(_LETS_IN.search(name) for name in trail)) and (side.text or "")[:1] not in {"{", "["}:
        return set()
    return {leaf for names, leaf in _rule_leaves(_decoded(side), trail) if _lets_everybody_in(names, leaf)}


def _rule_leaves(value: Any, trail: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """As :func:`_leaves`, without the rules that let nobody in."""
    if isinstance(value, list):
        for child in value:
            yield from _rule_leaves(child, trail)
    elif isinstance(value, dict):
        if not any(_closes(key, child) for key, child in value.items()):
            for key, child in value.items():
                yield from _rule_leaves(child, (*trail, key))
    else:
        yield from _leaves(value, trail)


def _lets_everybody_in(trail: tuple[str, ...], leaf: str) -> bool:
    azure = bool(trail) and trail[-1].startswith("source_address_prefix") and leaf in _OPEN_AZURE
    if leaf not in _OPEN and not azure:
        return False
    return any(_LETS_IN.search(name) for name in trail) and not any(_LETS_OUT.search(name) for name in trail)


def _stars(change: Change, side: str) -> set[str]:
    """What the visible, allowing statements name with a wildcard: some of action, resource, principal.

    A part of a statement whose effect is not among the changes proves nothing: it may deny.
    """
    found: set[str] = set()
    for attribute in change.attributes:
        value: Value = getattr(attribute, side)
        text = value.text or ""
        if value.kind is not ValueKind.VALUE or not ("*" in text or "all" in text):
            continue
        if _names(attribute.path)[-1:] in (["member"], ["members"]) or attribute.path.startswith("members["):
            found |= {"principal"} if any(leaf in _EVERYBODY for _, leaf in _leaves(_decoded(value), ())) else set()
        found |= set(chain.from_iterable(_wildcards(statement) for statement in _statements(_decoded(value))))
    return found


def _statements(document: Any) -> Iterator[dict[str, Any]]:
    """Every object below ``document`` that allows something."""
    if isinstance(document, dict):
        lower = {key.lower(): value for key, value in document.items()}
        if lower.get("effect") == "Allow":
            yield lower
        for value in document.values():
            yield from _statements(value)
    elif isinstance(document, list):
        for value in document:
            yield from _statements(value)
    elif isinstance(document, str) and document.lstrip()[:1] in {"{", "["}:
        yield from _statements(_parsed(document))


def _wildcards(statement: dict[str, Any]) -> Iterator[str]:
    for key, value in statement.items():
        kind = _STAR_KEYS.get(key)
        for _, leaf in _leaves(value, ()) if kind else ():
            if leaf == "*" or (kind == "action" and leaf.endswith(":*")):
                yield f"action of {leaf[:-2]}" if leaf != "*" else str(kind)


def _leaves(value: Any, trail: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every string below ``value`` with the names that lead to it; JSON in a string is not looked into."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*trail, key))
    elif isinstance(value, list):
        for child in value:
            yield from _leaves(child, trail)
    elif isinstance(value, str):
        yield trail, value


def _decoded(value: Value) -> Any:
    return _parsed(value.text or "")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(value: Value) -> float | None:
    number = _decoded(value) if value.kind is ValueKind.VALUE else None
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    return float(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else None


def _names(path: str) -> list[str]:
    return re.findall(r"[^\W\d][\w-]*", path)


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]
