"""Similar names, for suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 3  # characters of a significant part of a name


def near_names(wanted: str, known: Iterable[str], *, most: int, cutoff: float) -> list[str]:
    """Return known names similar to the wanted one, ignoring case: those that contain it first, the shortest first.

    Args:
        wanted: the requested name.
        known: the existing names.
        most: largest number of names to return.
        cutoff: minimum similarity, from 0 to 1, of a name that does not contain it.
    """
    folded = wanted.casefold()
    names = {name: name.casefold() for name in known}
    holding = [name for name, text in names.items() if folded in text and len(folded) >= _SHORTEST]
    if len(holding) >= most:
        return sorted(holding, key=lambda name: (len(name), name))[:most]
    import difflib  # imported late: only needed for errors

    like = difflib.get_close_matches(folded, names.values(), n=most, cutoff=cutoff)
    others = [name for text in like for name, other in names.items() if other == text]
    return list(dict.fromkeys((*sorted(holding, key=lambda name: (len(name), name)), *others)))[:most]
