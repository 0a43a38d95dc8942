"""What a boot means: whether the boot before it ended cleanly, for how long nothing ran, and what is new since."""

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
    """How the boot before ended."""

    CLEAN = "clean"
    UNCLEAN = "unclean"
    UNKNOWN = "unknown"


class BootAnalysis(msgspec.Struct, frozen=True):
    """What can be said of the time before this boot.

    Attributes:
        end: how the boot before ended.
        evidence: what says so, a clause; empty where nothing does.
        last_alive: when something last ran; None where nothing is known of it.
        exact: ``last_alive`` is when it went down, not just when it was last seen.
        goal: what it went down for, where that was known.
        kernel_before: release of the kernel before, where it was another; so is ``image_before``.
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
    """Conclude from what is remembered, from wtmp, and from systemd's journal, in this order.

    A container has no shutdown of its own in its system's books: only what is remembered counts there.

    Args:
        now: this boot.
        memory: of the boot before, None where nothing is remembered.
        environ: the variables that programs get which are asked.
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
    """Asked one after the other: the second one takes longer."""
    yield "wtmp", wtmp.last_end(root / "var/log/wtmp", now.booted_at)
    yield "systemd's journal", systemd.last_end(environ, memory.boot_id if memory else None)


def _is_of_last_boot(found: LastEnd, memory: Memory | None) -> bool:
    """What is older than the remembered boot is of another one."""
    return memory is None or found.at >= memory.booted_at - _SLACK


def _last_seen(memory: Memory | None) -> datetime | None:
    return (memory.seen_at or memory.booted_at) if memory else None


def _crash(root: Path, memory: Memory | None, end: End) -> str:
    """Whether the kernel has left its last words (https://docs.kernel.org/admin-guide/pstore-blk.html)."""
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
    """The verdict for the event's ``data``: plain values, without those that are not known."""
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
