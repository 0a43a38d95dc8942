"""Rules for a whole event: what is destroyed or replaced, how many, which drift is undone."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from change_events.model import Action, ChangeOutcome, Phase, Signal
from change_events.signals.marks import marked
from change_events.signals.state_edits import left_management, lock_broken, state_replaced
from change_events.signals.stateful import stateful_kind
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from change_events.model import Change, ChangeEvent

_STATE_NOT_SAVED = lazy_pattern(r"Failed to (save|persist|create local) state", re.IGNORECASE)
_SERVING = lazy_pattern(
    r"_(instance|server|virtual_machine|vm|droplet|lb|alb|elb|load_balancer|loadbalancer|lb_listener|autoscaling_group"
    r"|ecs_service|rds_cluster|db_cluster|redis_cache|elasticache_cluster|replication_group|nat_gateway|vpn_gateway"
    r"|application_gateway|api_gateway_rest_api|lambda_function|deployment(_v1)?|stateful_set(_v1)?|eks_cluster"
    r"|kubernetes_cluster|container_cluster|cloudfront_distribution|cloud_run_service|app_service|web_app)$"
)
_ONE_OF_SEVERAL = lazy_pattern(
    r"(^|_)(instance|server|virtual_machine|vm|droplet|machine|container|node|node_group|node_pool|replica|broker"
    r"|worker|lxc|linode|vps|task_definition|ecs_service|device|volume|disk)$"
)
_INDEX = lazy_pattern(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]$")
_NAMED = 3

_HAPPENS = {
    ChangeOutcome.PLANNED: "is to be {}",
    ChangeOutcome.APPLIED: "was {}",
    ChangeOutcome.FAILED: "was to be {}, and that failed",
    ChangeOutcome.UNKNOWN: "may have been {}",
}
_PARTICIPLES = {Action.DESTROY: "destroyed", Action.REPLACE: "replaced"}
_OLD_STAYS = "the new one is empty, and the old one stays as it is"
_QUIET = {Action.NO_OP, Action.READ}
_SETS = {Action.CREATE, Action.UPDATE, Action.REPLACE}
BEFORE_DOWNTIME = (
    *("destroyed_without_snapshot", "exposed_to_world", "iam_widened", "auth_weakened", "protection_removed"),
    *("audit_silenced", "alerting_silenced", "encryption_removed", "encryption_weakened", "data_loss_armed"),
    *("backup_reduced", "retention_reduced", "redundancy_reduced"),
)
"""Signals of values that come before a likely interruption, the gravest first."""


def state_not_saved(event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal if terraform could not write its state."""
    if any(_STATE_NOT_SAVED.search(failure.summary) for failure in event.failures):
        reason = "the state could not be saved: what was done may be missing in it until it is pushed by hand"
        yield Signal(name="state_emergency", reason=reason)


def stateful(event: ChangeEvent) -> Iterator[Signal]:
    """Yield destroyed or replaced resources that hold data."""
    for change in under_way(event, Action.DESTROY, Action.REPLACE):
        if kind := stateful_kind(change.type or ""):
            destroyed = change.action is Action.DESTROY
            stays = any(risk.name == "left_management" for risk in change.risks)
            if destroyed and stays:  # nothing is lost, and the risk says so
                continue
            yield Signal(
                name="stateful_destroyed" if destroyed else "stateful_replaced",
                reason=f"a {kind} {_happens(change)}; {_OLD_STAYS if stays else 'what it holds may be lost'}",
                address=change.address,
                outcome=change.outcome,
            )


def of_values(name: str) -> Callable[[ChangeEvent], Iterator[Signal]]:
    """Return a rule that reports the risks of this name, found in the plan's values when it was read."""

    def rule(event: ChangeEvent) -> Iterator[Signal]:
        for change in under_way(event, *_SETS, Action.DESTROY, Action.EDIT, Action.MOVE):
            for risk in change.risks:
                if risk.name == name:
                    reason = marked(risk.reason, change.outcome)
                    yield Signal(name=risk.name, reason=reason, address=change.address, outcome=change.outcome)

    return rule


def downtime(event: ChangeEvent) -> Iterator[Signal]:
    """Yield resources that serve requests and are replaced, destroyed first."""
    for change in under_way(event, Action.REPLACE):
        if not change.create_before_destroy and _SERVING.search(change.type or ""):
            reason = f"{_happens(change)}, the old one destroyed before there is a new one"
            yield Signal(name="downtime_likely", reason=reason, address=change.address, outcome=change.outcome)


def fewer_instances(event: ChangeEvent) -> Iterator[Signal]:
    """Yield resources of which some of several instances are destroyed, with their identity."""
    gone = [
        change
        for change in under_way(event, Action.DESTROY)
        if change.instances > 1 and _ONE_OF_SEVERAL.search(change.type or "")
    ]
    for (resource, outcome), found in groupby(sorted(gone, key=_group), key=_group):
        changes = list(found)
        total = changes[0].instances
        yield Signal(
            name="capacity_reduced",
            reason=f"{len(changes)} of {total} instances {_happens_to(changes)}: {_which(changes)}",
            address=resource,
            outcome=ChangeOutcome(outcome),
        )


def resource_of(address: str) -> str:
    """Return the address without the index of an instance."""
    return _INDEX.sub("", address)


def _group(change: Change) -> tuple[str, str]:
    return resource_of(change.address), change.outcome.value


def _happens_to(changes: list[Change]) -> str:
    words = _happens(changes[0])
    if len(changes) == 1:
        return words
    return words.replace("is to be", "are to be").replace("was ", "were ")


def _which(changes: list[Change]) -> str:
    shown = [_described(change) for change in changes[:_NAMED]]
    more = len(changes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _described(change: Change) -> str:
    index = _INDEX.search(change.address)
    name = change.identity.get("name") or change.id or (index[0] if index else change.address)
    facts = [text for key, text in change.identity.items() if key != "name"]
    return f"{name} ({', '.join(facts)})" if facts else name


def drift_overwritten(event: ChangeEvent) -> Iterator[Signal]:
    """Yield drift that the plan overwrites."""
    drifted = {drift.address: drift for drift in event.drift}
    for change in under_way(event, *_SETS):
        drift = drifted.get(change.address) or drifted.get(change.previous_address or "")
        if drift is None:
            continue
        if drift.action is Action.DESTROY:
            reason = "deleted outside of the tool, then recreated"
        elif drift.set_anew:
            reason = f"changed outside of the tool, then overwritten: {', '.join(drift.set_anew[:3])}"
        else:
            continue
        text = marked(reason, change.outcome)
        yield Signal(name="drift_overwritten", reason=text, address=change.address, outcome=change.outcome)


def unpublished(event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal if the applied commit exists only on the machine that applied it."""
    vcs = event.vcs
    changed = any(change.outcome in {ChangeOutcome.APPLIED, ChangeOutcome.UNKNOWN} and change.action not in _QUIET
                  for change in event.changes)  # fmt: skip
    if event.phase is not Phase.APPLIED or event.explicit or vcs is None or not changed:
        return
    if vcs.dirty:
        yield Signal(name="applied_unpublished", reason="applied with uncommitted changes in the working tree")
    elif vcs.published is False:
        yield Signal(name="applied_unpublished", reason="applied from a commit that is on no branch of the remote")


def labels_only(event: ChangeEvent) -> Iterator[Signal]:
    """Yield a signal if only tags or labels change."""
    changes = [change for change in event.changes if change.action not in _QUIET]
    everything = len(changes) == event.summary.counts.update  # and none was left out for its size
    if changes and everything and not event.outputs and all(change.labels_only for change in changes):
        yield Signal(name="labels_only", reason="only tags or labels change")


def under_way(event: ChangeEvent, *actions: Action) -> Iterator[Change]:
    """Return managed resources with one of these actions that was attempted, without deposed objects."""
    for change in event.changes:
        if change.action in actions and change.outcome in _HAPPENS and change.mode == "managed" and not change.deposed:
            yield change


def _happens(change: Change) -> str:
    return _HAPPENS[change.outcome].format(_PARTICIPLES[change.action])


RULES: tuple[Callable[[ChangeEvent], Iterable[Signal]], ...] = (
    state_not_saved,
    state_replaced,
    lock_broken,
    stateful,
    left_management,
    of_values("left_management"),
    *map(of_values, BEFORE_DOWNTIME),
    downtime,
    of_values("downtime_likely"),
    fewer_instances,
    of_values("capacity_reduced"),
    of_values("version_lowered"),
    drift_overwritten,
    of_values("public_address"),
    of_values("traffic_moved"),
    of_values("version_changed"),
    unpublished,
    labels_only,
)
