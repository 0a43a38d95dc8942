"""The commits that made an edit: those in which the place differs from every parent."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.cause.commits import MOST, CommitNames, commit_of
from tf_wrapper.cause.compare import texts
from tf_wrapper.cause.parts import File
from tf_wrapper.cause.sources import WORD, overrides, placed_in, words_of
from tf_wrapper.configuration.files import is_override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.cause.repository import Entry, LogEntry
    from change_events.model import CauseCommit
    from tf_wrapper.cause.compare import _Texts
    from tf_wrapper.cause.snapshot import Trees
    from tf_wrapper.cause.sources import Spot


class Found(NamedTuple):
    """The commits, newest first; ``whole`` is False if older ones may be missing."""

    commits: tuple[CauseCommit, ...] = ()
    whole: bool = True


class History:
    """The commits between a base and HEAD.

    Args:
        trees: the trees of both.
        base: the base commit.
        spots: all places to be queried later, so that git is called once.
    """

    def __init__(self, trees: Trees, base: str, spots: Sequence[Spot]) -> None:
        self._trees = trees
        self._files: dict[tuple[str, str], File | None] = {}
        self._read: dict[tuple[Spot, str], _Texts | None] = {}  # of a blob, which one commit leaves to the next
        paths = sorted({path for spot in spots for path in self._paths(spot)})
        log = trees.repository.log(base, paths) if paths else []
        self.failed = log is None
        self._log: list[LogEntry] = log or []
        self._blobs = {
            blob: entry.path for one in self._log for entry in one.entries for blob in (*entry.old, entry.new) if blob
        }
        trees.repository.fetch(self._blobs)
        self._names = CommitNames(trees.repository, base)
        self._holders: dict[bytes, set[str]] | None = None

    def of(self, spot: Spot) -> Found:
        """Return the commits that edited a place, back to the last one that still has the text of the base."""
        paths = self._paths(spot)
        holders = self._holding(spot)
        base = texts(self._trees.base.placed(spot))
        found: list[CauseCommit] = []
        covers = {name for path in self._trees.head.overriding(spot) if (name := self._trees.repository.relative(path))}
        for one in self._log:
            entries, is_replaced = self._effective(_of_files(one, paths, holders), spot, covers)
            if not entries:
                continue
            if self._is_beyond(one):
                return Found(tuple(found), whole=False)
            parents = range(max(len(entry.old) for entry in entries))
            olds = [self._texts(entries, spot, parent) for parent in parents]
            new = self._texts(entries, spot, -1)
            if new is None or None in olds:
                return Found(tuple(found), whole=False)
            if is_replaced or all(old != new for old in olds):
                found.append(self._names.of(one))
                if len(found) == MOST or (len(entries) == 1 and base in olds):
                    break
        return Found(tuple(found))

    def _is_beyond(self, one: LogEntry) -> bool:
        """Return whether a commit cannot be judged: the deadline has passed, or it is the boundary of a shallow clone.

        The boundary commit seems to have written everything older.
        """
        repository = self._trees.repository
        return repository.deadline.is_over or (repository.shallow and not one.parents)

    def _effective(self, entries: list[Entry], spot: Spot, covers: set[str]) -> tuple[list[Entry], bool]:
        """Return the files of a commit that no override file hides, and whether overriding began or ended.

        Args:
            entries: files of the commit.
            spot: the place.
            covers: the override files that have the place after the commit, and those before it.
        """
        after = _last(covers)
        for entry in entries:
            covers.discard(entry.path)
            if any(blob and self._overrides(entry.old_path, blob, spot) for blob in entry.old):
                covers.add(entry.old_path)
        before = _last(covers)
        hidden = min(after, before)
        return [one for one in entries if max(_rank(one.path), _rank(one.old_path)) >= hidden], bool(after) != bool(
            before
        )

    def _overrides(self, path: str, blob: str, spot: Spot) -> bool:
        file = self._file(path, blob) if is_override(path) else None
        return file is not None and overrides(file, spot)

    def _holding(self, spot: Spot) -> set[str] | None:
        """Return the blobs that may contain a block, by the words of its name; None for all."""
        if spot.was:
            return None
        names = [name.encode() for name in spot.block]
        if spot.is_in_file or any(WORD.fullmatch(name) is None for name in names):
            return None
        if self._holders is None:
            self._holders = {}
            for blob, path in self._blobs.items():
                file = self._file(path, blob)
                words = {b""} if file is None or file.is_escaped else words_of(file)
                for word in words:
                    self._holders.setdefault(word, set()).add(blob)
        found = set.intersection(*(self._holders.get(name, set()) for name in names))
        return found | self._holders.get(b"", set())

    def _paths(self, spot: Spot) -> set[str]:
        """Return the changed files that may contain a place, under all names they have had."""
        inner = self._trees.repository.relative(spot.folder)
        inner = "" if inner == "." else inner
        found: set[str] = set()
        for entry in self._trees.entries:
            both = {entry.path, entry.old_path}
            near = {os.path.dirname(path) for path in both} if not spot.is_in_file else both
            if inner in near:
                found |= both
        return found

    def _texts(self, entries: Sequence[Entry], spot: Spot, parent: int) -> _Texts | None:
        """Return the text of the place in all these files, in a parent or (-1) in the commit itself."""
        found: _Texts = Counter()
        for entry in entries:
            blob = entry.new if parent < 0 else entry.old[min(parent, len(entry.old) - 1)]
            if not blob:
                continue
            key = (spot, blob)
            if key not in self._read:
                file = self._file(entry.path, blob)
                self._read[key] = None if file is None else texts(placed_in(file, spot))
            held = self._read[key]
            if held is None:
                return None
            found += held
        return found

    def _file(self, path: str, blob: str) -> File | None:
        key = (path.rpartition(".")[2], blob)
        if key not in self._files:
            data = self._trees.repository.blob(blob)
            self._files[key] = None if data is None else File(path, data)
        return self._files[key]


def _of_files(one: LogEntry, paths: set[str], holders: set[str] | None) -> list[Entry]:
    """Return the files of a commit that may contain a place: by name, and by blob (None: all)."""
    return [
        entry
        for entry in one.entries
        if (entry.path in paths or entry.old_path in paths)
        and (holders is None or entry.new in holders or not holders.isdisjoint(entry.old))
    ]


def _rank(path: str) -> str:
    """Return the merge order of a file: override files by name, after all others."""
    return os.path.basename(path) if is_override(path) else ""


def _last(covers: Iterable[str]) -> str:
    return max(map(_rank, covers), default="")


def commits_of(trees: Trees, base: str, path: str) -> tuple[CauseCommit, ...]:
    """Return the commits that changed a path, newest first."""
    log = trees.repository.log(base, [path]) or []
    cut = trees.repository.shallow
    return tuple(commit_of(one) for one in log if one.entries and (one.parents or not cut))[:MOST]
