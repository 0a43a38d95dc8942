"""Write the published JSON Schemas and the tables in docs/: ``make schema``.

A test holds that all of them are current.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations import get, kinds
from change_events.destinations.shared.conditions import FIGURES
from change_events.model import ChangeEvent, Severity
from change_events.model.field_descriptions import EVENT_FIELDS
from change_events.settings import drift, routes, signals
from change_events.settings.model import GROUP_HELP, KEYS, Key
from tools import decisions, destination_pages, reference_pages

if TYPE_CHECKING:
    from change_events.destinations.base import Option

FOLDER = Path(__file__).parents[1] / "change_events" / "schema"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FORMATS = (
    ("ChangeEvent", "id", "uuid"),
    ("ChangeEvent", "started_at", "date-time"),
    ("ChangeEvent", "ended_at", "date-time"),
    ("CauseCommit", "authored_at", "date-time"),
    ("DriftOrigin", "at", "date-time"),
    ("Backfilled", "at", "date-time"),
    ("Backfilled", "since", "date-time"),
)
"""Texts of the event that have a form of their own: struct, field, format."""
_REFERENCE = {"type": "string", "pattern": r"\$\{\w+"}
_SCALAR = {"type": ["string", "number", "boolean"]}
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "number"]},
    "path": {"type": "string"},
    "text": {"type": "string"},
    "file": {"type": "string"},
    "url": {"type": "string"},
    "number": {"type": ["number", "string"]},
    "integer": {"type": ["integer", "string"]},
    "flag": {"type": ["boolean", "string"]},
    "host": {"type": "string"},
    "database": {"type": "string"},
    "command": {"type": ["array", "string"], "items": {"type": ["string", "number"]}},
    "list": {"type": ["array", "string"], "items": {"type": ["string", "number"]}},
    "map": {"type": ["object", "string"], "additionalProperties": _SCALAR},
    "string-map": {"type": "object", "additionalProperties": {"type": "string"}},
}


def schemas() -> dict[str, str]:
    """The text of each schema, by file name."""
    event = {"$schema": _DRAFT, "title": "tfevent change event", **msgspec.json.schema(ChangeEvent)}
    for definition in event["$defs"].values():
        if "description" in definition:  # a docstring, which msgspec dedents since 0.23 only
            definition["description"] = inspect.cleandoc(definition["description"])
    for name, schema in event["$defs"]["ChangeEvent"]["properties"].items():
        schema["description"] = EVENT_FIELDS[name]
    for struct, field, form in _FORMATS:
        schema = event["$defs"][struct]["properties"][field]
        (schema.get("anyOf") or [schema])[0]["format"] = form
    made = {"change-event.schema.json": event, "tfevent-yaml.schema.json": _settings()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()}


def _settings() -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key in KEYS:
        group, dot, inner = key.name.partition(".")
        if dot:
            holder = properties.setdefault(group, {**_object({}), "description": GROUP_HELP[group]})
            holder["properties"][inner] = _key(key)
        else:
            properties[group] = _key(key)
    properties["drift"] = _drift()
    properties["signals"] = _signals()
    properties["destinations"] = {
        "type": "object",
        "description": "Where events go: a name for each destination, its kind and options under it.",
        "additionalProperties": {"anyOf": [_destination(k) for k in kinds()]},
    }
    return {"$schema": _DRAFT, "title": "tfevent.yaml", **_object(properties), "$defs": {"when": _when()}}


def _signals() -> dict[str, Any]:
    """Rules of signals, mutes and ranks."""
    text: dict[str, Any] = {"type": ["string", "number"]}
    rule: dict[str, Any] = {name: {**text, "description": about} for name, about in signals.RULE.items()}
    rule["given"] = {"anyOf": [text, {"type": "array", "items": text}], "description": signals.RULE["given"]}
    mute = {name: {**text, "description": about} for name, about in signals.MUTE.items()}
    ranks = {"enum": [word.value for word in Severity]}
    rule["severity"] = {**ranks, "description": signals.RULE["severity"]}
    parts = {
        "add": {"type": "array", "items": {**_object(rule), "required": list(signals.NEEDED["add"])}},
        "mute": {"type": "array", "items": {**_object(mute), "required": list(signals.NEEDED["mute"])}},
        "rank": {"type": "object", "additionalProperties": ranks},
    }
    described = {name: {**part, "description": signals.PARTS[name]} for name, part in parts.items()}
    return {**_object(described), "description": signals.HELP}


def _drift() -> dict[str, Any]:
    """Drift that is not reported."""
    rule = {name: {"type": ["string", "number"], "description": about} for name, about in drift.RULE.items()}
    rules = {"type": "array", "items": {**_object(rule), "required": list(drift.NEEDED)}}
    return {**_object({"ignore": {**rules, "description": drift.PARTS["ignore"]}}), "description": drift.HELP}


def _key(key: Key) -> dict[str, Any]:
    # YAML 1.1 reads a bare `off` as false
    kind = {"enum": [*key.choices, *([False] if "off" in key.choices else [])]} if key.choices else _TYPES[key.type]
    variable = f" Variable: {key.variable}." if key.variable else ""
    return {**kind, "description": f"{key.help}{variable}"}


def _destination(kind: str) -> dict[str, Any]:
    about = "Kind of the destination; may be left out where it is named as its kind."
    properties: dict[str, Any] = {"kind": {"const": kind, "description": about}}
    for option in get(kind).options:
        properties[option.name] = {**_option(option), "description": option.help}
        if option.secret:
            properties[f"{option.name}_file"] = {"type": "string", "description": f"File that holds {option.name}."}
            properties[f"{option.name}_command"] = {
                "type": "string",
                "description": f"Command that prints {option.name}.",
            }
    one = {"$ref": "#/$defs/when"}
    several = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}], "description": routes.WHEN}
    return _object({**properties, "when": several, **{key.name: _key(key) for key in routes.KEYS}})


def _when() -> dict[str, Any]:
    """The conditions of one ``when``."""
    properties = {one.name: {**_condition(one), "description": one.help} for one in routes.CONDITIONS}
    return {**_object(properties), "minProperties": 1}


def _condition(condition: routes.Condition) -> dict[str, Any]:
    figure = {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^ *([<>!=]?=|[<>])? *\d+ *$"}]
    }
    match condition.type:
        case "flag":
            return _TYPES["flag"]
        case "severity":
            return {"anyOf": [{"enum": [word.value for word in Severity]}, _REFERENCE]}
        case "figures":
            return {**_object(dict.fromkeys(FIGURES, figure)), "minProperties": 1}
        case "globs by name":
            return {"type": "object", "minProperties": 1, "additionalProperties": _globs(())}
        case _:
            return _globs(routes.known(condition.name))


def _globs(known: tuple[str, ...]) -> dict[str, Any]:
    """A glob or a list of them; known words are offered, what is no plain word is left to the reader."""
    glob = {"anyOf": [{"enum": list(known)}, {"type": "string", "pattern": r"^!|[*?\[$]"}]} if known else _SCALAR
    return {"anyOf": [glob, {"type": "array", "items": glob, "minItems": 1}]}


def _option(option: Option) -> dict[str, Any]:
    """The type of an option; a choice or a number may also come as ``${VARIABLE}``."""
    default = {} if option.default is None else {"default": option.default}
    match option.type:
        case "choice":
            return {"anyOf": [{"enum": list(option.choices)}, _REFERENCE], **default}
        case "choices":
            words = {"enum": list(option.choices)}
            several = {"type": "array", "items": words, "minItems": 1, "uniqueItems": True}
            return {"anyOf": [several, words, _REFERENCE], **default}
        case "integer":
            return {"anyOf": [{"type": "integer", "minimum": 1}, _REFERENCE], **default}
        case _:
            return {**_TYPES.get(option.type, {"type": "string"}), **default}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for name, text in (reference_pages.pages() | destination_pages.pages() | decisions.pages()).items():
        (reference_pages.DOCS / name).write_text(text, encoding="utf-8")
