"""A version of the configuration as files: this run's, from the saved plan or the working tree, or a commit's."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.cause.repository import MOST_BYTES
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.cause.parts import File, normal, parts
from tf_wrapper.configuration import inputs
from tf_wrapper.configuration.files import is_override, module_files
from tf_wrapper.configuration.secrets import module_folders
from tf_wrapper.plan.plan_file import Archive, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zipfile import ZipFile, ZipInfo

    from tf_wrapper.cause.parts import Body, Part, Step
    from tf_wrapper.cause.references import Found

_MOST_FILES = 5000
WORD = lazy_pattern(rb"[\w-]+")
_IN_WORDS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_APART = bytes(byte if byte in _IN_WORDS else 0x20 for byte in range(256))  # what is in no word becomes a space
LOCK_FILE = ".terraform.lock.hcl"
_IN_FILE: tuple[tuple[str, ...], ...] = ((), ("file",))
_LOCK_END = os.sep + LOCK_FILE


class Spot(NamedTuple):
    """A place by name, so that it can be found in any version of its files.

    Attributes:
        folder: the module's folder; of a variable file or any other file, its own path. Absolute.
        block: kind and labels of a block; empty for a variable file, ``("file",)`` for a file as a whole.
        path: names of arguments and nested blocks, keys and indices below them.
        exists: only whether it is there counts, not what is written there.
        was: what the block was called before it was moved.
    """

    folder: str
    block: tuple[str, ...]
    path: tuple[Step, ...] = ()
    exists: bool = False
    was: tuple[str, ...] = ()

    @property
    def is_in_file(self) -> bool:
        """Whether ``folder`` is the file itself: a variable file, the lock file, a file that a function reads."""
        return self.block in _IN_FILE or self.folder.endswith(_LOCK_END)


def words_of(file: File) -> set[bytes]:
    """The words of a file that a block's name may be made of; an empty one where names may be written otherwise."""
    return {*file.data.translate(_APART).split(), *([b""] if file.is_escaped else ())}


class Placed:
    """A spot as one version has it.

    Args:
        path: the file, absolute.
        first: its first line, from 1; None for that of the part.
        part: what is written there; None for a file or a block as a whole.
        text: of a file, its content; empty where only its presence counts; None to take it from ``part``.

    Attributes:
        references: what ``part`` refers to, by what ``each`` is, the module's folder and whether only presence counts.
    """

    __slots__ = ("_first", "_text", "part", "path", "references")

    def __init__(self, path: str, first: int | None, part: Part | None, text: tuple[str, ...] | bytes | None) -> None:
        self.path = path
        self._first = first
        self.part = part
        self._text = text
        self.references: dict[tuple[Step | None, str, bool], Found] = {}

    @property
    def first(self) -> int:
        """Its first line, from 1."""
        if self._first is None:
            self._first = self.part.first if self.part is not None else 1
        return self._first

    @property
    def text(self) -> tuple[str, ...] | bytes:
        """What is written there, comparable by ``==``."""
        if self._text is None:
            self._text = normal(self.part) if self.part is not None else ()
        return self._text


class Sources:
    """The files of one version of a configuration.

    Args:
        read: gives the content of a file by absolute path; None where there is none.
        names: gives the paths of a module's configuration files.
        folders: keys of installed modules → their folders; the root module is ``""``.
    """

    def __init__(
        self, read: Callable[[str], bytes | None], names: Callable[[str], list[str]], folders: Mapping[str, str]
    ) -> None:
        self._read = read
        self.names = names
        self.folders = folders
        self._files: dict[str, File | None] = {}
        self._modules: dict[str, list[File]] = {}
        self._placed: dict[Spot, list[Placed]] = {}
        self._words: dict[str, dict[bytes, list[File]]] = {}
        self._held: dict[tuple[str, tuple[str, ...]], list[File]] = {}
        self._has_overrides: dict[str, bool] = {}

    @property
    def root(self) -> str:
        """The root module's folder."""
        return self.folders[""]

    def file(self, path: str) -> File | None:
        """One file, None where this version has none."""
        if path not in self._files:
            data = self._read(path)
            self._files[path] = None if data is None else File(path, data)
        return self._files[path]

    def module(self, folder: str) -> list[File]:
        """The configuration files of a module."""
        if folder not in self._modules:
            files = (self.file(path) for path in self.names(folder)[:_MOST_FILES])
            self._modules[folder] = [file for file in files if file is not None]
        return self._modules[folder]

    def _holding(self, folder: str, block: tuple[str, ...]) -> list[File]:
        """The files of a module in which a block may stand: those that hold all the words of its name."""
        if (folder, block) not in self._held:
            self._held[folder, block] = self._with_words(folder, block)
        return self._held[folder, block]

    def _with_words(self, folder: str, block: tuple[str, ...]) -> list[File]:
        if folder not in self._words:
            found: defaultdict[bytes, list[File]] = defaultdict(list)
            for file in self.module(folder):
                for word in words_of(file):
                    found[word].append(file)
            self._words[folder] = found
        words = self._words[folder]
        names = [name.encode() for name in block]
        if any(WORD.fullmatch(name) is None for name in names):
            return self.module(folder)
        rarest = min((words.get(name, []) for name in names), key=len)
        return [*rarest, *(file for file in words.get(b"", []) if file not in rarest)]

    def placed(self, spot: Spot) -> list[Placed]:
        """Where a spot is in this version; nothing where it is not."""
        if spot not in self._placed:
            self._placed[spot] = self._find(spot)
        return self._placed[spot]

    def overriding(self, spot: Spot) -> list[str]:
        """The override files that replace what a spot is in; the last one takes effect."""
        folder = spot.folder
        if folder not in self._has_overrides:
            self._has_overrides[folder] = any(is_override(file.path) for file in self.module(folder))
        if not self._has_overrides[folder]:
            return []
        return sorted((file.path for file in self._near(spot) if overrides(file, spot)), key=os.path.basename)

    def _near(self, spot: Spot) -> list[File]:
        """The files of the module that the spot's block may stand in."""
        if spot.is_in_file:
            return []
        return self._holding(spot.folder, spot.block) or (self._holding(spot.folder, spot.was) if spot.was else [])

    def _find(self, spot: Spot) -> list[Placed]:
        if not spot.is_in_file:
            last = self.overriding(spot)[-1:]
            files = [file for file in self._near(spot) if not last or file.path in last]
            return [placed for file in files for placed in placed_in(file, spot)]
        file = self.file(spot.folder)
        return placed_in(file, spot) if file is not None else []


def overrides(file: File, spot: Spot) -> bool:
    """Whether a file is an override file and replaces the argument, or the nested blocks, that a spot is in.

    Source: https://developer.hashicorp.com/terraform/language/files/override#merging-behavior
    """
    if not spot.path or spot.is_in_file or not is_override(file.path):
        return False
    top = spot.path[: 2 if spot.path[0] == "lifecycle" else 1]  # its arguments are merged one by one
    return any(parts(body, top) for body in _bodies(file, spot))


def _bodies(file: File, spot: Spot) -> list[Body]:
    bodies = file.bodies(spot.block) if spot.block else [file.top]
    return bodies or (file.bodies(spot.was) if spot.was else [])


def placed_in(file: File, spot: Spot) -> list[Placed]:
    """Where a spot is within one file."""
    if spot.block == ("file",):
        return [Placed(file.path, 1, None, file.data)]
    return [placed for body in _bodies(file, spot) for placed in _in_body(file.path, body, spot)]


def _in_body(path: str, body: Body, spot: Spot) -> list[Placed]:
    if spot.exists and not spot.path:
        return [Placed(path, body.first, None, ())]
    return [Placed(path, None, part, () if spot.exists and not part.rest else None) for part in parts(body, spot.path)]


def working_tree(directory: str, data_dir: str, plan: str | None) -> Sources:
    """This run's configuration: what the saved plan holds of it, the rest from the working tree.

    Args:
        directory: the root module.
        data_dir: terraform's data directory, for where modules lie.
        plan: the saved plan, absolute; None where there is none.
    """
    directory = os.path.realpath(directory)  # "../x" of a linked folder is beside what the link leads to
    held, folders = planned_sources(plan, directory) if plan else ({}, {})
    by_folder: dict[str, list[str]] = {}
    for path in held:
        by_folder.setdefault(os.path.dirname(path), []).append(path)

    def names(folder: str) -> list[str]:
        return by_folder.get(folder) or module_files(folder, tofu=None)

    def read(path: str) -> bytes | None:
        if path in held:
            return held[path]
        data = inputs.read(path, MOST_BYTES + 1)
        return data if data is not None and len(data) <= MOST_BYTES else None

    return Sources(read, names, {**module_folders(data_dir, directory), **folders, "": directory})


def planned_sources(plan: str, directory: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The configuration in a saved plan: path in the working tree → content, and module key → folder.

    The layout (``tfconfig/modules.json``, ``tfconfig/m-KEY/NAME``) is terraform's own and not promised: what does not
    look like it is left alone. Source: hashicorp/terraform internal/plans/planfile/config_snapshot.go.
    """
    try:
        with Archive(plan) as archive:
            if archive is not None:
                return _snapshot(archive, directory)
    except (TooMuchError, TypeError):  # the latter for rows of another shape
        return {}, {}
    return {}, {}


def _snapshot(archive: ZipFile, directory: str) -> tuple[dict[str, bytes], dict[str, str]]:
    entries = {info.filename: info for info in archive.infolist()[:_MOST_FILES]}
    rows = json.loads(_content(archive, entries["tfconfig/modules.json"]))
    folders = {str(row["Key"]): _folder(row, directory) for row in rows}
    held = {}
    for key, folder in folders.items():
        start = f"tfconfig/m-{key}/"
        for name, info in entries.items():
            if name.startswith(start) and "/" not in name[len(start) :]:
                held[os.path.join(folder, name[len(start) :])] = _content(archive, info)
    return held, folders


def _folder(row: Any, directory: str) -> str:
    return os.path.normpath(os.path.join(directory, str(row["Dir"])))


def _content(archive: ZipFile, info: ZipInfo) -> bytes:
    if info.file_size > MOST_BYTES:
        raise ValueError("larger than any configuration")
    return archive.read(info)
