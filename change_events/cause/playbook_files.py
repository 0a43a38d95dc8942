"""Parses the files of a playbook: tasks, variables, and the names used in expressions."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jinja2 import Environment

MOST_BYTES = 1 << 18  # of a parsed YAML file or template
_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers")
_BLOCK = ("block", "rescue", "always")
_SECTIONS = {*_LISTS, *_BLOCK, "roles"}
# keywords and arguments whose whole value is an expression, without braces
_BARE = {"when", "changed_when", "failed_when", "until", "loop", "with_items", "with_dict", "that", "var"}
_TEMPLATES = {"template": "templates", "copy": "files", "script": "files", "unarchive": "files", "assemble": "files"}
# names with the prefix of facts that the run, the connection or the inventory sets
_NO_FACTS = (
    "ansible_become", "ansible_check_mode", "ansible_collection_name", "ansible_config_file", "ansible_connection",
    "ansible_diff_mode", "ansible_failed_", "ansible_forks", "ansible_host", "ansible_index_var", "ansible_inventory_",
    "ansible_limit", "ansible_loop", "ansible_parent_role", "ansible_password", "ansible_play", "ansible_port",
    "ansible_private_key_file", "ansible_remote_", "ansible_role_", "ansible_run_tags", "ansible_search_path",
    "ansible_shell_", "ansible_skip_tags", "ansible_ssh_", "ansible_user", "ansible_verbosity", "ansible_version",
)  # fmt: skip
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Task(NamedTuple):
    """One task, handler or include of a file.

    Attributes:
        line: its first line, from 1.
        name: its name; empty if it has none.
        mark: digest of the task and the blocks around it, without names, comments and layout.
        node: its YAML node.
        play: name of the enclosing play; None in a file of tasks.
    """

    line: int
    name: str
    mark: str
    node: yaml.MappingNode
    play: str | None


class Variable(NamedTuple):
    """A variable in a file: digest of its value, its line, and the YAML node of the value."""

    mark: str
    line: int
    node: yaml.Node


class Play(NamedTuple):
    """A play: its name, ``hosts`` if it is a single text, its ``vars``, and the literal paths of ``vars_files``."""

    name: str
    hosts: str
    variables: dict[str, Variable]
    vars_files: tuple[str, ...]


class YamlFile:
    """A YAML file of a playbook. No objects are constructed: tags such as ``!vault`` are read as text.

    Args:
        data: its content.

    Raises:
        ValueError: it is too large, or not a single YAML document.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise ValueError("too large")
        try:
            self._root = yaml.compose(data.decode("utf-8-sig"), Loader=_Loader)
            self._marks: dict[int, str] = {}
            self.tasks = tuple(self._tasks(self._root, "", None))
        except (yaml.YAMLError, RecursionError) as error:
            raise ValueError("no YAML") from error

    def variables(self) -> dict[str, Variable]:
        """Return the variables of a variable file.

        Raises:
            ValueError: it contains something else, e.g. an encrypted text.
        """
        if self._root is None:
            return {}
        if not isinstance(self._root, yaml.MappingNode):
            raise ValueError("no variables")  # noqa: TRY004 - of a file, not of a caller
        return self.entries(self._root)

    def entries(self, node: yaml.Node | None) -> dict[str, Variable]:
        """Return the variables of one mapping of this file; none for other nodes."""
        if not isinstance(node, yaml.MappingNode):
            return {}
        return {
            key.value: Variable(self._mark(value), key.start_mark.line + 1, value)
            for key, value in node.value
            if isinstance(key, yaml.ScalarNode)
        }

    def plays(self) -> tuple[Play, ...]:
        """Return the plays of a playbook; none for a file of tasks."""
        rows = self._root.value if isinstance(self._root, yaml.SequenceNode) else []
        return tuple(self._play(row) for row in rows if isinstance(row, yaml.MappingNode) and "hosts" in _keys(row))

    def _play(self, node: yaml.MappingNode) -> Play:
        keys = _keys(node)
        own, files = keys.get("vars"), keys.get("vars_files")
        rows = files.value if isinstance(files, yaml.SequenceNode) else [files] if files is not None else []
        return Play(
            name=play_name(keys),
            hosts=text_of(keys.get("hosts")),
            variables=self.entries(own),
            vars_files=tuple(text for row in rows if (text := text_of(row)) and "{{" not in text),
        )

    def _tasks(self, node: yaml.Node | None, around: str, play: str | None) -> Iterator[Task]:
        if not isinstance(node, yaml.SequenceNode):
            return
        for row in node.value:
            if not isinstance(row, yaml.MappingNode):
                continue
            keys = _keys(row)
            is_play = "hosts" in keys
            inner = [keys[name] for name in (_LISTS if is_play else _BLOCK) if name in keys]
            if is_play or inner:
                said = around if is_play else _digest(around, self._mark(row, _SECTIONS))
                for one in inner:
                    yield from self._tasks(one, said, play_name(keys) if is_play else play)
            else:
                mark = _digest(around, self._mark(row, frozenset()))
                yield Task(row.start_mark.line + 1, text_of(keys.get("name")), mark, row, play)

    def _mark(self, node: yaml.Node, without: Sequence[str] | set[str] | frozenset[str] | None = None) -> str:
        """Return a digest of a value; ``without``: keywords of a task or block to omit, in addition to names."""
        if without is None and id(node) in self._marks:
            return self._marks[id(node)]
        if isinstance(node, yaml.MappingNode):
            left_out = set() if without is None else {"name", *without}
            rows = [(self._mark(key), self._mark(value)) for key, value in node.value if text_of(key) not in left_out]
            mark = _digest("map", node.tag, *(part for row in sorted(rows) for part in row))
        elif isinstance(node, yaml.SequenceNode):
            mark = _digest("list", node.tag, *map(self._mark, node.value))
        else:
            mark = _digest("text", node.tag, str(node.value))
        if without is None:
            self._marks[id(node)] = mark
        return mark


def play_name(keys: dict[str, yaml.Node]) -> str:
    """Return the name of a play as Ansible reports it: that of its hosts if it has none."""
    return text_of(keys.get("name")) or text_of(keys.get("hosts"))


def text_of(node: yaml.Node | None) -> str:
    """Return the text of a scalar; empty for other nodes."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _keys(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    return {text_of(key): value for key, value in node.value}


def mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Return the values of a mapping by name; none for other nodes."""
    return _keys(node) if isinstance(node, yaml.MappingNode) else {}


def _digest(*parts: str) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def source_of(task: Task) -> tuple[str, str] | None:
    """Return the literal ``src`` that a task copies or renders, and the subfolder of a role that is searched for it."""
    for key, value in task.node.value:
        folder = _TEMPLATES.get(text_of(key).removeprefix("ansible.builtin.").removeprefix("ansible.legacy."))
        if folder is None or not isinstance(value, yaml.MappingNode):
            continue
        arguments = _keys(value)
        src = text_of(arguments.get("src"))
        is_remote = text_of(arguments.get("remote_src")) not in {"", "false", "no", "False"}
        return (src, folder) if src and "{{" not in src and not is_remote else None
    return None


def included_by(task: Task) -> str | None:
    """Return the literal path of a variable file that a task includes for every host."""
    keys = _keys(task.node)
    if keys.keys() & {"when", "loop", "with_first_found", "with_items"}:
        return None
    for name, value in keys.items():
        if name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.") == "include_vars":
            arguments = mapping(value)
            is_named = "name" in arguments  # its variables are nested below that name
            path = text_of(arguments.get("file")) if arguments else text_of(value)
            return path if path and not is_named and "{{" not in path and "=" not in path else None
    return None


def notified_by(task: Task) -> set[str]:
    """Return the handlers a task notifies."""
    node = _keys(task.node).get("notify")
    return {text_of(row) for row in node.value} if isinstance(node, yaml.SequenceNode) else {text_of(node)} - {""}


def facts_in(names: Iterable[str]) -> list[str]:
    """Return those names that are facts of a host: gathered in each run, and set in no file."""
    return sorted(name for name in names if name.startswith("ansible_") and not name.startswith(_NO_FACTS))


def names_in(node: yaml.Node) -> set[str]:
    """Return the variables used in the expressions of a YAML node."""
    found: set[str] = set()
    stack: list[tuple[yaml.Node, bool]] = [(node, False)]
    seen: set[int] = set()
    while stack:
        one, bare = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.MappingNode):
            for key, value in one.value:
                stack += [(key, False), (value, text_of(key) in _BARE)]
        elif isinstance(one, yaml.SequenceNode):
            stack += [(row, bare) for row in one.value]
        else:
            found |= names_in_template(f"{{{{ {one.value} }}}}" if bare and "{{" not in one.value else str(one.value))
    return found


def names_in_template(text: str) -> set[str]:
    """Return the variables of a Jinja template; none if it does not parse or sets its own delimiters."""
    if ("{{" not in text and "{%" not in text) or text.startswith("#jinja2:") or len(text) > MOST_BYTES:
        return set()
    from jinja2 import TemplateError, nodes

    try:
        return {one.name for one in _environment().parse(text).find_all(nodes.Name) if one.ctx == "load"}
    except (TemplateError, RecursionError):
        return set()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment

    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701 - nothing is rendered


@lru_cache(maxsize=256)
def parsed(data: bytes) -> YamlFile | None:
    """Return the parsed file, cached since several tasks share few files; None if it is not YAML."""
    try:
        return YamlFile(data)
    except (ValueError, RecursionError):
        return None
