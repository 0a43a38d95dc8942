"""What a check found in one directory, in plain values: no terraform is known here."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.model import Drift
    from change_events.settings.drift_rules import IgnoreRule


class Status(StrEnum):
    """Result of a check."""

    CLEAN = "clean"
    DRIFT = "drift"
    UNKNOWN = "unknown"


class Reason(NamedTuple):
    """Why nothing is known of a directory.

    Attributes:
        kind: one word for programs: ``not_initialised``, ``locked``, ``credentials``, ``configuration``, ``timeout``,
            ``remote``, ``busy``, ``missing`` (there is no such directory), ``workspace`` (it has no such workspace) or
            ``failed``.
        text: redacted, one line.
    """

    kind: str
    text: str


class Drifted(NamedTuple):
    """A drifted resource.

    Attributes:
        drift: as it is reported, redacted.
        fingerprints: of each drifted attribute by its path; of a deleted resource there is one, without a path.
        names: what the cloud calls it (id, ARN, name), in clear and never marked as sensitive: to search audit logs.
    """

    drift: Drift
    fingerprints: dict[str, str]
    names: tuple[str, ...] = ()


class Pending(NamedTuple):
    """Configuration that was never applied.

    Attributes:
        counts: planned actions by word, ``outputs`` among them.
        unknown: why it is not known, redacted; None where it is.
    """

    counts: dict[str, int]
    unknown: str | None = None

    @property
    def total(self) -> int:
        """How many changes are pending."""
        return sum(self.counts.values())


class DirectoryCheck(NamedTuple):
    """The check of one directory.

    Attributes:
        directory: as it was given, redacted.
        path: its real path.
        workspace: the selected one.
        status: the result.
        drifted: the drift that counts.
        ignored: addresses of drifted resources that rules of the settings cover completely, redacted.
        noise: resources that only read back differently: null as empty, timestamps of the provider's.
        pending: None where it was not looked for.
        reason: of an unknown result.
        version: of terraform.
        tool: ``terraform`` or ``tofu``.
        seconds: how long it took.
        terms: digest of what was ignored.
    """

    directory: str
    path: str
    workspace: str
    status: Status
    drifted: tuple[Drifted, ...] = ()
    ignored: tuple[str, ...] = ()
    noise: int = 0
    pending: Pending | None = None
    reason: Reason | None = None
    version: str | None = None
    tool: str = "terraform"
    seconds: float = 0.0
    terms: str = ""


class Terms(NamedTuple):
    """What the settings that apply in a directory ignore.

    Attributes:
        ignore: globs of attribute paths.
        rules: those that still hold.
    """

    ignore: Sequence[str] = ()
    rules: Sequence[IgnoreRule] = ()

    @property
    def digest(self) -> str:
        """Equal for equal terms."""
        rules = [(rule.address, rule.type, rule.attribute, rule.directory) for rule in self.rules]
        return hashlib.sha256(repr((list(self.ignore), rules)).encode()).hexdigest()[:16]


class Request(NamedTuple):
    """How directories are checked.

    Attributes:
        directories: as they were given.
        parallel: how many at once.
        seconds: for each directory.
        lock: take the state's lock.
        pending: look for configuration that was never applied, too.
        var_files: ``-var-file`` of each terraform.
        binary: of the settings.
        terms: what the settings of each directory ignore, by the directory as it was given.
    """

    directories: Sequence[str]
    parallel: int
    seconds: float
    lock: bool
    pending: bool
    var_files: Sequence[str]
    binary: str | None
    terms: Mapping[str, Terms]
