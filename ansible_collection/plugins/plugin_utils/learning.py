# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds values of a playbook run that must not be shown, in Ansible's own objects.

The core decides which names are secret; values that are vaulted, prompted for or set by a task with ``no_log`` are
secrets under any name.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import templated, variables
from ansible_collections.tfevent.infra.plugins.plugin_utils.results import parts

VARIABLES_SECONDS = 0.3  # for looking at hosts' variables, of which there may be thousands
_BUILTIN = ("", "ansible.builtin.", "ansible.legacy.")
SETS_FACTS = frozenset(prefix + "set_fact" for prefix in _BUILTIN)
INCLUDES_VARIABLES = frozenset(prefix + "include_vars" for prefix in _BUILTIN)
_COPIES = {  # modules whose ``src`` is a file of the controller, and the folder in which it is looked for
    **{prefix + name: "files" for prefix in _BUILTIN for name in ("assemble", "copy", "script", "unarchive")},
    **dict.fromkeys([prefix + "template" for prefix in _BUILTIN], "templates"),
    "ansible.windows.win_copy": "files",
    "ansible.windows.win_template": "templates",
}
# broad: it only saves work, and the core decides
_MAY_BE_SECRET = re.compile(
    r"pass|pw|secret|token|key|cred|auth|psk|sas|salt|jwt|pem|webhook|connection|kube", re.IGNORECASE
)
_MOST_HIDDEN = 1_000  # names of variables
_MOST_RAW = 2_000  # tasks whose templates are kept
_MOST_VALUES = 20  # of one variable
_DISTINCTIVE = 8  # characters: a shorter value may stand in another one by chance
_DEEPEST = 8
_LARGEST = 200_000  # characters of a vaulted file that is copied

Learn = Callable[[Mapping[str, None], Mapping[str, Any]], object]


class Learning:
    """Finds the secrets of one playbook.

    Args:
        learn: takes secrets in any order, and values by name.
        loader: Ansible's loader, which reads and decrypts files.
    """

    def __init__(self, learn: Learn, loader: Any) -> None:
        self._learn = learn
        self._loader = loader
        self._files: set[str] = set()
        self._learned: set[str] = set()
        self._with_environment: set[str] = set()
        self._raw: dict[str, Mapping[str, Any]] = {}  # of each task that has any, its templates by place
        self._plain: dict[str, list[str]] = {}  # values of secret variables that are no templates, by name
        self._hidden: set[str] = set()  # variables that tasks with `no_log` have set

    # -- before a task ----------------------------------------------------------------------------------------------

    def play_starts(self, play: Any) -> None:
        """Learn the secrets in variables, before the play's first task."""
        end = time.monotonic() + VARIABLES_SECONDS
        prompted = [prompt["name"] for prompt in play.vars_prompt or () if prompt.get("private", True)]
        for source in _sources(play.get_variable_manager(), play, end):
            mine = variables.own(source)
            self._learn(dict.fromkeys(variables.texts([mine.get(name) for name in prompted])), {})
            self._learn_variables(mine)
            self._keep_plain(mine)
            if time.monotonic() < end:
                self._learn(dict.fromkeys(self._of_lookups(mine)), self._evaluated(mine, source))
        self._learn_filled({"name": _given(play, "name")}, {"name": play.get_name()})

    def task_starts(self, task: Any) -> bool:
        """Examine a task before it is templated for a host; returns whether it has an environment of its own."""
        name = _given(task, "name")
        if templated.has_template(name):
            self._learn_filled({"name": name}, {"name": task.name})
        raw = {
            place: value for place in ("args", "vars", "loop") if _has_templates(value := getattr(task, place, None))
        }
        if raw and len(self._raw) < _MOST_RAW:
            self._raw[task._uuid] = raw
        if task.no_log and len(self._hidden) < _MOST_HIDDEN:
            self._hidden.update(variables_set_by(task))
        if any(task.environment or ()):
            self._with_environment.add(task._uuid)
            return True
        return False

    # -- after it ---------------------------------------------------------------------------------------------------

    def task_ends(self, task: Any, data: Mapping[str, Any], *, failed: bool) -> None:
        """Learn the secrets in a task's arguments and in variables it has set, which records may contain."""
        if failed or data.get("changed"):
            again = task._uuid in self._learned
            if failed or not again:
                self._learned.add(task._uuid)
                self._learn_given(task, data)
            self._learn_templates(task, data, again=again)
        if task._uuid in self._with_environment:  # templated by now, for this host
            for part in task.environment:
                if isinstance(part, Mapping):
                    self._learn_variables(part)
        for part in parts(data):
            if task.register and isinstance(part.get("stdout"), str):
                self._learn_variables(dict.fromkeys(_registered(task), part["stdout"]))
            if task.action in SETS_FACTS and isinstance(part.get("ansible_facts"), Mapping):
                self._learn_variables(part["ansible_facts"])
        if task.action in INCLUDES_VARIABLES:
            self._read_again(task)

    def _learn_given(self, task: Any, data: Mapping[str, Any]) -> None:
        self._learn_variables(task.get_vars())
        self._learn_variables(task.args)
        for part in parts(data):
            self._learn_variables(part["item"] if isinstance(part.get("item"), Mapping) else {})
        folder = _COPIES.get(task.action)
        source = task.args.get("src") if folder else None
        if folder and isinstance(source, str) and not task.args.get("remote_src"):
            for path in self._found(task, folder, source):
                self._learn(dict.fromkeys(self._of_vaulted(path)), {})

    def _learn_templates(self, task: Any, data: Mapping[str, Any], *, again: bool) -> None:
        raw = self._raw.get(task._uuid)
        if raw is None:
            return
        if not again:
            for text in _texts(raw):
                for name in templated.files_read(text):
                    for path in self._found(task, "files", name):
                        self._learn(dict.fromkeys(self._of_vaulted(path)), {})
        looped = raw.get("loop")
        items = [part.get(str(part.get("ansible_loop_var") or "item")) for part in parts(data)]
        self._learn_filled(raw, {"args": task.args, "vars": task.vars, "loop": items if looped else None}, again=again)

    def _learn_filled(self, template: Mapping[str, Any], result: Mapping[str, Any], *, again: bool = False) -> None:
        secrets: dict[str, None] = {}
        named: dict[str, list[Any]] = {}
        for words, value in templated.filled(template, result):
            if not self._hidden.isdisjoint(words) or "unvault" in words:
                secrets.update(dict.fromkeys(variables.texts([value])))
            if self._is_known_with_more(words, value):
                continue
            for word in words:
                if not again or _MAY_BE_SECRET.search(word):
                    named.setdefault(word, []).append(value)
        if secrets or named:
            self._learn(secrets, variables.plain(named))

    def _keep_plain(self, mine: Mapping[str, Any]) -> None:
        for name, value in mine.items():
            if _is_plain(value) and _MAY_BE_SECRET.search(name) and len(self._plain) < _MOST_HIDDEN:
                values = self._plain.setdefault(name, [])
                if value not in values and len(values) < _MOST_VALUES:
                    values.append(str.__str__(value))

    def _is_known_with_more(self, words: tuple[str, ...], value: Any) -> bool:
        """Return whether a value has a known secret and other text: in ``{{ a }}/{{ b }}`` the split is unclear."""
        known = (plain for word in words for plain in self._plain.get(word, ()))
        return isinstance(value, str) and any(plain != value and plain in value for plain in known)

    def _learn_variables(self, mine: Mapping[str, Any]) -> None:
        self._learn(dict.fromkeys(variables.vaulted(mine)), variables.plain(mine))

    # -- variables that are templates -------------------------------------------------------------------------------

    def _evaluated(self, mine: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of variables made of other variables, without lookups."""
        found = {}
        for name, value in mine.items():
            if templated.has_template(value) and _MAY_BE_SECRET.search(name) and templated.is_pure(value, known):
                text = _evaluate(self._loader, value, known)
                if text is not None:
                    found[str(name)] = text
        return variables.plain(found)

    def _of_lookups(self, mine: Mapping[str, Any]) -> list[str]:
        """Learn the content of vaulted files that lookups in variables read."""
        found: list[str] = []
        for text in _texts(mine):
            for name in templated.files_read(text):
                folder = self._loader.get_basedir()
                for path in (os.path.join(folder, "files", name), os.path.join(folder, name)):
                    found += self._of_vaulted(path)
        return found

    # -- files ------------------------------------------------------------------------------------------------------

    def secrets_of_files(self) -> list[str]:
        """Learn the vaulted values in files that Ansible has cached: plays, tasks, variables of roles and hosts."""
        new = {path: held for path, held in variables.kept_by(self._loader).items() if path not in self._files}
        self._files.update(new)
        return variables.of_files(new)

    def _read_again(self, task: Any) -> None:
        """Read a vaulted file that a worker has read, since its values are not part of the result."""
        name = task.args.get("file") or task.args.get("_raw_params") or task.args.get("dir")
        for path in self._found(task, "vars", name):
            if path not in self._files and variables.is_vault(path):
                self._loader.load_from_file(path)

    def _found(self, task: Any, folder: str, name: Any) -> list[str]:
        """Return the file of this name as seen by a task, or the files in the folder of this name."""
        if not name or not isinstance(name, str) or "{{" in name:
            return []
        try:
            found = self._loader.path_dwim_relative_stack(task.get_search_path(), folder, name)
        except Exception:  # noqa: BLE001 - there is none: the task itself says so
            return []
        inside = [os.path.join(where, name) for where, _dummy, names in os.walk(found) for name in names]
        return inside or [found]

    def _of_vaulted(self, path: str) -> list[str]:
        """Return the content of a fully vaulted file, in parts that may occur alone; nothing for other files."""
        if path in self._files or not variables.is_vault(path):
            return []
        self._files.add(path)
        try:
            content = self._loader._get_file_contents(path)[0].decode("utf-8", "replace")
        except Exception:  # noqa: BLE001 - no password: then the task has not read it either
            return []
        return variables.pieces(content[:_LARGEST])


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= _DISTINCTIVE and not templated.has_template(value)


def variables_set_by(task: Any) -> list[str]:
    """Return the names of the variables that a task sets."""
    names = list(task.args) if task.action in SETS_FACTS else []
    return [str(name) for name in (*names, *(_registered(task) if task.register else ()))]


def _registered(task: Any) -> list[str]:
    """Return the names of registered variables; since ansible-core 2.21 always a mapping."""
    return [task.register] if isinstance(task.register, str) else list(task.register)


def _given(thing: Any, name: str) -> Any:
    """Return the playbook's text before templating."""
    given = getattr(thing, "_ds", None)
    return given.get(name) if isinstance(given, Mapping) else None


def _has_templates(value: Any) -> bool:
    return any(templated.has_template(text) for text in _texts(value))


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth < _DEEPEST:
        for part in value.values():
            yield from _texts(part, depth + 1)
    elif isinstance(value, (list, tuple)) and depth < _DEEPEST:
        for part in value:
            yield from _texts(part, depth + 1)


def _evaluate(loader: Any, value: str, known: Mapping[str, Any]) -> Any:
    from ansible.template import Templar

    try:
        return Templar(loader=loader, variables=dict(known)).template(value)
    except Exception:  # noqa: BLE001 - it needs what there is not yet
        return None


def _sources(manager: Any, play: Any, end: float) -> Iterator[Mapping[str, Any]]:
    """Return the play's own variables, and those of its hosts while time allows: first one host of each kind."""
    yield host_variables(manager, play=play)
    for host in _one_of_each_kind_first(manager._inventory.get_hosts(play.hosts)):
        if time.monotonic() > end:
            return
        yield host_variables(manager, play=play, host=host)


def host_variables(manager: Any, **of: Any) -> Mapping[str, Any]:
    """Return the variables of a host; None if unavailable: without a vault password, the run fails anyway."""
    try:
        found: Mapping[str, Any] = manager.get_vars(include_hostvars=False, **of)
    except Exception:  # noqa: BLE001 - whatever it is, Ansible reports it
        return {}
    return found


def _one_of_each_kind_first(hosts: Iterable[Any]) -> list[Any]:
    """Return hosts so that one of each set of groups comes first, since the others share most variables."""
    hosts = list(hosts)
    kinds: dict[tuple[str, ...], Any] = {}
    for host in hosts:
        kinds.setdefault(tuple(group.get_name() for group in host.get_groups()), host)
    first = {id(host) for host in kinds.values()}
    return sorted(hosts, key=lambda host: id(host) not in first)
