"""Paths of attributes in HCL notation, and how they relate."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = str | int
Path = tuple[Step, ...]

_IDENTIFIER = lazy_pattern(r"[^\W\d][\w-]*", re.UNICODE)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def render_path(steps: Sequence[Step]) -> str:
    """Return a path in HCL notation: ``ingress[0].cidr_blocks``, ``tags["kubernetes.io/role"]``."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _IDENTIFIER.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step.translate(_ESCAPES)}"]'
    return text


def overlaps(path: Path, other: Path) -> bool:
    """Return whether one path equals the other or is a prefix of it."""
    length = min(len(path), len(other))
    return path[:length] == other[:length]


def matcher(globs: Sequence[str]) -> re.Pattern[str] | None:
    """Compile attribute globs into one pattern for rendered paths; a glob also matches nested attributes."""
    if not globs:
        return None
    return re.compile("|".join(translate(shape) for glob in globs for shape in (glob, f"{glob}.*", f"{glob}[[]*")))
