"""Titles and signals of boots and shutdowns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.machine.boot_analysis import End
from change_events.model import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.machine.boot_analysis import BootAnalysis
    from change_events.machine.snapshot import MachineSnapshot

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
GOALS = {"reboot": "to reboot", "kexec": "to another kernel", "soft-reboot": "to reboot its services",
         "poweroff": "to power off", "halt": "to halt"}  # fmt: skip


def boot_title(now: MachineSnapshot, verdict: BootAnalysis) -> str:
    """Return ``web1 booted after an unclean shutdown, down for at most 12 min, kernel 6.1.0-18 → 6.1.0-21``."""
    verb = "rebooted" if verdict.goal == "reboot" else "started" if now.container else "booted"
    parts = [f"{now.host} {verb}" + (" after an unclean shutdown" if verdict.end is End.UNCLEAN else "")]
    if down := down_words(now, verdict):
        parts.append(down)
    if verdict.kernel_before and not now.container:
        parts.append(f"kernel {verdict.kernel_before} → {now.kernel}")
    if verdict.image_before:
        parts.append(f"image {verdict.image_before} → {now.image}")
    return ", ".join(parts)


def down_words(now: MachineSnapshot, verdict: BootAnalysis) -> str:
    """Return ``down for 4 min`` or ``down for at most 4 min``; empty if unknown."""
    if verdict.last_alive is None:
        return ""
    seconds = (now.booted_at - verdict.last_alive).total_seconds()
    return f"down for {'' if verdict.exact else 'at most '}{_span(seconds)}"


def _span(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:02.0f} s"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:02.0f} min"
    return f"{seconds // _DAY:.0f} days"


def boot_signals(now: MachineSnapshot, verdict: BootAnalysis) -> Iterator[Signal]:
    """Return the notable facts of a boot."""
    if verdict.end is End.UNCLEAN:
        yield Signal(name="unclean_shutdown", reason=f"{now.host} went down without a shutdown: {verdict.evidence}")
    if verdict.kernel_before and not now.container:
        yield Signal(name="kernel_changed", reason=f"kernel {verdict.kernel_before} → {now.kernel}")
    if verdict.image_before:
        yield Signal(name="image_changed", reason=f"image {verdict.image_before} → {now.image}")


def stop_title(host: str, goal: str) -> str:
    """Return ``web1 goes down to reboot``."""
    return " ".join(part for part in (host, "goes down", GOALS.get(goal, "")) if part)
