"""A file now, at HEAD and at the commit of an earlier run, and the commits that made it read otherwise."""

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
    """The files of a repository in three versions. Paths are those that the repository has now.

    Args:
        repository: that holds them.
        base: the commit to compare with; HEAD itself where only uncommitted edits are looked for.
        uncommitted: paths that HEAD has otherwise.
        until: seconds since 1970: what was written later is not what the run read.

    Attributes:
        failed: git could not say what differs.
        lacks: a file was asked for whose content this clone has not.
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
        """As the working tree has it; None where it has no such file, or too large a one."""
        if path not in self._now:
            self._now[path] = _read(os.path.join(self.repository.top, path))
        return self._now[path]

    def is_late(self, path: str) -> bool:
        """Whether it was written when the run had begun already."""
        try:
            return os.stat(os.path.join(self.repository.top, path)).st_mtime > self._until
        except OSError:
            return False

    def head(self, path: str) -> bytes | None:
        """As HEAD has it. A file that git ignores is as it is now."""
        if path not in self.uncommitted:
            return self.now(path)
        blob = (self.repository.tree(self.repository.head, [path]) or {}).get(path)
        return self.blob(blob) if blob else None

    def base(self, path: str) -> bytes | None:
        """As the base has it, under the name that it had there."""
        entry = self._by_path.get(path)
        if entry is None:
            return self.head(path)
        return self.blob(entry.old[0]) if entry.old[0] else None

    def blob(self, name: str) -> bytes | None:
        """The content of a blob."""
        data = self.repository.blob(name)
        self.lacks = self.lacks or data is None
        return data

    def is_edited(self, path: str) -> bool:
        """Whether commits since the base changed its content."""
        entry = self._by_path.get(path)
        return entry is not None and entry.old[0] != entry.new

    def is_known(self, path: str) -> bool:
        """Whether HEAD has it."""
        return path in (self.repository.tree(self.repository.head, [path]) or {})

    def commits(self, path: str, value: Callable[[bytes], str | None]) -> tuple[CauseCommit, ...]:
        """The commits since the base that made a place in a file read otherwise, newest first.

        Only what is proven: it ends where a file was renamed in between, or the clone is cut.

        Args:
            path: of the file.
            value: what a content has at the place: empty where it has none, None where it cannot be read.
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
        """Whether a commit's parents are known, and hold the outcome of this file."""
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
