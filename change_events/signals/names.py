"""The names of all signals, their severities, and their reasons without values."""

from __future__ import annotations

from typing import NamedTuple

from change_events.model import Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


class Kind(NamedTuple):
    """One signal.

    Attributes:
        severity: minimum severity of its events; settings may override it (``signals.rank``).
        bare: reason without values; empty for a signal whose reasons have none.
    """

    severity: Severity
    bare: str = ""


SIGNALS = {
    "state_emergency": Kind(_WARNING),
    "state_replaced": Kind(_WARNING),
    "lock_broken": Kind(_WARNING),
    # several of the others together
    "unprotected_then_destroyed": Kind(_ERROR),
    "access_widened_unaudited": Kind(_ERROR),
    "exposed_unauthenticated": Kind(_ERROR),
    "capacity_reduced_unalerted": Kind(_WARNING),
    "stateful_destroyed": Kind(_WARNING),
    "stateful_replaced": Kind(_WARNING),
    "left_management": Kind(_WARNING),
    "destroyed_without_snapshot": Kind(_WARNING, "destroyed together with all that it holds"),
    "exposed_to_world": Kind(_WARNING, "it can be reached by everybody now"),
    "iam_widened": Kind(_WARNING, "a policy now allows more"),
    "auth_weakened": Kind(_WARNING, "who may use it is checked less strictly"),
    "protection_removed": Kind(_WARNING, "a protection was switched off"),
    "audit_silenced": Kind(_WARNING, "less of what happens is logged"),
    "alerting_silenced": Kind(_WARNING, "an alert or a scheduled job was switched off"),
    "encryption_removed": Kind(_WARNING, "encryption was switched off"),
    "encryption_weakened": Kind(_WARNING, "weaker encryption is allowed"),
    "data_loss_armed": Kind(_WARNING, "its data will not be kept when it is destroyed"),
    "backup_reduced": Kind(_WARNING, "fewer or shorter backups are kept"),
    "retention_reduced": Kind(_WARNING, "data is kept for a shorter time"),
    "redundancy_reduced": Kind(_WARNING, "it is less redundant"),
    "downtime_likely": Kind(_WARNING, "an interruption is likely"),
    "capacity_reduced": Kind(_WARNING, "its capacity was lowered"),
    "version_lowered": Kind(_WARNING, "an older version is installed"),
    "drift_overwritten": Kind(_WARNING),
    "public_address": Kind(_INFO, "it gets a public address"),
    "traffic_moved": Kind(_INFO, "traffic goes elsewhere"),
    "version_changed": Kind(_INFO, "another version is installed"),
    "applied_unpublished": Kind(_INFO),
    "state_edited": Kind(_INFO),  # these six by :mod:`change_events.history`, from earlier events: no reason to worry
    "flapping": Kind(_INFO),
    "reverted": Kind(_INFO),
    "first_touch": Kind(_INFO),
    "finished_later": Kind(_INFO),
    "planned_there": Kind(_INFO),
    "labels_only": Kind(_INFO),
    "rollback": Kind(_WARNING),  # these two by :mod:`change_events.explicit`, the rest by :mod:`change_events.machine`
    "diverged": Kind(_WARNING),
    "unclean_shutdown": Kind(_WARNING),
    "kernel_changed": Kind(_WARNING),
    "image_changed": Kind(_WARNING),
}

NAMES = tuple(SIGNALS)

WITHOUT_VALUES = {name: kind.bare for name, kind in SIGNALS.items() if kind.bare}
"""Of each signal that is read off values: its reason without them."""


def bare(name: str) -> str:
    """Return the reason of a signal without values; for an unknown one, only its name."""
    return WITHOUT_VALUES.get(name) or name.replace("_", " ")
