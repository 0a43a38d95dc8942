"""The configuration at HEAD and at an earlier commit, from the objects of the repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from change_events.cause.repository import Entry, folder_of
from tf_wrapper.cause.origins import in_order
from tf_wrapper.cause.sources import Sources
from tf_wrapper.configuration.files import is_configuration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from change_events.cause.repository import Repository


class Trees:
    """The files of HEAD and of one base.

    A file that git ignores, or outside of the repository, counts as unchanged: its history is unknown.

    Args:
        repository: repository of the root module.
        now: configuration of this run.
        base: the commit to compare with; HEAD itself to find only uncommitted edits.

    Attributes:
        head: configuration at HEAD.
        base: configuration at the base.
        entries: files that differ between the two.
        lacks: the clone lacks the content of a requested file.
        failed: git could not determine the differences.
    """

    def __init__(self, repository: Repository, now: Sources, base: str) -> None:
        self.repository = repository
        self.now = now
        self.lacks = False
        entries = repository.changed(base) if base != repository.head else []
        self.failed = entries is None
        self.entries: list[Entry] = [entry for entry in entries or () if not entry.is_link]
        self._links = [entry for entry in entries or () if entry.is_link]
        self._by_path = {entry.path: entry for entry in self.entries}
        self._tree: dict[str, str] = {}
        self._listed: set[str] = set()
        self._new: dict[str, bool] = {}
        self._list([inner for folder in now.folders.values() if (inner := self._inner(folder)) is not None])
        near = [entry for entry in self.entries if self._listed & {os.path.dirname(entry.path), *_old_folder(entry)}]
        repository.fetch(blob for entry in near for blob in (*entry.old, entry.new))
        self.head = Sources(self._at_head, self._head_names, now.folders)
        self.base = Sources(self._at_base, self._base_names, now.folders)

    def _inner(self, folder: str) -> str | None:
        """Return a folder as a path in the repository; empty for the top."""
        inner = self.repository.relative(folder)
        return "" if inner == "." else inner

    def _list(self, folders: list[str]) -> None:
        """List all files of these folders in HEAD's tree."""
        wanted = sorted(set(folders) - self._listed)
        self._listed.update(wanted)
        if "" in wanted:
            self._tree |= self.repository.tree(self.repository.head, []) or {}
        if named := [folder_of(folder) for folder in wanted if folder]:
            self._tree |= self.repository.tree(self.repository.head, named) or {}

    def _blob_at_head(self, inner: str) -> str | None:
        self._list([os.path.dirname(inner)])
        return self._tree.get(inner)

    def _at_head(self, path: str) -> bytes | None:
        inner = self.repository.relative(path)
        if inner is None:
            return self._as_now(path)
        blob = self._blob_at_head(inner)
        if blob is None:
            return None if self._is_new(inner) else self._as_now(path)
        return self._content(path, blob)

    def _at_base(self, path: str) -> bytes | None:
        entry = self._by_path.get(self.repository.relative(path) or "")
        if entry is None:
            return self._at_head(path)
        return self._content(path, entry.old[0]) if entry.old[0] else None

    def _content(self, path: str, blob: str) -> bytes | None:
        data = self._as_now(path)
        if data is not None and self.repository.is_blob(blob, data):
            return data
        found = self.repository.blob(blob)
        self.lacks = self.lacks or found is None
        return data if found is None else found

    def _as_now(self, path: str) -> bytes | None:
        file = self.now.file(path)
        return None if file is None else file.whole

    def _is_new(self, inner: str) -> bool:
        """Return whether ``git add`` would add a path that HEAD does not have."""
        if inner not in self._new:
            self._new[inner] = self.repository.is_untracked(inner)
        return self._new[inner]

    def is_known(self, path: str) -> bool:
        """Return whether git knows the history of a file: it is tracked, or new and not ignored."""
        inner = self.repository.relative(path)
        return inner is not None and (self._blob_at_head(inner) is not None or self._is_new(inner))

    def submodule(self, folder: str) -> Entry | None:
        """Return the submodule of a folder if the base has another commit of it."""
        inner = self._inner(folder) or ""
        return next((link for link in self._links if f"{inner}/".startswith(f"{link.path}/")), None)

    def uncommitted(self, files: Iterable[str]) -> Iterator[str]:
        """Return those of these files that differ from HEAD or are missing there, as paths in the repository."""
        for path in files:
            inner = self.repository.relative(path)
            if inner is not None and self.is_known(path) and self._at_head(path) != self._as_now(path):
                yield inner

    def _head_names(self, folder: str) -> list[str]:
        inner = self._inner(folder)
        tracked = [
            os.path.join(folder, os.path.basename(path))
            for path in self._tree
            if os.path.dirname(path) == inner and is_configuration(path)
        ]
        return list(dict.fromkeys([*tracked, *self.now.names(folder)]))

    def _base_names(self, folder: str) -> list[str]:
        gone = [os.path.join(folder, name) for name in self._gone(folder) if is_configuration(name)]
        return [*self._head_names(folder), *gone]

    def _gone(self, folder: str) -> Iterator[str]:
        """Return the names of files that the base had in a folder and HEAD has nowhere."""
        inner = self._inner(folder)
        return (
            os.path.basename(entry.path)
            for entry in self.entries
            if not entry.new and os.path.dirname(entry.path) == inner
        )

    def automatic(self, names: list[str]) -> list[str]:
        """Return the variable files in the root folder of the base, among those of now (``names``) and removed ones."""
        root = self.now.root
        held = [name for name in names if self.base.file(os.path.join(root, name)) is not None]
        return in_order([*held, *self._gone(root)])


def _old_folder(entry: Entry) -> set[str]:
    return {os.path.dirname(entry.old_path)} if entry.old_path != entry.path else set()
