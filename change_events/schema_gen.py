"""Write the published JSON Schemas: ``python -m change_events.schema_gen``. A test holds that they are current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from change_events.destinations import get, kinds
from change_events.model import ChangeEvent
from change_events.settings.model import KEYS, Key

FOLDER = Path(__file__).parent / "schema"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR = {"type": ["string", "number", "boolean"]}
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "number"]},
    "path": {"type": "string"},
    "text": {"type": "string"},
    "url": {"type": "string"},
    "number": {"type": ["number", "string"]},
    "integer": {"type": ["integer", "string"]},
    "flag": {"type": ["boolean", "string"]},
    "list": {"type": ["array", "string"], "items": {"type": ["string", "number"]}},
    "map": {"type": ["object", "string"], "additionalProperties": _SCALAR},
    "string-map": {"type": "object", "additionalProperties": {"type": "string"}},
}


def schemas() -> dict[str, str]:
    """The text of each schema, by file name."""
    event = {"$schema": _DRAFT, "title": "tfevent change event", **msgspec.json.schema(ChangeEvent)}
    made = {"change-event.schema.json": event, "tfevent-yaml.schema.json": _settings()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()}


def _settings() -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key in KEYS:
        group, dot, inner = key.name.partition(".")
        if dot:
            properties.setdefault(group, _object({}))["properties"][inner] = _key(key)
        else:
            properties[group] = _key(key)
    properties["destinations"] = {
        "type": "object",
        "additionalProperties": {"anyOf": [_destination(k) for k in kinds()]},
    }
    return {"$schema": _DRAFT, "title": "tfevent.yaml", **_object(properties)}


def _key(key: Key) -> dict[str, Any]:
    # YAML 1.1 reads a bare `off` as false
    kind = {"enum": [*key.choices, *([False] if "off" in key.choices else [])]} if key.choices else _TYPES[key.type]
    return {**kind, "description": f"{key.help} Variable: {key.variable}."}


def _destination(kind: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"kind": {"const": kind}}
    for option in get(kind).options:
        # a choice may also come as `${VARIABLE}`
        properties[option.name] = {**_TYPES.get(option.type, {"type": "string"}), "description": option.help}
        if option.secret:
            properties[f"{option.name}_file"] = {"type": "string", "description": f"File that holds {option.name}."}
            properties[f"{option.name}_command"] = {
                "type": "string",
                "description": f"Command that prints {option.name}.",
            }
    return _object(properties)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
