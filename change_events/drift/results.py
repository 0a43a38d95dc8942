"""The result of a check of one directory, independent of Terraform."""

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
    """Why the result of a directory is unknown.

    Attributes:
        kind: machine-readable word: ``not_initialised``, ``locked``, ``credentials``, ``configuration``, ``timeout``,
            ``remote``, ``busy``, ``missing`` (there is no such directory), ``workspace`` (it has no such workspace) or
            ``failed``.
        text: one line, redacted.
    """

    kind: str
    text: str


class Drifted(NamedTuple):
    """A drifted resource.

    Attributes:
        drift: the reported drift, redacted.
        fingerprints: path of each drifted attribute → fingerprint; one entry without a path for a deleted resource.
        names: its names in the cloud (id, ARN, name), in clear and never sensitive, to search audit logs.
    """

    drift: Drift
    fingerprints: dict[str, str]
    names: tuple[str, ...] = ()


class Pending(NamedTuple):
    """Configuration that was never applied.

    Attributes:
        counts: planned actions by word, ``outputs`` among them.
        unknown: why the changes are unknown, redacted; None if they are known.
    """

    counts: dict[str, int]
    unknown: str | None = None

    @property
    def total(self) -> int:
        """The number of pending changes."""
        return sum(self.counts.values())


class DirectoryCheck(NamedTuple):
    """The check of one directory.

    Attributes:
        directory: the directory as given, redacted.
        path: its real path.
        workspace: the selected workspace.
        status: the result.
        drifted: drift that is not ignored.
        ignored: addresses of drifted resources completely covered by rules of the settings, redacted.
        noise: resources that differ only in representation: null and empty values, timestamps set by the provider.
        pending: pending changes; None if not requested.
        reason: the reason for an unknown result.
        version: version of terraform.
        tool: ``terraform`` or ``tofu``.
        seconds: duration in seconds.
        terms: digest of the terms.
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
    """The rules of a directory's settings that ignore drift.

    Attributes:
        ignore: globs of attribute paths.
        rules: rules that have not expired.
    """

    ignore: Sequence[str] = ()
    rules: Sequence[IgnoreRule] = ()

    @property
    def digest(self) -> str:
        """A digest that is equal for equal terms."""
        rules = [(rule.address, rule.type, rule.attribute, rule.directory) for rule in self.rules]
        return hashlib.sha256(repr((list(self.ignore), rules)).encode()).hexdigest()[:16]


class Request(NamedTuple):
    """The options of a check.

    Attributes:
        directories: the directories as given.
        parallel: number of concurrent checks.
        seconds: time limit per directory.
        lock: lock the state.
        pending: also find configuration that was never applied.
        var_files: ``-var-file`` options of each terraform.
        binary: the binary in the settings.
        terms: directory as given → the terms of its settings.
    """

    directories: Sequence[str]
    parallel: int
    seconds: float
    lock: bool
    pending: bool
    var_files: Sequence[str]
    binary: str | None
    terms: Mapping[str, Terms]
