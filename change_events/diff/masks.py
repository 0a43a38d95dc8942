"""Masks: JSON that marks the sensitive or unknown parts of a value.

A mask is ``true`` (all of it), ``false`` or absent (nothing), or nested like its value: an object lists only
some keys, an array keeps every position. The presence of a key has no meaning by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def child(mask: Any, step: str | int) -> Any:
    """Return the mask of one attribute, map key or element; a full mask covers every part."""
    if mask is True:
        return True
    if isinstance(mask, dict):
        return mask.get(str(step), False)
    if isinstance(mask, list) and isinstance(step, int) and 0 <= step < len(mask):
        return mask[step]
    return False


def has_true(mask: Any) -> bool:
    """Return whether the mask covers anything at all."""
    if not mask or mask is True:
        return mask is True
    if isinstance(mask, dict):
        return any(map(has_true, mask.values()))
    return isinstance(mask, list) and any(map(has_true, mask))


def marks(mask: Any) -> object:
    """Reduce a mask to what it covers, so that ``{}``, ``[false]`` and ``false`` compare equal."""
    if isinstance(mask, dict):
        reduced_parts = tuple((key, reduced) for key in sorted(mask) if (reduced := marks(mask[key])))
    elif isinstance(mask, list):
        reduced_parts = tuple((index, reduced) for index, part in enumerate(mask) if (reduced := marks(part)))
    else:
        return mask is True
    return reduced_parts or False


def hidden_values(value: Any, mask: Any) -> Iterator[Any]:
    """Yield every part of a value covered by its mask."""
    if mask is True:
        yield value
    elif isinstance(mask, dict) and isinstance(value, dict):
        for key, part in mask.items():
            if key in value:
                yield from hidden_values(value[key], part)
    elif isinstance(mask, list) and isinstance(value, list):
        for element, part in zip(value, mask, strict=False):
            yield from hidden_values(element, part)
