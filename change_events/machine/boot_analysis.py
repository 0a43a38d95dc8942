"""Analyses a boot: whether the previous one ended cleanly, the downtime, and what changed since."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.machine import systemd, wtmp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from change_events.machine.snapshot import MachineSnapshot
    from change_events.machine.state_file import Memory
    from change_events.machine.wtmp import LastEnd

_CRASH_DUMPS = "sys/fs/pstore"
_SLACK = timedelta(minutes=5)  # clocks are set while a machine boots


class End(StrEnum):
    """How the previous boot ended."""

    CLEAN = "clean"
    UNCLEAN = "unclean"
    UNKNOWN = "unknown"


class BootAnalysis(msgspec.Struct, frozen=True):
    """What is known of the time before this boot.

    Attributes:
        end: how the previous boot ended.
        evidence: the evidence for it, a clause; empty if there is none.
        last_alive: last known activity; None if unknown.
        exact: ``last_alive`` is the time of shutdown, not only of the last activity.
        goal: purpose of the shutdown, if known.
        kernel_before: release of the previous kernel, if it differs; ``image_before`` likewise.
    """

    end: End
    evidence: str = ""
    last_alive: datetime | None = None
    exact: bool = False
    goal: str | None = None
    kernel_before: str | None = None
    image_before: str | None = None


def analyse(
    now: MachineSnapshot, memory: Memory | None, environ: Mapping[str, str], root: Path = Path("/")
) -> BootAnalysis:
    """Conclude from the stored state, wtmp, and systemd's journal, in this order.

    For a container, only the stored state is used, since its host's records do not show its shutdown.

    Args:
        now: this boot.
        memory: the stored state of the previous boot; None if there is none.
        environ: environment for the programs that are queried.
        root: where /var/log and /sys are.
    """
    if memory and memory.stopped_at:
        analysis = BootAnalysis(End.CLEAN, "it was asked to stop", memory.stopped_at, exact=True, goal=memory.goal)
    else:
        analysis = _by_witnesses(now, memory, environ, root)
    return msgspec.structs.replace(
        analysis,
        last_alive=analysis.last_alive if analysis.last_alive and analysis.last_alive <= now.booted_at else None,
        kernel_before=_other(memory.kernel, now.kernel) if memory else None,
        image_before=_other(memory.image, now.image) if memory else None,
    )


def _other(before: str | None, after: str | None) -> str | None:
    return before if before and after and before != after else None


def _by_witnesses(now: MachineSnapshot, memory: Memory | None, environ: Mapping[str, str], root: Path) -> BootAnalysis:
    seen = _last_seen(memory)
    witnesses = () if now.container else _witnesses(now, memory, environ, root)
    for name, found in witnesses:
        if found and _is_of_last_boot(found, memory):
            alive = found.at if found.clean else max(found.at, seen or found.at)
            end = End.CLEAN if found.clean else End.UNCLEAN
            return BootAnalysis(end, f"{name}{_crash(root, memory, end)}", alive, exact=found.clean)
    if memory and memory.records_stops:
        return BootAnalysis(End.UNCLEAN, f"it was not asked to stop{_crash(root, memory, End.UNCLEAN)}", seen)
    return BootAnalysis(End.UNKNOWN, last_alive=seen)


def _witnesses(
    now: MachineSnapshot, memory: Memory | None, environ: Mapping[str, str], root: Path
) -> Iterable[tuple[str, LastEnd | None]]:
    """Yield the sources of evidence, the fastest first."""
    yield "wtmp", wtmp.last_end(root / "var/log/wtmp", now.booted_at)
    yield "systemd's journal", systemd.last_end(environ, memory.boot_id if memory else None)


def _is_of_last_boot(found: LastEnd, memory: Memory | None) -> bool:
    """Return whether evidence is newer than the stored boot; older evidence belongs to another one."""
    return memory is None or found.at >= memory.booted_at - _SLACK


def _last_seen(memory: Memory | None) -> datetime | None:
    return (memory.seen_at or memory.booted_at) if memory else None


def _crash(root: Path, memory: Memory | None, end: End) -> str:
    """Return whether the kernel left crash records (https://docs.kernel.org/admin-guide/pstore-blk.html)."""
    if end is not End.UNCLEAN:
        return ""
    try:
        dumps = [path for path in (root / _CRASH_DUMPS).iterdir() if path.name.startswith("dmesg-")]
        newest = max((path.stat().st_mtime for path in dumps), default=0.0)
    except OSError:
        return ""
    fresh = bool(dumps) and (memory is None or newest >= memory.booted_at.timestamp())
    return ", and the kernel left a crash dump" if fresh else ""


def as_data(now: MachineSnapshot, verdict: BootAnalysis, memory: Memory | None) -> dict[str, Any]:
    """Return the analysis as plain values for the event's ``data``, without unknown ones."""
    down = (now.booted_at - verdict.last_alive).total_seconds() if verdict.last_alive else None
    found = {
        "boot_id": now.boot_id,
        "previous_boot_id": memory and memory.boot_id,
        "kernel": now.kernel,
        "previous_kernel": verdict.kernel_before,
        "image": now.image,
        "previous_image": verdict.image_before,
        "container": now.container or None,
        "shutdown": verdict.end.value,
        "evidence": verdict.evidence or None,
        "went_down_for": verdict.goal,
        "down_seconds" if verdict.exact else "down_at_most_seconds": None if down is None else round(down),
    }
    return {name: value for name, value in found.items() if value is not None}
