"""The states of a state command before and after it, read beside terraform and never in its way.

A local state is read from its file, any other by `state pull`; neither takes a lock. A file that is not regular, or
larger than :data:`MOST_BYTES`, is not read.
"""

from __future__ import annotations

import os
import re

from tf_wrapper.configuration import inputs
from tf_wrapper.state.location import files_of, workspace_file
from tf_wrapper.subcommands import CREATE, DELETE, SELECT, UNLOCK

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from typing import Any

    from change_events.process import Signals
    from tf_wrapper.launch.state_arguments import StateArguments
    from tf_wrapper.launch.workspace import Workspace
    from tf_wrapper.subcommands import Subcommand

MOST_BYTES = 64 * 1024 * 1024
"""Of one state: terraform itself needs several times as much."""
_HEAD = 4096  # bytes in which terraform writes serial and lineage, before everything that grows


class Document:
    """One state.

    Attributes:
        data: raw state; empty if there is none, None if it could not be read.
        whole: False if it is too large, and ``data`` is only its beginning.
    """

    __slots__ = ("data", "whole")

    def __init__(self, data: bytes | None, *, whole: bool = True) -> None:
        self.data = data
        self.whole = whole

    @property
    def version(self) -> tuple[int | None, str | None]:
        """Serial and lineage, parsed from its beginning."""
        head = (self.data or b"")[:_HEAD]
        serial, lineage = re.search(rb'"serial":\s*(\d{1,18})\b', head), re.search(rb'"lineage":\s*"([^"\\]*)"', head)
        return int(serial[1]) if serial else None, lineage[1].decode("utf-8", "replace") if lineage else None


class Snapshot:
    """The states at one moment: the one the command reads, and the one it writes, if it is another.

    Attributes:
        source: None if the command does not concern a state.
        target: None likewise, or if it is the same.
        exists: the workspace named by the command exists; None if unknown.
    """

    __slots__ = ("exists", "source", "target")

    def __init__(
        self, source: Document | None = None, target: Document | None = None, *, exists: bool | None = None
    ) -> None:
        self.source = source
        self.target = target
        self.exists = exists


class States:
    """Reads the states of one command.

    Args:
        workspace: its directory.
        arguments: its command line.
        row: its row in :data:`tf_wrapper.subcommands.OBSERVED`.
        facts: facts of the run, to query terraform.
    """

    def __init__(self, workspace: Workspace, arguments: StateArguments, row: Subcommand, facts: dict[str, Any]) -> None:
        self._workspace = workspace
        self._arguments = arguments
        self._effect = row.effect
        self._facts = facts
        self._files = None if self.named or row.effect == UNLOCK else files_of(workspace, arguments, row)

    @property
    def named(self) -> str | None:
        """The workspace named by a workspace command."""
        if self._effect not in {CREATE, SELECT, DELETE}:
            return None
        return self._arguments.positional[0] if self._arguments.positional else ""

    @property
    def lock(self) -> str | None:
        """The ID of the lock that force-unlock removes."""
        return self._arguments.positional[0] if self._effect == UNLOCK and self._arguments.positional else None

    @property
    def file(self) -> str | None:
        """The changed file as named on the command line, if it is not that of the workspace."""
        return self._files.name if self._files is not None else None

    def before(self, signals: Signals) -> Snapshot:
        """Read the states before terraform starts; a signal ends the wait for an answer."""
        if self._effect == UNLOCK:
            return Snapshot()
        if self.named is not None:
            exists = self._exists(self.named, signals) if self._effect == SELECT else None
            forced = self._effect == DELETE and self._arguments.has("force")
            return Snapshot(self._of_workspace(self.named, signals) if forced else None, exists=exists)
        return self._read(signals)

    def after(self, before: Snapshot, code: int, *, interrupted: bool) -> Snapshot:
        """Read the states after terraform; after a failure before any write, a backend is not queried again.

        Args:
            before: the states before.
            code: terraform's exit code, negative for a signal.
            interrupted: terraform was asked to stop.
        """
        if self._effect == UNLOCK:
            return Snapshot()
        if self.named is not None:
            copies = code == 0 and self._effect != DELETE and "state" in self._arguments.flags
            return Snapshot(self._of_workspace(self.named) if copies else Document(b""))
        if self._files is None and code > 0 and not interrupted:
            return before
        return self._read()

    def is_untouched(self, before: Snapshot, code: int) -> bool:
        """Return whether files or terraform's exit code show at once that nothing was changed.

        Args:
            before: the states before.
            code: terraform's exit code, negative for a signal.
        """
        if self._effect in {UNLOCK, CREATE, SELECT, DELETE}:
            return code != 0
        if self._files is None or before.source is None:
            return False
        files = [(self._files.source, before.source), (self._files.target, before.target)]
        return all(path is None or _is_same(read_file(path), old) for path, old in files)

    def _read(self, signals: Signals | None = None) -> Snapshot:
        if self._files is None:
            return Snapshot(self._pulled(self._facts, signals))
        source = read_file(self._files.source)
        if source.data is not None and b'"encrypted_data"' in source.data[-_HEAD:] + source.data[:_HEAD]:
            return Snapshot(self._pulled(self._facts, signals))  # by OpenTofu, which decrypts it
        return Snapshot(source, read_file(self._files.target) if self._files.target else None)

    def _of_workspace(self, name: str, signals: Signals | None = None) -> Document:
        path = workspace_file(self._workspace, name)
        if path is not None:
            return read_file(path)
        return self._pulled({**self._facts, "selected": {**self._facts["selected"], "TF_WORKSPACE": name}}, signals)

    def _pulled(self, facts: dict[str, Any], signals: Signals | None) -> Document:
        if self._workspace.has_piped_inputs:  # another terraform would read the pipe as well
            return Document(None)
        from tf_wrapper.plan import terraform_show

        return Document(terraform_show.state(facts, signals, most=MOST_BYTES))

    def _exists(self, name: str, signals: Signals) -> bool | None:
        path = workspace_file(self._workspace, name)
        if path is not None:
            return name == "default" or os.path.isdir(os.path.dirname(path))
        if self._workspace.has_piped_inputs:
            return None
        from tf_wrapper.plan import terraform_show

        names = terraform_show.workspaces(self._facts, signals)
        return None if names is None else name in names


def _is_same(new: Document, old: Document | None) -> bool:
    return old is not None and old.whole and new.whole and old.data is not None and new.data == old.data


def read_file(path: str) -> Document:
    """Read a state file; empty if there is none."""
    if not os.path.lexists(path):
        return Document(b"")
    data = inputs.read(path, MOST_BYTES + 1)
    if data is not None and len(data) > MOST_BYTES:
        return Document(data[:_HEAD], whole=False)
    return Document(data)
