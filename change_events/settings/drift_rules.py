"""A rule of ``drift.ignore``: known drift, with the reason."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec reads the annotations at run time
from fnmatch import fnmatchcase

import msgspec


class IgnoreRule(msgspec.Struct, frozen=True, kw_only=True):
    """Known drift that is not reported.

    Attributes:
        reason: the user's reason.
        address: glob of addresses; None for all.
        type: glob of resource types; None for all.
        attribute: glob of attribute paths; None for the whole resource, including its deletion.
        directory: glob of directories; None for all.
        expires: last day on which it applies; None for no expiry.
        where: file and line.
    """

    reason: str
    address: str | None = None
    type: str | None = None
    attribute: str | None = None
    directory: str | None = None
    expires: date | None = None
    where: str = ""

    def covers(self, address: str, kind: str, directory: str) -> bool:
        """Return whether it applies to a resource: its address, type and absolute directory."""
        if self.address is not None and not fnmatchcase(address, self.address.replace("[", "[[]")):
            return False
        if self.type is not None and not fnmatchcase(kind, self.type):
            return False
        return self.directory is None or any(
            fnmatchcase(directory, pattern) for pattern in (self.directory, f"*/{self.directory}")
        )
