"""Putting file, line and commit on the changes that matter most, beside the run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.model import Action, Change, Source
from tf_wrapper.source.blocks import Block, find

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_FILES = 200  # changes whose declaration is looked for
_MOST_COMMITS = 20  # changes whose commit is looked for: a process each
_SECONDS = 1.5
_WEIGHT = {Action.DESTROY: 0, Action.REPLACE: 0, Action.UPDATE: 1, Action.OTHER: 1, Action.CREATE: 2}
_INSTANCE_KEY = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


def with_sources(changes: Sequence[Change], directory: str, data_dir: str) -> tuple[Change, ...]:
    """The same changes, the most important ones with their ``source``.

    Args:
        changes: of a plan.
        directory: the root module.
        data_dir: terraform's data directory, for where modules lie.

    What cannot be found, or not within a second and a half, stays without; nothing is raised.
    """
    deadline = time.monotonic() + _SECONDS
    locator = _Locator(directory, data_dir)
    order = sorted(range(len(changes)), key=lambda index: _WEIGHT.get(changes[index].action, 3))
    found = dict[int, Source]()
    for rank, index in enumerate(order[:_MOST_FILES]):
        if time.monotonic() > deadline:
            break
        source = locator.source(changes[index], with_commit=rank < _MOST_COMMITS)
        if source:
            found[index] = source
    return tuple(replace(change, source=found[i]) if i in found else change for i, change in enumerate(changes))


class _Locator:
    """Reads each file once, asks git once a block."""

    def __init__(self, directory: str, data_dir: str) -> None:
        self._root = directory
        self._modules = _modules(data_dir)
        self._texts: dict[str, list[tuple[str, str]]] = {}
        self._known: dict[tuple[str, str, str, str], tuple[str, Block] | None] = {}

    def source(self, change: Change, *, with_commit: bool) -> Source | None:
        if not change.type or not change.name:
            return None
        folder = self._folder(change.module or "")
        if folder is None:
            return None
        kind = "data" if change.mode == "data" else "resource"
        key = (folder, kind, change.type, change.name)
        if key not in self._known:
            self._known[key] = self._find(*key)
        place = self._known[key]
        if place is None:
            return None
        path, block = place
        commit = _last_commit(path, block) if with_commit else None
        return Source(file=os.path.relpath(path, self._root), line=block.first, commit=commit)

    def _folder(self, module: str) -> str | None:
        if not module:
            return self._root
        names = _INSTANCE_KEY.sub("", module).split(".")
        key = ".".join(names[1::2])  # module.a.module.b → a.b
        relative = self._modules.get(key)
        return None if relative is None else os.path.normpath(os.path.join(self._root, relative))

    def _find(self, folder: str, kind: str, type_: str, name: str) -> tuple[str, Block] | None:
        for path, text in self._files(folder):
            if name in text and (block := find(text, kind, (type_, name))):
                return path, block
        return None

    def _files(self, folder: str) -> list[tuple[str, str]]:
        if folder not in self._texts:
            paths = sorted(path for ending in ("*.tf", "*.tofu") for path in Path(folder).glob(ending))
            self._texts[folder] = [(str(path), text) for path in paths if (text := _text(path)) is not None]
        return self._texts[folder]


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _modules(data_dir: str) -> dict[str, str]:
    try:
        manifest = json.loads(Path(data_dir, "modules", "modules.json").read_bytes())
        return {str(module["Key"]): str(module["Dir"]) for module in manifest["Modules"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _last_commit(path: str, block: Block) -> str | None:
    """The newest commit in the block's blame; None outside of git, for uncommitted lines and when git is slow."""
    command = [
        "git", "-c", "core.fsmonitor=false", "blame", "--porcelain", "-L", f"{block.first},{block.last}", "--", path,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            cwd=os.path.dirname(path),
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=1.0,
            process_group=0,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _newest(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None


def _newest(porcelain: str) -> str | None:
    newest: tuple[int, str] | None = None
    commit = ""
    for line in porcelain.splitlines():
        if re.match(r"[0-9a-f]{40} ", line):
            commit = line[:40]
        elif line.startswith("committer-time ") and set(commit) != {"0"}:
            newest = max(newest or (0, ""), (int(line.split()[1]), commit))
    return newest[1] if newest else None
