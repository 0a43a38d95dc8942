"""Files of a configuration in git: their content at a commit, and the commits that changed them.

Only objects of the repository are compared, never the working tree, so index, filters and line ends do not matter.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from change_events.context import git_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from change_events.process.deadline import Deadline

MOST_BYTES = 1 << 20  # of one file, in any version; a truncated file would look edited
_REMOTE = "remotes/origin"
_DEFAULT_BRANCHES = (f"{_REMOTE}/HEAD", f"{_REMOTE}/main", f"{_REMOTE}/master", "heads/main", "heads/master")
_RENAMES = ("-M", "-l400")
_PLAIN = ("-c", "log.follow=false", "-c", "log.showRoot=true")  # overrides settings of the user
_RAW = ("-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv", "-O/dev/null")
_MOST_COMMITS = 200
_MOST_OF_GRAPH = 2000
_BLOB = "100"  # prefix of the mode of a file
_LINK = "160000"  # a submodule
_HEADER = "%x01%H%x00%P%x00%an%x00%aI%x00%s%x00"
_FIELDS = 5


class Entry(NamedTuple):
    """A file that differs between two commits.

    Attributes:
        old_path: its path in the older commit.
        path: its path in the newer commit.
        old: its blob in each parent, empty if there is none.
        new: its blob in the newer commit, likewise.
        is_link: it is a submodule, and ``old`` and ``new`` are commits of it.
    """

    old_path: str
    path: str
    old: tuple[str, ...]
    new: str
    is_link: bool = False


class LogEntry(NamedTuple):
    """One commit with the files it changed; for a merge, those that differ from every parent."""

    id: str
    parents: tuple[str, ...]
    author: str
    authored_at: str
    subject: str
    entries: tuple[Entry, ...]


class Repository:
    """One repository, read with as few processes as possible.

    Attributes:
        top: resolved path of its working tree.
        head: id of the checked-out commit.
        shallow: whether its history is truncated.
        deadline: deadline of all calls of git.
    """

    def __init__(self, top: str, head: str, *, shallow: bool, environ: Mapping[str, str], deadline: Deadline) -> None:
        self.top = top
        self.head = head
        self.shallow = shallow
        self._environ = environ
        self.deadline = deadline
        self._answers: dict[tuple[str, ...], str] = {}
        self._blobs: dict[str, bytes | None] = {}

    @classmethod
    def around(cls, folder: str, environ: Mapping[str, str], deadline: Deadline) -> Repository | None:
        """Return the repository of a folder; None if there is none, it has no commit, or git refuses it."""
        words = ("rev-parse", "--show-toplevel", "--is-shallow-repository", "--verify", "HEAD^{commit}")
        rows = (git_command.ask({"": words}, folder, environ, deadline)[""] or "").splitlines()
        if len(rows) != 3:  # noqa: PLR2004 - one for each question
            return None
        return cls(os.path.realpath(rows[0]), rows[2], shallow=rows[1] != "false", environ=environ, deadline=deadline)

    def relative(self, path: str) -> str | None:
        """Return a path relative to the repository; None outside of its working tree."""
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        inner = os.path.relpath(real, self.top)
        return None if inner == ".." or inner.startswith("../") else inner

    def _ask(self, *words: str) -> str | None:
        """Return the output of a git command, cached since commits are immutable; None if it failed."""
        if words not in self._answers:
            answer = git_command.ask({"": words}, self.top, self._environ, self.deadline)[""]
            if answer is None:
                return None
            self._answers[words] = answer
        return self._answers[words]

    def has(self, commit: str) -> bool:
        """Return whether a commit is in this clone."""
        return self._ask("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") is not None

    def merge_base(self) -> str | None:
        """Return the commit where HEAD left the default branch; None if unknown."""
        listed = self._ask("for-each-ref", "--format=%(refname)", *(f"refs/{name}" for name in _DEFAULT_BRANCHES))
        there = [f"refs/{name}" for name in _DEFAULT_BRANCHES if f"refs/{name}" in (listed or "").split()]
        return (self._ask("merge-base", self.head, there[0]) or "").strip() or None if there else None

    def is_untracked(self, path: str) -> bool:
        """Return whether a file is neither tracked nor ignored."""
        return bool(self._ask("ls-files", "-o", "--exclude-standard", "-z", "--", path))

    def tree(self, commit: str, paths: Sequence[str]) -> dict[str, str] | None:
        """Return the blobs of these files and of the files in these folders (``folder/``) at a commit, by path."""
        answer = self._ask("ls-tree", "-z", "--full-tree", commit, "--", *sorted(set(paths)))
        if answer is None:
            return None
        rows = (row.partition("\t") for row in answer.split("\0") if row)
        return {path: about.split()[2] for about, _, path in rows if about.startswith(_BLOB)}

    def changed(self, base: str) -> list[Entry] | None:
        """Return the files that differ between a commit and HEAD, a rename as one entry; None if git fails."""
        for renames in (_RENAMES, ("--no-renames",)):  # a partial clone lacks the blobs needed to find renames
            answer = self._ask(*_PLAIN, "diff-tree", *_RAW, *renames, base, self.head)
            if answer is not None:
                return _entries(answer.split("\0"))
        return None

    def log(self, base: str, paths: Sequence[str]) -> list[LogEntry] | None:
        """Return the commits of HEAD since ``base`` that change these files, newest first."""
        shape = ("-c", *_RAW, f"--format={_HEADER}", f"--max-count={_MOST_COMMITS}", "--encoding=UTF-8")
        quiet = ("--no-show-signature", "--no-notes", "--no-color")
        for renames in (_RENAMES, ("--no-renames",)):
            answer = self._ask(*_PLAIN, "log", *quiet, *shape, *renames, f"{base}..{self.head}", "--", *paths)
            if answer is not None:
                return [_log_entry(text) for text in answer.split("\x01")[1:]]
        return None

    def uncommitted(self) -> frozenset[str] | None:
        """Return the paths in the working tree that differ from HEAD, including new ones; None if git fails."""
        names = git_command.ask({"": git_command.FILTERS}, self.top, self._environ, self.deadline)[""]
        safe = git_command.without_filters(self._environ, names or "")
        words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=dirty")
        answer = git_command.ask({"": words}, self.top, safe, self.deadline)[""]
        return None if answer is None else frozenset(row[3:] for row in answer.split("\0") if row)

    def is_rename(self, commit: str, path: str) -> bool | None:
        """Return whether a commit with one parent renamed a file to this path; None if git fails."""
        answer = self._ask(*_PLAIN, "diff-tree", "--root", "--no-commit-id", *_RAW, *_RENAMES, commit)
        if answer is None:
            return None
        return any(one.path == path and one.old_path != path for one in _entries(answer.split("\0")))

    def graph(self, base: str) -> list[tuple[str, tuple[str, ...], str]]:
        """Return the commits of HEAD since ``base``, newest first: id, parents, subject; empty if unknown."""
        words = ("--topo-order", f"--max-count={_MOST_OF_GRAPH}", "--format=%H%x00%P%x00%s", "--encoding=UTF-8")
        answer = self._ask(
            *_PLAIN, "log", "--no-show-signature", "--no-notes", "--no-color", *words, f"{base}..{self.head}"
        )
        rows = [line.split("\0") for line in (answer or "").split("\n") if line.count("\0") == 2]  # noqa: PLR2004
        return [(name, tuple(parents.split()), subject) for name, parents, subject in rows]

    def fetch(self, blobs: Iterable[str]) -> None:
        """Read these blobs with one call of git, for :meth:`blob`."""
        wanted = sorted({blob for blob in blobs if blob} - self._blobs.keys())
        if not wanted:
            return
        words = ("cat-file", "--batch")
        given = "".join(f"{blob}\n" for blob in wanted).encode()
        answer = git_command.ask_bytes({"": (words, given)}, self.top, self._environ, self.deadline)[""]
        self._blobs |= dict.fromkeys(wanted)
        at = 0
        while answer and at < len(answer):
            end = answer.index(b"\n", at)
            words_ = answer[at:end].decode("ascii", "replace").split()
            at = end + 1
            if len(words_) == 3:  # noqa: PLR2004 - name, kind and size; a missing one has two
                size = int(words_[2])
                self._blobs[words_[0]] = answer[at : at + size] if size <= MOST_BYTES else None
                at += size + 1

    def blob(self, name: str) -> bytes | None:
        """Return the content of a blob; None if the clone lacks it."""
        if name not in self._blobs:
            self.fetch([name])
        return self._blobs[name]

    def is_blob(self, name: str, data: bytes) -> bool:
        """Return whether a content has this blob id."""
        maker = hashlib.sha256 if len(name) == 64 else hashlib.sha1  # noqa: PLR2004 - hex digits
        return maker(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == name


def _entries(fields: Sequence[str]) -> list[Entry]:
    """Parse raw differences, NUL separated: ``:modes blobs status``, a path, and a second path for a rename."""
    found: list[Entry] = []
    at = 0
    while at < len(fields):
        about = fields[at].lstrip("\n")
        at += 1
        if not about.startswith(":"):
            continue
        parents = len(about) - len(about.lstrip(":"))
        words = about.lstrip(":").split()
        modes, blobs, status = words[: parents + 1], words[parents + 1 : 2 * parents + 2], words[-1]
        path = fields[at] if at < len(fields) else ""
        at += 1
        old_path = path
        if parents == 1 and status[:1] in "RC":
            path = fields[at] if at < len(fields) else ""
            at += 1
        if any(mode.startswith((_BLOB, _LINK)) for mode in modes):
            *old, new = ("" if not blob.strip("0") else blob for blob in blobs)
            found.append(Entry(old_path, path, tuple(old), new, any(mode == _LINK for mode in modes)))
    return found


def _log_entry(text: str) -> LogEntry:
    fields = text.split("\0")
    name, parents, author, at, subject = fields[:_FIELDS]
    return LogEntry(name, tuple(parents.split()), author, at, subject, tuple(_entries(fields[_FIELDS:])))


def folder_of(path: str) -> str:
    """Return a folder for :meth:`Repository.tree`; the root is the empty path."""
    return f"{path}/" if path else ""
