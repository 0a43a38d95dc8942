"""Where a refresh-only plan lies while it is read: in memory, without a name, so that no one can ever apply it.

It could be applied, which writes the state. What has no name in any folder is gone with the processes that have it
open, however they end. Where the system has no such files, it is one in a private temporary folder.
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
        path: for `-out` and for `show`.
        descriptors: those that terraform must inherit.
    """

    path: str
    descriptors: tuple[int, ...] = ()

    def version(self) -> StateVersion | None:
        """The version of the state that the plan was made from; None where it cannot be read."""
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(_STATE) as member:
                return state_version(member.read(_MOST_STATE))
        except (OSError, zipfile.BadZipFile, KeyError, RuntimeError, ValueError, NotImplementedError):
            return None


class StateVersion(msgspec.Struct, frozen=True):
    """A raw state's serial and lineage."""

    serial: int = 0
    lineage: str = ""


def state_version(data: bytes) -> StateVersion | None:
    """The version of a raw state; None where it is none."""
    try:
        return msgspec.json.decode(data, type=StateVersion)
    except msgspec.DecodeError:
        return None


@contextmanager
def plan_place() -> Iterator[PlanPlace]:
    """A place that is gone when the block is left. Raises OSError."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryDirectory(prefix="tfevent-drift-") as folder:
            yield PlanPlace(os.path.join(folder, "plan"))
        return
    descriptor = os.memfd_create("tfevent-drift")
    try:
        yield PlanPlace(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)
