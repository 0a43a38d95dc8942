"""Names that someone may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 3  # characters of a part of a name that says something


def near_names(wanted: str, known: Iterable[str], *, most: int, cutoff: float) -> list[str]:
    """The known names that are like the wanted one, in any case: those that hold it first, the shortest before others.

    Args:
        wanted: what was asked for.
        known: names that there are.
        most: names to return at most.
        cutoff: how like a name must be that does not hold it, from 0 to 1.
    """
    folded = wanted.casefold()
    names = {name: name.casefold() for name in known}
    holding = [name for name, text in names.items() if folded in text and len(folded) >= _SHORTEST]
    if len(holding) >= most:
        return sorted(holding, key=lambda name: (len(name), name))[:most]
    import difflib  # for mistakes

    like = difflib.get_close_matches(folded, names.values(), n=most, cutoff=cutoff)
    others = [name for text in like for name, other in names.items() if other == text]
    return list(dict.fromkeys((*sorted(holding, key=lambda name: (len(name), name)), *others)))[:most]
