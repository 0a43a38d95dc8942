"""Sessions on a page of the examples are real: what was recorded is asked for again and compared."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scene import Scene

SESSION = re.compile(r"```console\n\$ (?P<line>tfevent events [^\n]+)\n(?P<shown>.*?)```", re.DOTALL)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MASKS = (
    (rf"(?<=event      ){_UUID}", "019ab0f1-5e00-7aaa-8bbb-000000000001"),
    (rf"(?<=run        ){_UUID}", "019ab0f1-5e00-7aaa-8bbb-000000000001"),
    (r"(?<=, trace )[0-9a-f]{32}", "0af7651916cd43dd8448eb211c80319c"),
    (_UUID, "019ab0f1-5e00-7aaa-8bbb-000000000001"),
    (r"\b01[0-9a-f]{6}-[0-9a-f]{4}\b", "019ab0f1-5e00"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 \([^)]*\)", "2026-11-25 12:00:00 +0000 (just now)"),
    (r", took [\d.]+ s", ", took 0.2 s"),
    (r"(?<=  )\d+\.\d s\b", "0.2 s"),
    (r"\b[0-9a-f]{10}(?= )", "1a2b3c4d5e"),
    (r"\b[0-9a-f]{40}\b", "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b"),
)


def masked(text: str, scene: Scene) -> str:
    """Without what differs from run to run and from machine to machine."""
    for place, name in ((str(scene.work), "/srv/shop"), (str(scene.state), "/var/lib/tfevent")):
        text = text.replace(place, name)
    text = re.sub(rf"\b{re.escape(os.uname().nodename)}\b", "web1", text)
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def check(page: Path, scene: Scene, *, update: bool) -> None:
    """Ask again what the page asks; compare, or write the page anew."""

    def replay(found: re.Match[str]) -> str:
        done = subprocess.run(
            ["sh", "-c", found["line"]], cwd=scene.work, env=scene.environ, capture_output=True, text=True, check=True
        )
        return f"```console\n$ {found['line']}\n{masked(done.stdout, scene)}```"

    text = page.read_text()
    real, count = SESSION.subn(replay, text)
    assert count, f"{page} shows no session"
    if update:
        page.write_text(real)
    else:
        assert real == text, f"{page} shows what tfevent no longer prints: pytest --update-golden"
