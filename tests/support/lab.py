"""The provider of :mod:`tests.support.lab_provider`, running."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROVIDER = Path(__file__).parent / "lab_provider.py"


@contextmanager
def running(servers: Path) -> Iterator[str]:
    """Have it run with this folder of servers; gives the TF_REATTACH_PROVIDERS that terraform finds it by.

    The test is skipped where the packages that the provider needs cannot be installed.
    """
    try:
        folder = venvs.make("provider", venvs.NEWEST, "provider") or venvs.make("provider-3.11", "3.11", "provider")
    except subprocess.CalledProcessError:
        folder = None
    if folder is None:
        pytest.skip("the provider's packages cannot be installed")
    command = [folder / "bin" / "python", "-u", _PROVIDER, servers, "--dev"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = next(line for line in process.stdout or () if "TF_REATTACH_PROVIDERS=" in line)
        try:
            yield line.partition("=")[2].strip().strip("'")
        finally:
            process.kill()
