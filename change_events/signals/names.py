"""The names of all risk signals, and what is said of one where its values must not be shown."""

from __future__ import annotations

NAMES = (
    "state_emergency",
    "stateful_destroyed",
    "stateful_replaced",
    "exposed_to_world",
    "iam_widened",
    "auth_weakened",
    "protection_removed",
    "downtime_likely",
    "capacity_reduced",
    "drift_overwritten",
    "flapping",  # these by :mod:`change_events.history`, from earlier events
    "reverted",
    "first_touch",
    "finished_later",
    "rollback",  # these two by :mod:`change_events.explicit`, the rest by :mod:`change_events.machine`
    "diverged",
    "unclean_shutdown",
    "kernel_changed",
    "image_changed",
)

OF_HISTORY = frozenset({"flapping", "reverted", "first_touch", "finished_later"})
"""What is worth knowing and no reason to worry by itself: it makes no event more severe."""

WITHOUT_VALUES = {
    "exposed_to_world": "it can be reached by everybody now",
    "iam_widened": "a policy now allows more",
    "auth_weakened": "who may use it is checked less strictly",
    "protection_removed": "a protection was switched off",
    "capacity_reduced": "its capacity was lowered",
}
"""Of each signal that is read off values: its reason without them."""
