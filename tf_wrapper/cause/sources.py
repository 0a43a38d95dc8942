"""The files of one version of a configuration: of this run (saved plan or working tree) or of a commit."""

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
    """A place by name, to be found in any version of its files.

    Attributes:
        folder: absolute path of the module; for a variable file or another single file, the path of the file.
        block: kind and labels of a block; empty for a variable file, ``("file",)`` for a whole file.
        path: names of arguments and nested blocks, then keys and indices.
        exists: only its existence matters, not its content.
        was: the name of the block before it was moved.
    """

    folder: str
    block: tuple[str, ...]
    path: tuple[Step, ...] = ()
    exists: bool = False
    was: tuple[str, ...] = ()

    @property
    def is_in_file(self) -> bool:
        """Whether ``folder`` is a file: a variable file, the lock file, or a file read by a function."""
        return self.block in _IN_FILE or self.folder.endswith(_LOCK_END)


def words_of(file: File) -> set[bytes]:
    """Return the words of a file that may be part of a block's name; an empty word if names may have escapes."""
    return {*file.data.translate(_APART).split(), *([b""] if file.is_escaped else ())}


class Placed:
    """A spot in one version.

    Args:
        path: absolute path of the file.
        first: first line, from 1; None for that of the part.
        part: the part; None for a whole file or block.
        text: content of a file; empty if only its existence matters; None to take it from ``part``.

    Attributes:
        references: references of ``part``, by the value of ``each``, the module's folder and whether only existence
            matters.
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
        """First line, from 1."""
        if self._first is None:
            self._first = self.part.first if self.part is not None else 1
        return self._first

    @property
    def text(self) -> tuple[str, ...] | bytes:
        """The text, comparable with ``==``."""
        if self._text is None:
            self._text = normal(self.part) if self.part is not None else ()
        return self._text


class Sources:
    """The files of one version of a configuration.

    Args:
        read: returns the content of a file by absolute path; None if it does not exist.
        names: returns the paths of a module's configuration files.
        folders: keys of installed modules → folders; the root module is ``""``.
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
        """Return one file; None if this version does not have it."""
        if path not in self._files:
            data = self._read(path)
            self._files[path] = None if data is None else File(path, data)
        return self._files[path]

    def module(self, folder: str) -> list[File]:
        """Return the configuration files of a module."""
        if folder not in self._modules:
            files = (self.file(path) for path in self.names(folder)[:_MOST_FILES])
            self._modules[folder] = [file for file in files if file is not None]
        return self._modules[folder]

    def _holding(self, folder: str, block: tuple[str, ...]) -> list[File]:
        """Return the files of a module that may contain a block: those with all words of its name."""
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
        """Return the place of a spot in this version, if it exists."""
        if spot not in self._placed:
            self._placed[spot] = self._find(spot)
        return self._placed[spot]

    def overriding(self, spot: Spot) -> list[str]:
        """Return the override files that replace a spot; the last one takes effect."""
        folder = spot.folder
        if folder not in self._has_overrides:
            self._has_overrides[folder] = any(is_override(file.path) for file in self.module(folder))
        if not self._has_overrides[folder]:
            return []
        return sorted((file.path for file in self._near(spot) if overrides(file, spot)), key=os.path.basename)

    def _near(self, spot: Spot) -> list[File]:
        """Return the files of the module that may contain the spot's block."""
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
    """Return whether a file is an override file and replaces the argument or nested blocks of a spot.

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
    """Return the place of a spot in one file."""
    if spot.block == ("file",):
        return [Placed(file.path, 1, None, file.data)]
    return [placed for body in _bodies(file, spot) for placed in _in_body(file.path, body, spot)]


def _in_body(path: str, body: Body, spot: Spot) -> list[Placed]:
    if spot.exists and not spot.path:
        return [Placed(path, body.first, None, ())]
    return [Placed(path, None, part, () if spot.exists and not part.rest else None) for part in parts(body, spot.path)]


def working_tree(directory: str, data_dir: str, plan: str | None) -> Sources:
    """Return the configuration of this run: the files in the saved plan, the others from the working tree.

    Args:
        directory: the root module.
        data_dir: terraform's data directory, which lists the modules.
        plan: absolute path of the saved plan; None if there is none.
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
    """Return the configuration in a saved plan: path in the working tree → content, and module key → folder.

    The layout (``tfconfig/modules.json``, ``tfconfig/m-KEY/NAME``) is internal to terraform; unknown entries are
    ignored. Source: hashicorp/terraform internal/plans/planfile/config_snapshot.go.
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
