"""Parses one settings file to values with lines. YAML's own loader would hide duplicate keys and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import yaml

from change_events.settings.model import Entry

if TYPE_CHECKING:
    from pathlib import Path

_STANDARD = "tag:yaml.org,2002:"
_TYPED = {f"{_STANDARD}{name}" for name in ("int", "float", "bool", "null")}


class _Loader(yaml.SafeLoader):
    """A loader without aliases, which would let a small file expand to a huge or recursive value."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # the stubs leave it out
            raise yaml.composer.ComposerError(None, None, "aliases are not read; write the value out", mark)
        return super().compose_node(parent, index)


def read(path: Path, data: bytes, problems: list[str]) -> dict[str, Entry] | None:
    """Return the top-level keys of one file; None if it cannot be parsed.

    Args:
        path: the file, for messages.
        data: its content.
        problems: takes problems of its form, without values.
    """
    try:
        loader = _Loader(data.decode())
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{path}: cannot be read ({type(error).__name__}): make it a readable UTF-8 file")
        return None
    try:
        node = loader.get_single_node()
        content = _entry(loader, node, path, problems).value if node is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problems.append(_broken(path, error))
        return None
    finally:
        loader.dispose()
    if content is None:
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path}:1: expected keys and values, such as `environment: prod`")
        return None
    return content


def _broken(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    return f"{path}{line}: is not valid YAML ({getattr(error, 'problem', None) or 'bad value'}): correct it there"


def _entry(loader: yaml.SafeLoader, node: yaml.Node, path: Path, problems: list[str]) -> Entry:
    where = f"{path}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        return Entry(_mapping(loader, node, path, problems), where)
    if isinstance(node, yaml.SequenceNode):
        return Entry([_entry(loader, child, path, problems) for child in node.value], where)
    if not node.tag.startswith(_STANDARD):
        problems.append(f"{where}: a value that begins with ! is a YAML tag: quote it")
    if node.tag not in _TYPED:
        return Entry(node.value, where)
    try:
        value = loader.construct_object(node)
    except (ValueError, KeyError):  # such as `0b_`: no number, whatever it looks like
        return Entry(node.value, where)
    if isinstance(value, bool):
        return Entry(value, where, node.value.lower())
    return Entry(value, where, "" if value is None else node.value)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path, problems: list[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for key_node, child in node.value:
        key, where = str(key_node.value), f"{path}:{key_node.start_mark.line + 1}"
        if key in found:
            problems.append(f"{where}: {key}: is there twice: keep one of them")
        found[key] = msgspec.structs.replace(_entry(loader, child, path, problems), where=where)
    return found
