"""The variables that an inventory file sets: of groups and hosts, in INI and YAML. Scripts and plugins are not run.

Sources: Ansible's documentation, "How to build your inventory"; its inventory plugins ``ini`` and ``yaml``.
"""

from __future__ import annotations

import os
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

from change_events.cause.playbook_files import Variable, mapping, parsed
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Section = tuple[str, str]
"""``("group", NAME)`` or ``("host", NAME)``."""

IGNORED = (".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry")
"""Endings of files in an inventory folder that Ansible passes over."""
_YAML = (".yml", ".yaml", ".json")
_HEADER = lazy_pattern(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_VAULT = b"$ANSIBLE_VAULT"


def variables_of(path: str, data: bytes, section: Section) -> dict[str, Variable]:
    """What an inventory file sets for one group or host.

    Args:
        path: of the file, by whose ending Ansible reads it.
        data: its content.
        section: the group or host.

    Raises:
        ValueError: it cannot be read: encrypted, a script, a plugin's settings, or the host is in a range of names.
    """
    held = _read(path.endswith(_YAML), data)
    kind, name = section
    for ranged in (other for other_kind, other in held if other_kind == "range"):
        first, last = ranged.partition("[")[0], ranged.rpartition("]")[2]
        if kind == "host" and name.startswith(first) and name.endswith(last) and held["range", ranged]:
            raise ValueError("a range of hosts")
    return dict(held.get(section, {}))


@lru_cache(maxsize=64)
def _read(is_yaml: bool, data: bytes) -> Mapping[Section, dict[str, Variable]]:
    found: dict[Section, dict[str, Variable]] = {}
    if data.startswith((_VAULT, b"#!")):
        raise ValueError("encrypted, or a script")
    for section, variables in _of_yaml(data) if is_yaml else _of_ini(data.decode("utf-8-sig", "replace")):
        found.setdefault(section, {}).update(variables)
    return found


def _of_ini(text: str) -> Iterator[tuple[Section, dict[str, Variable]]]:
    group, kind = "ungrouped", ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if header := _HEADER.fullmatch(stripped):
            group, kind = header[1], header[2] or ""
        elif kind == "vars":
            name, equals, value = stripped.partition("=")
            if equals:
                yield ("group", group), {name.strip(): _plain(value.strip(), number)}
        elif not kind:
            host, *rows = shlex.split(stripped, comments=True)
            pairs = [row.partition("=") for row in rows]
            section = ("range" if "[" in host else "host", host)
            yield section, {name: _plain(value, number) for name, equals, value in pairs if equals}


def _plain(value: str, line: int) -> Variable:
    return Variable(value, line, yaml.ScalarNode("tag:yaml.org,2002:str", value))


def _of_yaml(data: bytes) -> Iterator[tuple[Section, dict[str, Variable]]]:
    file = parsed(data)
    if file is None or "plugin" in file.variables():
        raise ValueError("no inventory of its own")
    groups = [(name, one.node) for name, one in file.variables().items()]
    while groups:
        name, node = groups.pop(0)
        keys = mapping(node)
        yield ("group", name), file.entries(keys.get("vars"))
        for host, one in mapping(keys.get("hosts")).items():
            yield ("range" if "[" in host else "host", host), file.entries(one)
        groups += mapping(keys.get("children")).items()


def files_in(top: str, source: str, others: Iterator[str]) -> list[str]:
    """The files of an inventory: itself, or what Ansible reads of a folder.

    Args:
        top: the repository's folder.
        source: the inventory, relative to it.
        others: paths that another version has.
    """
    folder = os.path.join(top, source)
    if not os.path.isdir(folder):
        return [source]
    inside = {os.path.join(source, name) for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name))}
    inside |= {path for path in others if os.path.dirname(path) == source}
    return sorted(path for path in inside if not path.endswith(IGNORED) and not os.path.basename(path).startswith("."))
