"""Versions of a state of our own, as terraform writes them."""

from __future__ import annotations

import json

LINEAGE = "5e0f3f0a-2f6f-4a36-9f6e-1b1d3c0a7e55"
SECRET = "planted-Zq81-in-a-marked-attribute"
DB = "aws_db_instance.main"


def resource(name="main", kind="aws_db_instance", sensitive=("password",), **attributes):
    return {
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
        "instances": [
            {
                "schema_version": 0,
                "attributes": {"id": f"id-{name}", "password": SECRET, **attributes},
                "sensitive_attributes": [[{"type": "get_attr", "value": part}] for part in sensitive],
            }
        ],
    }


def state(serial, *resources, lineage=LINEAGE, **fields):
    document = {"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage, "outputs": {}}
    return json.dumps(document | {"resources": list(resources), "check_results": None} | fields, indent=2).encode()


def sized(serial, size, **fields):
    """One database of this size."""
    return state(serial, resource(instance_class=size), **fields)


ENCRYPTED = json.dumps({"serial": 3, "lineage": LINEAGE, "meta": {"key": "x"}, "encrypted_data": "AAAA"}).encode()
