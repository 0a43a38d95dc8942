# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""IDs of a run, and its links to its parent and to what it starts on the controller.

``TRACEPARENT`` is W3C Trace Context in a variable (https://www.w3.org/TR/trace-context/#traceparent-header),
``TFEVENT_RUN_ID`` the ID of the enclosing tfevent run. Tasks that run on the controller inherit both.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

PARENT, RUN = "TRACEPARENT", "TFEVENT_RUN_ID"
_HEX = frozenset("0123456789abcdef")
_WIDTHS = [2, 32, 16, 2]  # version, trace id, parent span id, flags


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562): IDs sort by start time."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = milliseconds << 16 | 0x7000 | random >> 68
    low = 0b10 << 62 | random & (2**62 - 1)
    text = f"{high << 64 | low:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def begin(environ: Mapping[str, str], run_id: str) -> dict[str, str | None]:
    """Return the trace of a new run: a continuation of a valid parent trace, else a new one."""
    trace_id, parent = _parsed(environ.get(PARENT, "")) or (os.urandom(16).hex(), None)
    return {
        "run_id": run_id,
        "trace_id": trace_id,
        "span_id": os.urandom(8).hex(),
        "parent_span_id": parent,
        "parent_run_id": environ.get(RUN) or None,
    }


def _parsed(text: str) -> tuple[str, str] | None:
    """Return trace ID and span ID of a valid traceparent; only versions after 00 may have more fields."""
    parts = text.strip().split("-")
    version, *ids = parts[:4]
    if [len(part) for part in parts[:4]] != _WIDTHS or not all(set(part) <= _HEX for part in parts[:4]):
        return None
    usable = version != "ff" and (version != "00" or len(parts) == len(_WIDTHS)) and int(ids[0], 16) and int(ids[1], 16)
    return (ids[0], ids[1]) if usable else None


class Handed:
    """A run's trace in the environment of this process, while the run lasts."""

    def __init__(self, environ: MutableMapping[str, str], trace: Mapping[str, str | None]) -> None:
        self._environ = environ
        self._before = {name: environ.get(name) for name in (PARENT, RUN)}
        flags = "01" if trace["parent_span_id"] is None else environ.get(PARENT, "").strip().split("-")[3]
        environ[PARENT] = f"00-{trace['trace_id']}-{trace['span_id']}-{flags}"
        environ[RUN] = str(trace["run_id"])

    def take_back(self) -> None:
        """Restore the environment."""
        for name, value in self._before.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
