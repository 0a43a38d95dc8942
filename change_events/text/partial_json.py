"""Decodes some attributes of a JSON object and skips the rest, which is much cheaper for a large object."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from change_events.text.exact_json import Number

_MOST_DECODERS = 512


def attributes(data: bytes, names: tuple[str, ...], *, raw: bool = False) -> dict[str, Any] | None:
    """Decode the attributes of an object that have one of these names.

    Args:
        data: JSON.
        names: names of the attributes; each set of names is compiled once.
        raw: leave the values undecoded, as bytes; else numbers are exact (:func:`change_events.diff.decode_exact`).

    Returns:
        The present attributes by name; empty for ``null``. None if the decoder fails (not an object, an unsupported
        name or number): decode the whole.
    """
    decoder = _decoder(names, raw)
    if decoder is None:
        return None
    try:
        decoded = decoder.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if decoded is None:
        return {}
    values = zip(names, msgspec.structs.astuple(decoded), strict=True)
    return {name: bytes(value) if raw else value for name, value in values if value is not msgspec.UNSET}


@lru_cache(_MOST_DECODERS)
def _decoder(names: tuple[str, ...], raw: bool) -> msgspec.json.Decoder[Any] | None:
    fields = [(f"field_{number}", msgspec.Raw if raw else Any, msgspec.UNSET) for number in range(len(names))]
    keys = {f"field_{number}": name for number, name in enumerate(names)}
    try:
        shape = msgspec.defstruct("Attributes", fields, rename=keys, gc=False)
    except ValueError:  # a name with quotes or a backslash
        return None
    return msgspec.json.Decoder(shape | None, float_hook=Number)
