"""Redaction: the only way from raw data to data that may be recorded.

:class:`Redactor` finds secrets by provider marks, by having seen them under a mark before, by the name in front of them
and by their shape; :meth:`Redactor.seal` makes the last pass over the serialised event.

Each kind of rule is one file: ``registry`` (remembered values) with ``encodings`` and ``scrub_scope``, ``names``,
``assignments``, ``blocks``, ``tokens``, ``urls``, ``control_chars``, ``json_values`` (decoded JSON), ``commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.redact.sealing import unseal
from change_events.redact.spans import MARK

if TYPE_CHECKING:
    from change_events.redact.fingerprint import load_key
    from change_events.redact.policy import RedactPolicy
    from change_events.redact.redactor import Redactor

__all__ = ["MARK", "RedactPolicy", "Redactor", "load_key", "unseal"]

_LATE = {"Redactor": "redactor", "RedactPolicy": "policy", "load_key": "fingerprint"}


def __getattr__(name: str) -> Any:
    """Import the redactor on demand: commands that only read the journal need none."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return value
