"""Repositories whose whole history is written by one call of ``git fast-import``."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_START = 1_750_000_000  # seconds since 1970, of the first commit; one minute between two


@dataclass
class Commit:
    """One commit: ``files`` by path (None removes one); further parents by mark make it a merge."""

    subject: str
    files: Mapping[str, str | None]
    author: str = "Ada"
    branch: str = "main"
    start: str | None = None  # subject of the commit that a new branch begins at
    merges: str | None = None  # subject of the commit that is merged
    renames: Mapping[str, str] = field(default_factory=dict)


def clean(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which no settings of the user's reach git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **(extra or {})}


def git(folder: Path, *words: str, given: bytes | None = None) -> str:
    """What git answers there."""
    identity = ("-c", "user.name=Somebody", "-c", "user.email=s@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=clean(), input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def write(folder: Path, commits: list[Commit], *, branch: str = "main") -> dict[str, str]:
    """Make a repository of these commits and check a branch out; gives commit ids by subject."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", branch)
    marks = {one.subject: at for at, one in enumerate(commits, 1)}
    stream = b"".join(_commit(one, marks, _START + 60 * at) for at, one in enumerate(commits))
    file = folder / ".git" / "marks"
    git(folder, "fast-import", "--quiet", f"--export-marks={file}", given=stream)
    git(folder, "reset", "-q", "--hard", branch)
    ids = dict(line.split() for line in file.read_text().splitlines())
    return {subject: ids[f":{mark}"] for subject, mark in marks.items()}


def _commit(one: Commit, marks: Mapping[str, int], at: int) -> bytes:
    lines = [f"commit refs/heads/{one.branch}", f"mark :{marks[one.subject]}"]
    lines += [f"author {one.author} <a@example.org> {at} +0000", f"committer {one.author} <a@example.org> {at} +0000"]
    text = "\n".join(lines).encode() + b"\n" + _data(one.subject)
    if one.start:
        text += f"from :{marks[one.start]}\n".encode()
    if one.merges:
        text += f"merge :{marks[one.merges]}\n".encode()
    for old, new in one.renames.items():
        text += f"R {old} {new}\n".encode()
    for path, content in one.files.items():
        text += f"D {path}\n".encode() if content is None else f"M 100644 inline {path}\n".encode() + _data(content)
    return text + b"\n"


def _data(text: str) -> bytes:
    data = text.encode()
    return b"data %d\n" % len(data) + data + b"\n"
