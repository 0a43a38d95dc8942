"""Terraform's ``action_reason`` words as a reader would put them."""

from __future__ import annotations

from change_events.cli.terminal import clean

_WORDS = {
    "replace_because_cannot_update": "it cannot be updated in place",
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "-replace asks for it",
    "replace_by_triggers": "replace_triggered_by asks for it",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "its count or for_each was added or taken away",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "it was moved to where nothing is configured",
    "delete_because_enabled_false": "it is switched off by lifecycle.enabled",
    "read_because_config_unknown": "its configuration is known only during the apply",
    "read_because_dependency_pending": "what it depends on is changed first",
    "read_because_check_nested": "a check reads it every time",
}


def in_words(reason: str) -> str:
    """The reason in words; one of a later version, or of a hand-made plan, as it is written."""
    return _WORDS.get(reason) or clean(reason.replace("_", " "))
