"""Converts the bytes of a JSON file to UTF-8 JSON documents.

PowerShell redirects write UTF-16 with a byte order mark, editors add one to UTF-8, Terragrunt concatenates several
plans.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from change_events.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def to_utf8(data: bytes) -> bytes:
    """Return the text as UTF-8 without a byte order mark; invalid bytes become replacement characters."""
    data = data.removeprefix(codecs.BOM_UTF8)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode()
    if data[1:2] == b"\0" or data[:1] == b"\0":
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace").encode()
    return data if data.isascii() else _valid(data)


def _valid(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def split_documents(data: bytes, name: str) -> Iterator[bytes]:
    """Yield each JSON document of UTF-8 text with one or several.

    Raises:
        InputError: a part between or inside them is not JSON.
    """
    import json  # a single document, as most are, is not split

    text, place, decoder = data.decode(), 0, json.JSONDecoder()
    while (place := _after_space(text, place)) < len(text):
        try:
            _, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, place) + 1
            raise InputError(
                f"{name}: not JSON after line {line}; create it again with `terraform show -json`"
            ) from error
        yield text[place:end].encode()
        place = end


def _after_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place
