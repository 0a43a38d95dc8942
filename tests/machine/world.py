"""A made-up machine: /proc, /etc, /var/log and /sys as files below a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
BOOTS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")


class World:
    """One machine; ``boot`` starts it anew."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("proc/sys/kernel/random", "proc/1", "etc", "var/log", "sys/fs/pstore"):
            (root / folder).mkdir(parents=True)
        self.environ = {"PATH": str(root / "bin")}  # neither systemctl nor journalctl, unless a test puts one there
        (root / "bin").mkdir()

    def boot(self, number: int = 0, at: datetime = NOON, ticks: int = 0) -> None:
        self.write("proc/sys/kernel/random/boot_id", BOOTS[number] + "\n")
        self.write("proc/stat", f"cpu  1 2 3\nintr 5\nbtime {int(at.timestamp())}\nprocesses 7\n")
        self.write("proc/1/stat", f"1 (init) (x) S {' '.join(['0'] * 18)} {ticks} 0 0\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def program(self, name: str, text: str) -> None:
        """A program of the machine; /bin/sh and nothing else is there to run it."""
        path = self.write(f"bin/{name}", f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def wtmp(self, *entries: tuple[str, datetime]) -> Path:
        """A book with these entries, written by util-linux's own utmpdump."""
        lines = "".join(_line(what, at) for what, at in entries)
        path = self.root / "var/log/wtmp"
        done = subprocess.run(
            ["utmpdump", "-r"], input=lines.encode(), capture_output=True, check=True, env={**os.environ, "TZ": "UTC"}
        )
        path.write_bytes(done.stdout)
        return path


HAS_UTMPDUMP = shutil.which("utmpdump") is not None
_ENTRIES = {
    "boot": "[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ]",
    "shutdown": "[1] [00000] [~~  ] [shutdown] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ]",
    "runlevel 5": "[1] [00053] [~~  ] [runlevel] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ]",
    "runlevel 6": "[1] [00054] [~~  ] [runlevel] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ]",
    "login": "[7] [01234] [ts/0] [ann     ] [pts/0       ] [198.51.100.7        ] [198.51.100.7   ]",
}


def _line(what: str, at: datetime) -> str:
    return f"{_ENTRIES[what]} [{at:%Y-%m-%dT%H:%M:%S},{at.microsecond:06d}+00:00]\n"


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
