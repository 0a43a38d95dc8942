"""Rule: a number that says how much or how many is lowered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.signals.subject import Found, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {
    *("desired_capacity", "desired_size", "desired_count", "min_size", "min_count", "min_capacity", "min_instances"),
    *("min_instance_count", "min_node_count", "min_replicas", "min_replica_count", "max_size", "max_capacity"),
    *("max_instances", "replicas", "replica_count", "instance_count", "node_count", "initial_node_count", "num_nodes"),
    *("num_cache_nodes", "num_cache_clusters", "num_node_groups", "replicas_per_node_group", "number_of_nodes"),
    *("number_of_broker_nodes", "shard_count", "read_capacity", "write_capacity", "capacity_units", "target_size"),
    *("allocated_storage", "provisioned_concurrent_executions", "instances", "worker_count", "vm_count"),
}


def capacity(subject: Subject) -> Iterator[Found]:
    """The sizes of a resource, at any depth, that are lower than they were."""
    for name in subject.names:
        for path, before, after in _lowered((name,), *subject.sides(name)):
            yield Found("capacity_reduced", f"{path} lowered from {before:g} to {after:g}", name)


def _lowered(path: tuple[str, ...], before: Any, after: Any) -> Iterator[tuple[str, float, float]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() & after.keys():
            yield from _lowered((*path, key), before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) == len(after):  # else nobody knows here which block became which
            for number, (old, new) in enumerate(zip(before, after, strict=True)):
                yield from _lowered((*path[:-1], f"{path[-1]}[{number}]"), old, new)
    elif path[-1] in SIZES:
        old, new = _number(before), _number(after)
        if old is not None and new is not None and new < old:
            yield ".".join(path), old, new


def _number(value: Any) -> float | None:
    if isinstance(value, str) and value.isdecimal():
        return float(value)
    return None if value is None or isinstance(value, (bool, str, list, dict)) else float(value)
