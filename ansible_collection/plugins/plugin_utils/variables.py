# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that must not be told: vaulted ones, known by their type, and what stands under the name of a secret.

Which names are those of secrets is the core's knowledge: it gets the variables with their names, and only looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 20_000  # values of one look
_DEEPEST = 12
_LONGEST = 10_000  # characters
_VAULTED = frozenset({"EncryptedString", "AnsibleVaultEncryptedUnicode"})  # since ansible-core 2.19, and before


def vaulted(variables: Any) -> list[str]:
    """The decrypted text of every inline-vaulted value inside; of those that cannot be decrypted, nothing."""
    found: dict[str, None] = {}
    for value in _scalars(variables):
        if type(value).__name__ in _VAULTED and (text := _decrypted(value)):
            found[text] = None
    return list(found)


def _decrypted(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - no vault password, or the wrong one: whoever uses the value is told by Ansible
        return ""


def plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables as plain JSON values, for the core to look at; templates and what is no data are left out."""
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
