"""What every part of the model is."""

from __future__ import annotations

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the model: immutable, by keyword, defaults left out of the JSON."""
