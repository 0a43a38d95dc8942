"""Forms of a change of amounts: ``lower`` and ``higher``, for numbers, percentages, durations and quantities.

``lower`` accepts numbers (also in strings) and percentages; ``lower duration`` also ``604800s``, ``7d``, ``1h30m`` and
``P7D``; ``lower quantity`` those of Kubernetes
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity); ``lower tls`` names of TLS versions
and of AWS's policies. Amounts of different kinds are never compared. ``0=endless``: that value means no limit.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from change_events.signals.paths import leaf_pairs, pairs
from change_events.signals.verdict import Verdict
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.signals.verdict import Case

Amount = tuple[str, tuple[Decimal, ...]]
_ENDLESS = (Decimal("Infinity"),)
_LONGEST = 30
_NUMBER = lazy_pattern(r"([+-]?\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,3})?)(%?)")
_DURATION = lazy_pattern(r"(?:\d{1,12}(?:\.\d{1,9})?[dhms])+")
_ISO_DURATION = lazy_pattern(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?")
_PART = lazy_pattern(r"([\d.]+)([dhms])")
_QUANTITY = lazy_pattern(r"([+-]?\d{1,40}(?:\.\d{0,40})?)(n|u|m|k|[MGTPE]|[KMGTPE]i)?")
_TLS = lazy_pattern(r"(TLS|SSL)?[ _]?v?(\d)(?:[._]?(\d))?(?:_(\d{4}))?")
_TLS_POLICY = lazy_pattern(r"ELBSecurityPolicy-(?:TLS13-|TLS-|FS-)?(?:(1)-([0-3])(?:-|$)|\d{4}-\d\d)")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_POWERS = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}  # fmt: skip


def lower(case: Case) -> Iterator[Verdict]:
    """Match an amount that became lower."""
    for label, before, after, old, new in _compared(case):
        if new < old:
            words = f"lowered from {_text(before, old)} to {_text(after, new)}"
            yield Verdict(label, words, "was lowered", (before, after))


def higher(case: Case) -> Iterator[Verdict]:
    """Match an amount that became higher."""
    for label, before, after, old, new in _compared(case):
        if new > old:
            words = f"raised from {_text(before, old)} to {_text(after, new)}"
            yield Verdict(label, words, "was raised", (before, after))


def _text(value: Any, amount: tuple[Decimal, ...]) -> str:
    return "no limit" if amount == _ENDLESS else str(value)[:_LONGEST]


def _compared(case: Case) -> Iterator[tuple[str, Any, Any, tuple[Decimal, ...], tuple[Decimal, ...]]]:
    """Yield the amounts at the path that have the same kind on both sides."""
    unit, endless = "", ""
    for word in case.argument.split():
        unit, endless = (unit, word.partition("=")[0]) if word.endswith("=endless") else (word, endless)
    steps = case.row.steps
    for label, before, after in pairs(case.subject.before, case.subject.after, steps):
        for path, one, other in leaf_pairs(before, after, label):
            old, new = (amount(side, unit) for side in (one, other))
            if old and new and old[0] == new[0]:
                yield path, one, other, *(_ENDLESS if endless and str(s) == endless else a[1]
                                          for s, a in ((one, old), (other, new)))  # fmt: skip


def amount(value: Any, unit: str = "") -> Amount | None:
    """Return a value as an amount: its kind, and comparable figures; None if it is none of this unit."""
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    try:
        return _PARSERS[unit](str(value).strip())
    except InvalidOperation:
        return None


def _plain(text: str) -> Amount | None:
    found = _NUMBER.fullmatch(text)
    return (found[2], (Decimal(found[1]),)) if found else None


def _duration(text: str) -> Amount | None:
    if _DURATION.fullmatch(text):
        return "s", (sum((Decimal(n) * _SECONDS[unit] for n, unit in _PART.findall(text)), Decimal(0)),)
    iso = _ISO_DURATION.fullmatch(text)
    if iso and any(iso.groups()):
        return "s", (sum((Decimal(n or 0) * _SECONDS[unit] for n, unit in zip(iso.groups(), "dhms", strict=True)),
                         Decimal(0)),)  # fmt: skip
    return _plain(text)


def _quantity(text: str) -> Amount | None:
    found = _QUANTITY.fullmatch(text)
    return ("", (Decimal(found[1]) * _POWERS[found[2] or ""],)) if found else _plain(text)


def _tls(text: str) -> Amount | None:
    """Return the oldest allowed version; of an AWS policy, by its name (those named by a date allow 1.0)."""
    if policy := _TLS_POLICY.match(text):
        return "policy", (Decimal(1), Decimal(policy[2] or 0))
    found = _TLS.fullmatch(text)
    if not found:
        return None
    return "tls", (Decimal(0 if found[1] == "SSL" else 1), *(Decimal(part or 0) for part in found.groups()[1:]))


_PARSERS: dict[str, Callable[[str], Amount | None]] = {
    "": _plain,
    "duration": _duration,
    "quantity": _quantity,
    "tls": _tls,
}
UNITS = tuple(_PARSERS)
"""What may follow ``lower`` and ``higher``."""
