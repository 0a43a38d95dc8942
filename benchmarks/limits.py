"""Limits of figures that are ratios of one run: a benchmark that is beyond one of its limits ends with an error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def beyond(figures: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """A line for each figure that is more than its limit."""
    return [
        f"{name}: {figure:.2f}, the most is {limits[name]:.2f}"
        for name, figure in figures.items()
        if figure > limits[name]
    ]


def enforce(figures: Mapping[str, float], limits: Mapping[str, float]) -> None:
    """End the benchmark with an error that names every figure beyond its limit.

    Raises:
        SystemExit: there is one.
    """
    if found := beyond(figures, limits):
        sys.exit("\n".join(found))
