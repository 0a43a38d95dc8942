# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds values that must not be shown: vaulted ones, by their type, and values with secret names.

The core decides which names are secret: it receives variables with their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST = 20_000  # values of one look
_DEEPEST = 12
_LONGEST = 10_000  # characters
# what Ansible itself adds to the variables of each host: names of all hosts, and through "hostvars" all their variables
_MAGIC = frozenset(
    [
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "group_names",
        "groups",
        "hostvars",
        "play_hosts",
        "vars",
    ]
)
_ASSIGNED = re.compile(r"[=:]")
_WORD = re.compile(r"[^\s'\"=:,;<>(){}\[\]]{6,}")
_NO_WORD = re.compile(r"\d|[a-z][A-Z]|\w[^\w\s.]\w")
_FACTS = "ansible_"
_ENVIRONMENT = "ansible_env"  # the one fact that holds secrets
_VAULT = b"$ANSIBLE_VAULT"
_VAULTED = frozenset({"EncryptedString", "AnsibleVaultEncryptedUnicode"})  # since ansible-core 2.19, and before


def own(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables without Ansible's own, and without facts other than texts and numbers."""
    return {name: value for name, value in variables.items() if name not in _MAGIC and not _is_facts(name, value)}


def _is_facts(name: str, value: Any) -> bool:
    return name.startswith(_FACTS) and name != _ENVIRONMENT and isinstance(value, (Mapping, list, tuple))


def vaulted(variables: Any) -> list[str]:
    """Return the decrypted text of every inline-vaulted value inside; nothing for those that cannot be decrypted."""
    names: dict[str, None] = {}
    for value in _scalars(variables):
        if type(value).__name__ in _VAULTED and (text := _decrypted(value)):
            names[text] = None
    return list(names)


def is_vault(path: str) -> bool:
    """Return whether a file is vaulted as a whole."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_VAULT)) == _VAULT
    except OSError:
        return False


def texts(content: Any) -> list[str]:
    """Every text and number inside what a vaulted file holds: its values do not say that they are secrets."""
    kept = (value for value in _scalars(content) if not isinstance(value, bool) and value is not None)
    return list(dict.fromkeys(text for value in kept if (text := _decrypted(value))))


def pieces(content: str) -> list[str]:
    """Return the parts of a secret text that may occur alone: lines, values after ``=`` and ``:``, odd words."""
    lines = [line.strip() for line in content.splitlines()]
    values = [part.strip(" \t'\",;") for line in lines for part in _ASSIGNED.split(line, 1)[1:]]
    words = [word for word in _WORD.findall(content) if _NO_WORD.search(word)]
    return [text for text in dict.fromkeys([content.strip(), *lines, *values, *words]) if text]


def of_files(kept: Mapping[str, Any]) -> list[str]:
    """Return the vaulted values in files that Ansible has read: plays, tasks, variables of roles, groups and hosts.

    Args:
        kept: content by path, as cached by the loader (:func:`kept_by`).
    """
    values: dict[str, None] = {}
    for path, content in kept.items():
        values.update(dict.fromkeys((texts if is_vault(path) else vaulted)(content)))
    return list(values)


def from_vaults(variables: Any) -> list[str]:
    """Return texts from fully vaulted files that are not cached: of ``include_vars``, of the inventory.

    Since ansible-core 2.19 values have their origin; before, nothing is found.
    """
    known: dict[str, bool] = {}
    values: dict[str, None] = {}
    for value in _scalars(variables):
        for path in _origins(value):
            if path not in known:
                known[path] = is_vault(path)
            if known[path]:
                values.update(dict.fromkeys(texts(value)))
    return list(values)


def _origins(value: Any) -> Iterator[str]:
    tags = getattr(value, "_ansible_tags_mapping", None)  # Ansible's own name: without it, nothing is known
    for tag in tags.values() if isinstance(tags, Mapping) else ():
        if isinstance(path := getattr(tag, "path", None), str):
            yield path


def kept_by(loader: Any) -> dict[str, Any]:
    """Return the files cached by a loader; none if Ansible's private attribute has another name."""
    kept = getattr(loader, "_FILE_CACHE", None)
    return {str(path): content for path, content in kept.items()} if isinstance(kept, Mapping) else {}


def _decrypted(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - no vault password, or the wrong one: Ansible reports it where the value is used
        return ""


def plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables as plain JSON values for the core, without templates and other objects."""
    count = [0]
    return {str(name): _plain(value, 0, count) for name, value in variables.items() if _counted(count)}


def _counted(count: list[int]) -> bool:
    count[0] += 1
    return count[0] <= MOST


def _plain(value: Any, depth: int, count: list[int]) -> Any:
    if depth > _DEEPEST or not _counted(count):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(part, depth + 1, count) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, depth + 1, count) for part in value]
    if isinstance(value, str):
        return str(value) if len(value) <= _LONGEST and "{{" not in value else None
    return value if isinstance(value, (int, float)) else None


def _scalars(value: Any, depth: int = 0) -> Iterator[Any]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _scalars(part, depth + 1)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _scalars(part, depth + 1)
    else:
        yield value
