# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads module results: the items of a loop, how each ended, errors, and the machine of origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.tfevent.infra.plugins.plugin_utils.records import FAILED, OK, SKIPPED, Variable, no_variable
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import CHANGED, error_text

_TEMPLATE = re.compile(
    r"\{\{\s*(?P<name>\w+)(?P<steps>(?:\.\w+|\[(?:'[^']*'|\"[^\"]*\"|\d+)\])*)\s*(?P<default>\|.*)?\}\}"
)
_STEP = re.compile(r"\.(\w+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_DEFAULT = re.compile(r"\|\s*default\(\s*omit\s*\)\s*")


def parts(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the results of a loop's items, or the only result."""
    yield from items(data) or (data,)


def items(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the results of a loop's items; none without a loop."""
    results = data.get("results")
    found = [part for part in results if isinstance(part, Mapping)] if isinstance(results, (list, tuple)) else []
    return found if any("ansible_loop_var" in part or "censored" in part for part in found) else []


class Where(NamedTuple):
    """Machines of one result: the changed ones, other failed ones, and all (or templates) other than the host."""

    changed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    delegates: tuple[str, ...] = ()


def where(
    data: Mapping[str, Any], target: str | None, host: str, variable: Variable = no_variable, *, failed: bool
) -> Where:
    """Return the machines on which a result changed something, and others on which it failed.

    Args:
        data: the result.
        target: ``delegate_to``, as in :func:`delegate`.
        host: the host of the inventory.
        variable: returns the host's variables.
        failed: the result as a whole did not succeed.
    """
    if not target:
        return Where(changed=(host,))
    places: dict[str, dict[str, bool]] = {CHANGED: {}, FAILED: {}, "delegates": {}}
    looped = items(data)
    for part in looped or (data,):
        name = delegate(target, part, host, variable)
        if name != host:
            places["delegates"][name or target] = True
        if name is None:
            continue
        if _is_failed(part) if looped else failed:
            places[FAILED] |= {name: True} if name != host else {}
        elif part.get("changed"):
            places[CHANGED][name] = True
    return Where(tuple(places[CHANGED]), tuple(places[FAILED]), tuple(places["delegates"]))


def delegate(target: str, part: Mapping[str, Any], host: str, variable: Variable = no_variable) -> str | None:
    """Return the machine of one result.

    Args:
        target: ``delegate_to``. In a loop it may still be a template, which is filled in if it consists of names, keys
            and numbers; lookups are not repeated.
        part: the result, or that of one item.
        host: the host of the inventory, if this item is not delegated (``default(omit)``).
        variable: returns the host's variables, of which only plain values count.

    Returns:
        Its name; None if unknown.
    """
    known = part.get("_ansible_delegated_vars")  # of items, since ansible-core 2.21
    if isinstance(known, Mapping) and isinstance(known.get("ansible_delegated_host"), str):
        return str(known["ansible_delegated_host"])
    if "{{" not in target:
        return target
    match = _TEMPLATE.fullmatch(target.strip())
    if match is None or (match["default"] and not _DEFAULT.fullmatch(match["default"])):
        return None
    name = match["name"]
    of_the_loop = (part.get("ansible_loop_var"), part.get("ansible_index_var"))
    value: Any = part.get(name) if name in of_the_loop else variable(name)
    for step in _STEP.finditer(match["steps"]):
        value = _inside(value, next(key for key in step.groups() if key is not None))
    if isinstance(value, str) and value and "{{" not in value:
        return value
    return host if match["default"] and not value else None


def _inside(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, (list, tuple)) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def item_status(part: Mapping[str, Any]) -> str:
    """Return the status of one item; since 2.21 a failure is known by its exception only, a skip by its reason."""
    if _is_failed(part):
        return FAILED
    if part.get("skipped") or "skip_reason" in part:
        return SKIPPED
    return CHANGED if part.get("changed") else OK


def _is_failed(part: Mapping[str, Any]) -> bool:
    return bool(part.get("failed") or part.get("unreachable") or "exception" in part)


def retries(data: Mapping[str, Any]) -> int:
    """Return the number of retries."""
    attempts = [part.get("attempts") for part in parts(data)]
    return sum(number - 1 for number in attempts if isinstance(number, int) and number > 1)


def error(data: Mapping[str, Any]) -> str | None:
    """Return the error of a result; in a loop, that of its first failed item."""
    looped = list(parts(data))
    failed = next((part for part in looped if _is_failed(part)), None)
    return error_text(failed if failed is not None and len(looped) > 1 else looped[0] if len(looped) == 1 else data)
