"""Holds a refresh-only plan in memory, in a file without a name, so that it can never be applied.

Applying it would write the state. An unnamed file disappears with the processes that have it open. Systems without such
files use a private temporary folder.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATE = "tfstate"  # member of a plan file: the refreshed state, with the version of the one that was read
_MOST_STATE = 1 << 28


class PlanPlace(NamedTuple):
    """A place for one plan.

    Attributes:
        path: path for `-out` and `show`.
        descriptors: file descriptors that terraform must inherit.
    """

    path: str
    descriptors: tuple[int, ...] = ()

    def version(self) -> StateVersion | None:
        """Return the version of the state that the plan is based on; None if it cannot be read."""
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(_STATE) as member:
                return state_version(member.read(_MOST_STATE))
        except (OSError, zipfile.BadZipFile, KeyError, RuntimeError, ValueError, NotImplementedError):
            return None


class StateVersion(msgspec.Struct, frozen=True):
    """Serial and lineage of a raw state."""

    serial: int = 0
    lineage: str = ""


def state_version(data: bytes) -> StateVersion | None:
    """Return the version of a raw state; None if it is not a state."""
    try:
        return msgspec.json.decode(data, type=StateVersion)
    except msgspec.DecodeError:
        return None


@contextmanager
def plan_place() -> Iterator[PlanPlace]:
    """Provide a place for a plan, removed at the end of the block. Raises OSError."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryDirectory(prefix="tfevent-drift-") as folder:
            yield PlanPlace(os.path.join(folder, "plan"))
        return
    descriptor = os.memfd_create("tfevent-drift")
    try:
        yield PlanPlace(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)
