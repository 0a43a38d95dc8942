"""Versions of a file: now, at HEAD and at the commit of an earlier run, and the commits that changed a place in it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from change_events.cause.commits import MOST, CommitNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.cause.repository import Entry, LogEntry, Repository
    from change_events.model import CauseCommit

MOST_BYTES = 1 << 20


class Versions:
    """The files of a repository in three versions. Paths are current paths.

    Args:
        repository: the repository of the files.
        base: the commit to compare with; HEAD itself to find only uncommitted edits.
        uncommitted: paths that differ from HEAD.
        until: seconds since 1970; later edits were not seen by the run.

    Attributes:
        failed: git could not determine the differences.
        lacks: the clone lacks the content of a requested file.
    """

    def __init__(self, repository: Repository, base: str, uncommitted: frozenset[str], until: float) -> None:
        self.repository = repository
        self.uncommitted = uncommitted
        entries = repository.changed(base) if base != repository.head else []
        self.failed = entries is None
        self.lacks = False
        self.entries: list[Entry] = [entry for entry in entries or () if not entry.is_link]
        self._by_path = {entry.path: entry for entry in self.entries}
        self._base = base
        self._until = until
        self._now: dict[str, bytes | None] = {}
        self._names = CommitNames(repository, base)

    def now(self, path: str) -> bytes | None:
        """Return the content in the working tree; None if the file is missing or too large."""
        if path not in self._now:
            self._now[path] = _read(os.path.join(self.repository.top, path))
        return self._now[path]

    def is_late(self, path: str) -> bool:
        """Return whether it was written after the run had started."""
        try:
            return os.stat(os.path.join(self.repository.top, path)).st_mtime > self._until
        except OSError:
            return False

    def head(self, path: str) -> bytes | None:
        """Return the content at HEAD; of an ignored file, the current content."""
        if path not in self.uncommitted:
            return self.now(path)
        blob = (self.repository.tree(self.repository.head, [path]) or {}).get(path)
        return self.blob(blob) if blob else None

    def base(self, path: str) -> bytes | None:
        """Return the content in the base, under its name there."""
        entry = self._by_path.get(path)
        if entry is None:
            return self.head(path)
        return self.blob(entry.old[0]) if entry.old[0] else None

    def blob(self, name: str) -> bytes | None:
        """Return the content of a blob."""
        data = self.repository.blob(name)
        self.lacks = self.lacks or data is None
        return data

    def is_edited(self, path: str) -> bool:
        """Return whether commits since the base changed its content."""
        entry = self._by_path.get(path)
        return entry is not None and entry.old[0] != entry.new

    def is_known(self, path: str) -> bool:
        """Return whether HEAD has it."""
        return path in (self.repository.tree(self.repository.head, [path]) or {})

    def commits(self, path: str, value: Callable[[bytes], str | None]) -> tuple[CauseCommit, ...]:
        """Return the commits since the base that changed a place in a file, newest first.

        Only proven commits: the search ends where the file was renamed, or the clone is truncated.

        Args:
            path: path of the file.
            value: returns the value of the place in a content: empty if it is missing, None if it cannot be read.
        """
        entry = self._by_path.get(path)
        if entry is None:
            return ()
        paths = {entry.path, entry.old_path}
        log = self.repository.log(self._base, sorted(paths)) or []
        self.repository.fetch(blob for one in log for each in one.entries for blob in (*each.old, each.new))
        old = self.base(path)
        base = "" if old is None else value(old)
        return tuple(self._edits(log, paths, value, base))[:MOST]

    def _edits(
        self, log: Sequence[LogEntry], paths: set[str], value: Callable[[bytes], str | None], base: str | None
    ) -> Iterator[CauseCommit]:
        for one in log:
            entries = [entry for entry in one.entries if entry.path in paths or entry.old_path in paths]
            if not entries:
                continue
            if len(entries) > 1 or self.repository.deadline.is_over or not self._is_proven(one, entries[0], base):
                return
            olds = [self._value(blob, value) for blob in entries[0].old]
            new = self._value(entries[0].new, value)
            if new is None or None in olds:
                return
            if new not in olds:
                yield self._names.of(one)
                if base in olds:
                    return

    def _is_proven(self, one: LogEntry, entry: Entry, base: str | None) -> bool:
        """Return whether a commit's parents are known, and explain the result of this file."""
        if not entry.new or (self.repository.shallow and not one.parents):
            return False
        if all(entry.old):
            return True
        return not base and len(one.parents) < 2 and self.repository.is_rename(one.id, entry.path) is False  # noqa: PLR2004

    def _value(self, blob: str, value: Callable[[bytes], str | None]) -> str | None:
        if not blob:
            return ""
        data = self.repository.blob(blob)
        return None if data is None else value(data)


def _read(path: str) -> bytes | None:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
