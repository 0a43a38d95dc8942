"""Rule: a capacity number is lowered, or a machine becomes smaller, in resources of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.signals.amounts import amount
from change_events.signals.paths import leaf_pairs
from change_events.signals.sizes import is_smaller
from change_events.signals.subject import Found, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SIZES = {
    *("desired_capacity", "desired_size", "desired_count", "min_size", "min_count", "min_capacity", "min_instances"),
    *("min_instance_count", "min_node_count", "min_replicas", "min_replica_count", "max_size", "max_capacity"),
    *("max_instances", "replicas", "replica_count", "instance_count", "node_count", "initial_node_count", "num_nodes"),
    *("num_cache_nodes", "num_cache_clusters", "num_node_groups", "replicas_per_node_group", "number_of_nodes"),
    *("number_of_broker_nodes", "shard_count", "read_capacity", "write_capacity", "capacity_units", "target_size"),
    *("allocated_storage", "provisioned_concurrent_executions", "instances", "worker_count", "vm_count"),
}
"""Names of amounts, at any depth."""

CLASSES = (
    *("instance_type", "instance_class", "node_type", "machine_type", "vm_size", "sku_name", "flavor_name"),
    *("server_type", "instance_size", "node_class", "provider_instance_size_name", "size_slug"),
)
"""Names of sizes of machines, of a resource itself; those in its blocks, and ``size``, which means much else, are in
the table."""


def capacity(subject: Subject) -> Iterator[Found]:
    """Yield the amounts of a resource that became lower, and the machines that became smaller."""
    for name in subject.names:
        before, after = subject.sides(name)
        if name in CLASSES:
            yield from _smaller(name, before, after)
        for label, old, new in leaf_pairs(before, after, name):
            yield from _lower(name, label, old, new)


def _smaller(name: str, before: Any, after: Any) -> Iterator[Found]:
    if isinstance(before, str) and isinstance(after, str) and is_smaller(before, after):
        shown = (((name,), before), ((name,), after))
        yield Found("capacity_reduced", f"lowered from {before} to {after}", name, name, shown)


def _lower(name: str, label: str, before: Any, after: Any) -> Iterator[Found]:
    last = label.rpartition(".")[2].partition("[")[0]
    if last not in SIZES:
        return
    old, new = amount(before), amount(after)
    if old and new and old[0] == new[0] and new[1] < old[1]:
        path = tuple(step.partition("[")[0] for step in label.split("."))
        shown = ((path, before), (path, after))
        yield Found("capacity_reduced", f"lowered from {before} to {after}"[:100], name, label, shown)
