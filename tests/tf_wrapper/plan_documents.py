"""Small plans, written as terraform writes them, and how their changes are read in a test."""

import json


def entry(address, *actions, before=None, after=None, **more):
    """Return an entry of `resource_changes`; what belongs to its `change` is recognized by name."""
    inner = {key: more.pop(key) for key in list(more) if key in CHANGE_KEYS}
    body = {"actions": list(actions), "before": before, "after": after, "after_unknown": {}, **inner}
    kind, _, name = address.rpartition("]" if address.startswith("module") else " ")[-1].strip(".").partition(".")
    place = {"address": address, "mode": "managed", "type": kind, "name": name}
    return {**place, "provider_name": "registry.terraform.io/hashicorp/aws", **more, "change": body}


CHANGE_KEYS = {"before_sensitive", "after_sensitive", "after_unknown", "replace_paths", "importing"}


def document(*changes, **more):
    """Return plan JSON as bytes."""
    plan = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}}}
    return json.dumps({**plan, "resource_changes": list(changes), **more}).encode()
