"""Variables of groups and hosts in inventory files (INI and YAML). Scripts and plugins are not run.

Sources: Ansible's documentation, "How to build your inventory"; its inventory plugins ``ini`` and ``yaml``.
"""

from __future__ import annotations

import os
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

from change_events.cause.host_ranges import covers, is_range
from change_events.cause.playbook_files import Variable, mapping, parsed
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Section = tuple[str, str]
"""``("group", NAME)`` or ``("host", NAME)``."""

IGNORED = (".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry")
"""Endings of files in an inventory folder that Ansible passes over."""
_YAML = (".yml", ".yaml", ".json")
_HEADER = lazy_pattern(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_VAULT = b"$ANSIBLE_VAULT"


class MadeElsewhereError(ValueError):
    """The hosts and variables of this inventory are generated at run time.

    Attributes:
        maker: what generates it: ``the plugin amazon.aws.aws_ec2``.
        variables: names of variables it is known to set.
    """

    def __init__(self, maker: str, variables: Iterable[str] = ()) -> None:
        super().__init__(maker)
        self.maker = maker
        self.variables = frozenset(variables)


def variables_of(path: str, data: bytes, section: Section) -> dict[str, Variable]:
    """Return the variables an inventory file sets for one group or host.

    Args:
        path: path of the file; Ansible selects the format by its extension.
        data: content of the file.
        section: the group or host.

    Raises:
        MadeElsewhereError: the file is a script, or the settings of a plugin.
        ValueError: the file is encrypted, or several of its lines set a variable of the host.
    """
    held = _read(path.endswith(_YAML), data)
    kind, name = section
    found = dict(held.get(section, {}))
    for (other, pattern), variables in held.items() if kind == "host" else ():
        if other == "range" and variables and covers(pattern, name):
            if found.keys() & variables.keys():  # their precedence depends on their order
                raise ValueError("several lines set it")
            found |= variables
    return found


@lru_cache(maxsize=64)
def _read(is_yaml: bool, data: bytes) -> Mapping[Section, dict[str, Variable]]:
    found: dict[Section, dict[str, Variable]] = {}
    if data.startswith(_VAULT):
        raise ValueError("encrypted")
    if data.startswith(b"#!"):
        raise MadeElsewhereError("a script")
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
            section = ("range" if is_range(host) else "host", host)
            yield section, {name: _plain(value, number) for name, equals, value in pairs if equals}


def _plain(value: str, line: int) -> Variable:
    return Variable(value, line, yaml.ScalarNode("tag:yaml.org,2002:str", value))


def _of_yaml(data: bytes) -> Iterator[tuple[Section, dict[str, Variable]]]:
    file = parsed(data)
    if file is None:
        raise ValueError("no inventory")
    top = file.variables()
    if "plugin" in top:
        raise MadeElsewhereError(f"the plugin {_scalar(top['plugin'].node)}", _composed(top))
    groups = [(name, one.node) for name, one in top.items()]
    while groups:
        name, node = groups.pop(0)
        keys = mapping(node)
        yield ("group", name), file.entries(keys.get("vars"))
        for host, one in mapping(keys.get("hosts")).items():
            yield ("range" if is_range(host) else "host", host), file.entries(one)
        groups += mapping(keys.get("children")).items()


def _scalar(node: yaml.Node) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _composed(settings: Mapping[str, Variable]) -> list[str]:
    """Return the variables named in the settings of a plugin, in the form of ``constructed`` and most cloud plugins."""
    return list(mapping(settings["compose"].node)) if "compose" in settings else []


def files_in(top: str, source: str, others: Iterator[str]) -> list[str]:
    """Return the files of an inventory: itself, or those Ansible reads in a folder.

    Args:
        top: top folder of the repository.
        source: path of the inventory, relative to ``top``.
        others: paths in another version.
    """
    folder = os.path.join(top, source)
    if not os.path.isdir(folder):
        return [source]
    inside = {os.path.join(source, name) for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name))}
    inside |= {path for path in others if os.path.dirname(path) == source}
    return sorted(path for path in inside if not path.endswith(IGNORED) and not os.path.basename(path).startswith("."))
