"""Decodes JSON without losing digits: Terraform's numbers have arbitrary precision."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any, Self

import msgspec


class Number(Decimal):
    """A number that compares by value and prints as it was written (``1.50``, ``1.5e300``).

    Args:
        lexeme: the number as written in the JSON text.
    """

    lexeme: str

    def __new__(cls, lexeme: str) -> Self:
        """Create the number; an exponent too large for Decimal yields infinity, with its lexeme kept."""
        try:
            number = super().__new__(cls, lexeme)
        except decimal.InvalidOperation:
            number = super().__new__(cls, "-Infinity" if lexeme.startswith("-") else "Infinity")
        number.lexeme = lexeme
        return number

    def __str__(self) -> str:
        return self.lexeme

    def __repr__(self) -> str:
        return f"Number({self.lexeme!r})"

    def __copy__(self) -> Number:
        return self

    def __deepcopy__(self, memo: object) -> Number:
        return self

    def __reduce__(self) -> tuple[type[Number], tuple[str]]:
        return Number, (self.lexeme,)


_DECODER = msgspec.json.Decoder(float_hook=Number)


def decode_exact(data: bytes | str | msgspec.Raw) -> Any:
    """Decode JSON into plain Python with exact numbers: ``int`` for integers, :class:`Number` for the rest.

    Raises:
        msgspec.DecodeError: the data is not JSON.
        RecursionError: the data is nested too deeply for Python's stack.
    """
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        if "out of range" not in str(error):
            raise
    return _decode_huge(data)


def _decode_huge(data: bytes | str | msgspec.Raw) -> Any:
    """Decode JSON with an integer of thousands of digits, which neither msgspec nor ``int`` accepts."""
    import json

    text = data if isinstance(data, str) else bytes(data).decode()
    try:
        return json.loads(text, parse_int=_integer, parse_float=Number)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error


def _integer(lexeme: str) -> int | Number:
    return int(lexeme) if len(lexeme) < 1000 else Number(lexeme)  # noqa: PLR2004 - far below the limit of int()
