"""The points of each reason in a ranking of suspects. A test compares them with docs/reference/suspects.md."""

from __future__ import annotations

TIME = 30  # a change that ended at the start of the incident
HALF_LIFE_MINUTES = 60  # half-life of these points
HOST = 30
OTHER_HOSTS = -10
SERVICE = 20
OTHER_SERVICE = -15
ENVIRONMENT = 10
OTHER_ENVIRONMENT = -40
FAILED = 18
CANCELLED = 8
GONE = 8  # a destroy or replacement
REACH = 4  # per factor of ten in the number of changed things
MOST_REACH = 12
MANAGED_HOST = 6
NEW = 8
ROUTINE = -15
ROUTINE_TIMES = 3  # earlier changes of the same thing
ROUTINE_DAYS = 14  # period in which they count
LABELS_ONLY = -25
UNCOMMITTED = 5
FIX_REVERTED = 15
MOST_SIGNALS = 45
OTHER_SIGNAL = 8

SIGNALS = {
    "capacity_reduced": 24,
    "capacity_reduced_unalerted": 24,
    "downtime_likely": 24,
    "stateful_destroyed": 22,
    "stateful_replaced": 22,
    "destroyed_without_snapshot": 22,
    "unclean_shutdown": 20,
    "traffic_moved": 18,
    "redundancy_reduced": 16,
    "drift_overwritten": 15,
    "state_emergency": 15,
    "version_lowered": 14,
    "reverted": 12,
    "diverged": 12,
    "kernel_changed": 12,
    "image_changed": 10,
    "protection_removed": 8,
    "version_changed": 8,
    "unprotected_then_destroyed": 24,
    "exposed_unauthenticated": 8,
    "access_widened_unaudited": 6,
    "data_loss_armed": 4,
    "backup_reduced": 2,
    "retention_reduced": 2,
    "encryption_removed": 2,
    "encryption_weakened": 2,
    "public_address": 2,
    "first_touch": 4,
    "state_replaced": 15,
    "lock_broken": 6,
    "left_management": 4,
    "state_edited": 4,
    "auth_weakened": 6,
    "exposed_to_world": 6,
    "iam_widened": 4,
    "audit_silenced": 4,
    "alerting_silenced": 4,
    "applied_unpublished": 4,
    "rollback": 2,
    "finished_later": 0,
    "planned_there": 0,
    "flapping": -6,
    "labels_only": 0,
}

KINDS = {"deployment": 8, "boot": 10, "stop": 10, "start": 2, "build": -20}
