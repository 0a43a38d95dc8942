"""The current state of this machine: boot, uptime, kernel and image. Linux only, from /proc."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from change_events.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = "TFEVENT_IMAGE"
"""The variable that names the image, where no file does: in a container."""
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")
_IDENTITY = ("IMAGE_ID", "ID")
# the more exact one first: what an image is built as, before the release that it is made from
_VERSION = ("IMAGE_VERSION", "OSTREE_VERSION", "BUILD_ID", "VERSION_ID")
_START_FIELD = 19  # of /proc/PID/stat behind the command: when it was started, in clock ticks since boot


class MachineSnapshot(msgspec.Struct, frozen=True):
    """The current state of the machine.

    Attributes:
        boot: identifies this boot on this machine; for a container, its start.
        boot_id: the kernel's ID of its boot.
        booted_at: time of the boot, by the current clock.
        kernel: release of the running kernel.
        image: name and version of the image; None if unknown.
        host: the machine's name.
        container: it is a container, whose host has the kernel and its shutdown.
    """

    boot: str
    boot_id: str
    booted_at: datetime
    kernel: str
    image: str | None
    host: str
    container: bool


def take_snapshot(environ: Mapping[str, str], root: Path = Path("/")) -> MachineSnapshot:
    """Read the state of this machine.

    Args:
        environ: may have :data:`IMAGE`; ``container``, as set by container managers.
        root: where /proc and /etc are.

    Raises:
        InputError: there is no Linux /proc.
    """
    try:
        boot_id = (root / "proc/sys/kernel/random/boot_id").read_text().strip()
        booted = _boot_time((root / "proc/stat").read_text())
    except (OSError, ValueError, StopIteration) as error:
        raise InputError("boot: no boot ID in /proc on this system: use `tfevent events send --kind boot`") from error
    ticks = _first_process(root)
    return MachineSnapshot(
        boot=f"{boot_id}:{ticks}",
        boot_id=boot_id,
        booted_at=datetime.fromtimestamp(booted + ticks / os.sysconf("SC_CLK_TCK"), UTC),
        kernel=os.uname().release,
        image=environ.get(IMAGE) or _image(root),
        host=os.uname().nodename or "localhost",
        container=bool(environ.get("container")) or any((root / mark).exists() for mark in _CONTAINER_MARKS),
    )


def _boot_time(stat: str) -> int:
    return int(next(line.split()[1] for line in stat.splitlines() if line.startswith("btime ")))


def _first_process(root: Path) -> int:
    """Return the start of process 1 in ticks since boot: that of a container, or almost 0 on a machine."""
    try:
        return int((root / "proc/1/stat").read_bytes().rpartition(b")")[2].split()[_START_FIELD])
    except (OSError, ValueError, IndexError):
        return 0


def _image(root: Path) -> str | None:
    """From os-release (https://www.freedesktop.org/software/systemd/man/latest/os-release.html)."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        try:
            fields = _assignments((root / name).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        parts = (next((fields[key] for key in keys if fields.get(key)), "") for keys in (_IDENTITY, _VERSION))
        return " ".join(part for part in parts if part) or fields.get("PRETTY_NAME")
    return None


def _assignments(text: str) -> dict[str, str]:
    import shlex

    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                found[name] = "".join(shlex.split(value))
            except ValueError:  # an odd quote
                found[name] = value
    return found
