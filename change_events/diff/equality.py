"""Equality of JSON values: numbers by value, booleans never as numbers, null as absent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def same(before: Any, after: Any) -> bool:
    """Return whether two decoded JSON values are equal in Terraform.

    ``1`` and ``1.0`` are equal, ``1``, ``true`` and ``"1"`` are not; a key that is null equals a key that is
    absent.
    """
    if isinstance(before, str) and isinstance(after, str):
        return before == after
    if isinstance(before, dict) and isinstance(after, dict):
        return all(same(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    if _is_number(before) and _is_number(after):
        return bool(before == after)
    return type(before) is type(after) and bool(before == after)


def freeze(value: Any) -> object:
    """Return a hashable value that is equal exactly if :func:`same` holds."""
    if isinstance(value, dict):
        return ("object", tuple((key, freeze(value[key])) for key in sorted(value) if value[key] is not None))
    if isinstance(value, list):
        return ("list", tuple(freeze(element) for element in value))
    return ("number", value) if _is_number(value) else (type(value).__name__, value)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> set[object]:
    """Return the scalars of a value with their paths; nulls and empty containers have none."""
    if isinstance(value, dict):
        parts: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return set() if value is None else {(path, freeze(value))}
    return {leaf for step, part in parts for leaf in leaves(part, (*path, step))}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)
