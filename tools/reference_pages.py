"""The tables of docs/reference/settings.md and docs/reference/event.md, from the same tables that the code reads.

Each stands between ``<!-- name -->`` and ``<!-- end -->``; what is around them is written by hand.
"""

from __future__ import annotations

import re
from enum import EnumType
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import model
from change_events.destinations import get, kinds
from change_events.destinations.shared.conditions import FIGURES
from change_events.model.field_descriptions import EVENT_FIELDS
from change_events.settings import drift, routes, signals
from change_events.settings.model import KEYS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from change_events.destinations.base import Option
    from change_events.settings.model import Key

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("reference/settings.md", "reference/event.md")
_BLOCK = re.compile(r"<!-- (?P<name>[a-z]+) -->\n.*?<!-- end -->", re.DOTALL)


def pages() -> dict[str, str]:
    """The text of each page with tables, by file name."""
    makers = {
        "keys": _keys,
        "destinations": _destinations,
        "routing": _routing,
        "conditions": _conditions,
        "figures": _figures,
        "rules": lambda: _parts(signals.RULE, signals.NEEDED["add"]),
        "mutes": lambda: _parts(signals.MUTE, signals.NEEDED["mute"]),
        "drift": lambda: _parts(drift.RULE, drift.NEEDED),
        "fields": _fields,
        "structs": _structs,
    }
    return {name: filled((DOCS / name).read_text(encoding="utf-8"), makers) for name in PAGES}


def filled(page: str, makers: Mapping[str, Callable[[], str]]) -> str:
    """``page`` with each block filled again by the maker of its name."""
    return _BLOCK.sub(lambda block: f"<!-- {block['name']} -->\n{makers[block['name']]()}\n<!-- end -->", page)


def _keys() -> str:
    return table(("Key", "Variable", "Type", "Default", "What it does"), map(_key_row, KEYS))


def _key_row(key: Key) -> tuple[str, ...]:
    return f"`{key.name}`", f"`{key.variable}`", _kind(key), _default(key), key.help


def _default(key: Key) -> str:
    if key.name == "journal":
        return "in the state folder"  # differs from machine to machine
    value = getattr(Settings(), key.field)
    return "" if value in (None, (), {}) else f"`{str(value).lower()}`"


def _routing() -> str:
    rows = ((f"`{key.name}`", _kind(key), key.help) for key in routes.KEYS)
    return table(("Key", "Type", "What it does"), [("`when`", "conditions", routes.WHEN), *rows])


def _kind(key: Key) -> str:
    return ", ".join(f"`{word}`" for word in key.choices) or key.type


def _conditions() -> str:
    return table(("Condition", "Type", "What it asks for"), map(_condition_row, routes.CONDITIONS))


def _condition_row(condition: routes.Condition) -> tuple[str, ...]:
    known = routes.known(condition.name)
    words = f" One of {', '.join(f'`{word}`' for word in known)}." if known else ""
    return f"`{condition.name}`", condition.type, condition.help + words


def _parts(parts: Mapping[str, str], needed: Sequence[str]) -> str:
    rows = ((f"`{name}`" + (" (required)" if name in needed else ""), about) for name, about in parts.items())
    return table(("Key", "What it does"), rows)


def _figures() -> str:
    return ", ".join(f"`{name}`" for name in FIGURES)


def _destinations() -> str:
    rows = ((f"[`{kind}`](destinations/{kind}.md)", get(kind).title, _variables(kind)) for kind in kinds())
    return table(("Kind", "Where events go", "Variables"), rows)


def _variables(kind: str) -> str:
    return ", ".join(f"`{option.environment}`" for option in get(kind).options if option.environment)


def options_table(kind: str) -> str:
    """The options of a kind of destination."""
    rows = (
        (
            f"`{option.name}`" + (" (required)" if option.required else ""),
            f"`{option.environment}`" if option.environment else "",
            _option_type(option),
            "" if option.default is None else _words_of(option.default),
            option.help + (" A secret." if option.secret else ""),
        )
        for option in get(kind).options
    )
    return table(("Option", "Variable", "Type", "Default", "What it does"), rows)


def _option_type(option: Option) -> str:
    words = ", ".join(f"`{word}`" for word in option.choices) or option.type
    return f"list of {words}" if option.type == "choices" else words


def _words_of(value: str | int | tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in value) if isinstance(value, tuple) else f"`{value}`"


def _fields() -> str:
    return table(("Field", "Type", "What it holds"), _rows(model.ChangeEvent))


def _structs() -> str:
    shown: tuple[type[msgspec.Struct], ...] = (
        *(model.Tool, model.Actor, model.Ci, model.Vcs, model.Commit, model.Trace, model.Summary, model.Counts),
        *(model.OutcomeCounts, model.HostCounts, model.TaskCounts, model.Playbook),
        *(model.Change, model.AttributeChange, model.Value, model.Source, model.Cause, model.CauseCommit),
        *(model.OutputChange, model.Drift),
        *(model.TaskRun, model.HostFailure, model.ItemCounts, model.HostRun),
        *(model.CheckResult, model.Failure, model.Signal, model.SharedCause, model.Inputs, model.Link),
        *(model.Related, model.Truncated),
    )
    return "\n\n".join(f"### {one.__name__}\n\n{_first(one)}\n\n{_names(one)}" for one in shown)


def _first(one: type[msgspec.Struct]) -> str:
    return (one.__doc__ or "").replace("``", "`").partition("\n\n")[0].strip()


def _names(one: type[msgspec.Struct]) -> str:
    return table(
        ("Field", "Type"), ((f"`{field.encode_name}`", _type(field.type)) for field in msgspec.structs.fields(one))
    )


def _rows(one: type[msgspec.Struct]) -> Iterable[tuple[str, ...]]:
    for field in msgspec.structs.fields(one):
        yield f"`{field.encode_name}`", _type(field.type), EVENT_FIELDS[field.encode_name]


def _type(of: Any) -> str:
    """A type as its JSON: names of structs link to their section, enumerations show their words."""
    if isinstance(of, EnumType):
        return ", ".join(f"`{word.value}`" for word in list[Any](of))
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        return f"[{of.__name__}](#{of.__name__.lower()})"
    arguments = [inner for inner in getattr(of, "__args__", ()) if inner not in (type(None), Ellipsis)]
    if getattr(of, "__origin__", None) is tuple:
        return f"list of {_type(arguments[0])}"
    if getattr(of, "__origin__", None) is dict:
        return "object"
    plain = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object"}
    return _type(arguments[0]) if arguments else plain.get(of, "time (RFC 3339)")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
