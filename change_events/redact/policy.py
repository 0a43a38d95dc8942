"""What the settings may say about redaction: they tighten and extend it, and switch nothing off."""

from __future__ import annotations

from typing import Literal

import msgspec


class RedactPolicy(msgspec.Struct, frozen=True):
    """How much of a value may be shown.

    Attributes:
        values: ``safe`` shows redacted values; ``names`` and ``none`` show of a value only that it is set.
        names: further names whose values are secrets, as globs (``fnmatch``, any case).
        patterns: further regular expressions of secrets; a group named ``secret`` narrows what is hidden.
        max_value: bytes (UTF-8) of a value that are shown; a longer one is shown as size and fingerprint.
    """

    values: Literal["none", "names", "safe"] = "safe"
    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    max_value: int = 200
