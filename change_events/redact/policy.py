"""The redaction settings: they tighten and extend redaction, and switch nothing off."""

from __future__ import annotations

from typing import Literal

import msgspec


class RedactPolicy(msgspec.Struct, frozen=True):
    """The redaction settings.

    Attributes:
        values: ``safe`` shows redacted values; ``names`` and ``none`` show only that a value is set.
        names: additional names whose values are secrets, as globs (``fnmatch``, any case).
        patterns: additional regular expressions of secrets; a group named ``secret`` narrows what is hidden.
        max_value: maximum size of a shown value in bytes (UTF-8); longer ones are shown as size and fingerprint.
    """

    values: Literal["none", "names", "safe"] = "safe"
    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    max_value: int = 200
