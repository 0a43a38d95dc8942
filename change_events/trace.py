"""Links between a run and what started it, and what it starts: W3C Trace Context in environment variables.

``TRACEPARENT`` has the form of the HTTP header (https://www.w3.org/TR/trace-context/#traceparent-header);
``TFEVENT_RUN_ID`` is the id of the tfevent run around this one, ``TFEVENT_STACKS_RUN`` that of a run of many stacks
around it: a run is one of its units where both are the same. Imported before terraform starts: os only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

_HEX = frozenset("0123456789abcdef")
_WIDTHS = [2, 32, 16, 2]  # version, trace id, parent span id, flags


def parse(traceparent: str) -> tuple[str, str] | None:
    """Trace id (32 hex digits) and parent span id (16) of a valid traceparent, else None.

    A later version may carry further fields, version 00 must not; ids of zeros and version ff are invalid.
    """
    parts = traceparent.strip().split("-")
    fields = parts[:4]
    if [len(part) for part in fields] != _WIDTHS or not all(set(part) <= _HEX for part in fields):
        return None
    version, trace_id, span_id, _ = fields
    known_form = version != "ff" and (version != "00" or len(parts) == len(_WIDTHS))
    return (trace_id, span_id) if known_form and int(trace_id, 16) and int(span_id, 16) else None


def begin(environ: Mapping[str, str]) -> dict[str, str | bool | None]:
    """The trace of a new run: that of its parent if there is a valid one, else a new one.

    Returns:
        ``trace_id``, ``span_id``, ``parent_span_id`` and ``parent_run_id``, the last two None without a parent;
        ``unit``: the parent is a run of many stacks.
    """
    trace_id, parent = parse(environ.get("TRACEPARENT", "")) or (os.urandom(16).hex(), None)
    run = environ.get("TFEVENT_RUN_ID") or None
    return {
        "trace_id": trace_id,
        "span_id": os.urandom(8).hex(),
        "parent_span_id": parent,
        "parent_run_id": run,
        "unit": run is not None and environ.get("TFEVENT_STACKS_RUN") == run,
    }


def child_environment(
    environ: Mapping[str, str], *, run_id: str, trace_id: str, span_id: str, stacks: bool = False
) -> dict[str, str]:
    """``environ`` with this run's trace in it, so that what the tool starts is a child of this run.

    The parent's sampling flag is kept; ``TRACESTATE`` belongs to the trace and stays only with it. With ``stacks`` this
    is a run of many stacks, whose children are its units.
    """
    traceparent = environ.get("TRACEPARENT", "").strip()
    known = parse(traceparent)
    continued = known is not None and known[0] == trace_id
    flags = traceparent.split("-")[3] if continued else "01"
    child = {**environ, "TRACEPARENT": f"00-{trace_id}-{span_id}-{flags}", "TFEVENT_RUN_ID": run_id}
    if stacks:
        child["TFEVENT_STACKS_RUN"] = run_id
    if not continued:
        child.pop("TRACESTATE", None)
    return child
