# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions of the collections and roles used by a playbook, from their own files."""

from __future__ import annotations

import json
import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.tfevent.infra.plugins.plugin_utils.records import Task

_BUILTIN = "ansible"
_PARTS = 3  # of a module's full name: namespace, collection, name
_VERSION = re.compile(r"^version:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)
_MOST = 100


def of_collections(actions: Iterable[str]) -> dict[str, str | None]:
    """Return the versions of the collections of these modules by name; None if unknown."""
    names = dict.fromkeys(".".join(parts[:2]) for action in actions if len(parts := action.split(".")) >= _PARTS)
    return {name: _of_collection(name) for name in list(names)[:_MOST] if not name.startswith(f"{_BUILTIN}.")}


def of_roles(tasks: Iterable[Task]) -> dict[str, str | None]:
    """Return the versions of the roles of these tasks by name, as noted by ``ansible-galaxy role install``."""
    paths = {task.role: task.role_path for task in tasks if task.role}
    return {name: _of_role(path) if path else None for name, path in list(paths.items())[:_MOST]}


@lru_cache(maxsize=_MOST)
def _of_collection(name: str) -> str | None:
    package = sys.modules.get(f"ansible_collections.{name}")
    folder = next(iter(getattr(package, "__path__", None) or ()), None)
    if not isinstance(folder, str):
        return None
    try:
        version = json.loads(_read(folder, "MANIFEST.json"))["collection_info"]["version"]
        return str(version) if version else None
    except (ValueError, KeyError, TypeError):
        found = _VERSION.search(_read(folder, "galaxy.yml"))
        return found[1] if found else None


@lru_cache(maxsize=_MOST)
def _of_role(folder: str) -> str | None:
    found = _VERSION.search(_read(os.path.join(folder, "meta"), ".galaxy_install_info"))
    return found[1] if found else None


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
