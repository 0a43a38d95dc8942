"""The facts of a run that is about to start, and the environment its terraform gets."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_OURS = (
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_show",
    "TF_CLI_ARGS_state",
    "TF_LOG",
    "TF_LOG_CORE",
    "TF_LOG_PROVIDER",
    "TF_LOG_PATH",
)
_HEX = frozenset("0123456789abcdef")


def uuid7() -> str:
    """A UUIDv7 (RFC 9562): sorts by time, so that journals and backends keep events in order."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def new_facts(binary: str, word: str, argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """The facts of a new run. The values of -var and -backend-config are not in it."""
    trace_id, parent = _incoming(environ.get("TRACEPARENT", ""))
    return {
        "id": uuid7(),
        "binary": binary,
        "word": word,
        "argv": _without_values(argv),
        "cwd": os.getcwd(),
        "started_at": time.time(),
        "stage": "planning",
        "trace_id": trace_id or os.urandom(16).hex(),
        "span_id": os.urandom(8).hex(),
        "parent_span_id": parent,
        "parent_run_id": environ.get("TFEVENT_RUN_ID"),
    }


def child_environment(environ: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    """The user's environment with our trace in it, so that what terraform starts is a child of this run."""
    traceparent = f"00-{facts['trace_id']}-{facts['span_id']}-01"
    return {**environ, "TRACEPARENT": traceparent, "TFEVENT_RUN_ID": str(facts["id"])}


def helper_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """For terraform commands of our own (show, state pull): no extra arguments, no log in the user's log file."""
    kept = {name: value for name, value in environ.items() if name not in _OURS}
    return {**kept, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def _incoming(traceparent: str) -> tuple[str | None, str | None]:
    """Trace id and parent span id of a valid W3C traceparent, else nothing."""
    parts = traceparent.strip().split("-")
    if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2]:  # noqa: PLR2004 - the header has four fields
        return None, None
    valid = (
        all(set(part) <= _HEX for part in parts[:4])
        and parts[0] != "ff"
        and bool(int(parts[1], 16) and int(parts[2], 16))
    )
    return (parts[1], parts[2]) if valid else (None, None)


def _without_values(argv: Sequence[str]) -> list[str]:
    kept: list[str] = []
    hide_next = False
    for word in argv:
        name, equals, rest = word.lstrip("-").partition("=")
        if hide_next:
            kept.append(word.partition("=")[0] + "=…")
            hide_next = False
        elif word.startswith("-") and name in {"var", "backend-config"}:
            kept.append(f"-{name}={rest.partition('=')[0]}=…" if equals else word)
            hide_next = not equals
        else:
            kept.append(word)
    return kept
