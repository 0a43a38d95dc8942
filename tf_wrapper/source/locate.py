"""Adds file, line and commit to the most important changes, beside the run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from change_events.model import Action, Change, Source
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.configuration import inputs
from tf_wrapper.configuration.files import module_files
from tf_wrapper.configuration.positions import block_rows
from tf_wrapper.configuration.secrets import module_folders
from tf_wrapper.source.commits import Place, Touched, last_commits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tf_wrapper.configuration.positions import Rows

_MOST_FILES = 200  # changes whose declaration is looked for
_MOST_COMMITS = 20  # changes whose commit is looked for: a process each
_SECONDS = 1.5
_WEIGHT = {Action.DESTROY: 0, Action.REPLACE: 0, Action.UPDATE: 1, Action.OTHER: 1, Action.CREATE: 2}
_BLOCKS = {"data": "data", "action": "action"}  # by mode
_INSTANCE_KEY = lazy_pattern(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


def with_sources(changes: Sequence[Change], directory: str, data_dir: str) -> tuple[Change, ...]:
    """Return the same changes, the most important ones with their ``source``.

    Args:
        changes: changes of a plan.
        directory: the root module.
        data_dir: terraform's data directory, which lists the modules.

    A source that cannot be found within a second and a half is left out; nothing is raised.
    """
    deadline = time.monotonic() + _SECONDS
    locator = _Locator(directory, data_dir)
    order = sorted(range(len(changes)), key=lambda index: _WEIGHT.get(changes[index].action, 3))
    places = dict[int, Place]()
    for index in order[:_MOST_FILES]:
        if time.monotonic() > deadline:
            break
        place = locator.place(changes[index])
        if place:
            places[index] = place
    asked = [places[index] for index in order[:_MOST_COMMITS] if index in places]
    touched = last_commits(asked, directory, os.environ, deadline) if asked else {}
    sources = {index: _source(place, touched.get(place, Touched()), directory) for index, place in places.items()}
    return tuple(replace(change, source=sources[i]) if i in sources else change for i, change in enumerate(changes))


def _source(place: Place, touched: Touched, directory: str) -> Source:
    return Source(
        file=os.path.relpath(place.path, directory),
        line=place.first,
        commit=touched.commit,
        commit_unknown=touched.reason,
    )


class _Locator:
    """Reads and parses each file once."""

    def __init__(self, directory: str, data_dir: str) -> None:
        self._root = directory
        self._modules = module_folders(data_dir, directory)
        self._files: dict[str, list[tuple[str, bytes]]] = {}
        self._rows: dict[str, dict[tuple[str, ...], Rows]] = {}

    def place(self, change: Change) -> Place | None:
        """Return where a change is declared."""
        folder = self._folder(change.module or "") if change.type and change.name else None
        if folder is None:
            return None
        name = (_BLOCKS.get(change.mode, "resource"), str(change.type), str(change.name))
        for path, data in self._in(folder):
            if name[2].encode() in data and (rows := self._blocks(path, data).get(name)):
                lines = data.splitlines()[rows.first - 1 : rows.last]
                return Place(path, name, tuple(lines), rows.first)
        return None

    def _folder(self, module: str) -> str | None:
        if not module:
            return self._root
        names = _INSTANCE_KEY.sub("", module).split(".")
        return self._modules.get(".".join(names[1::2]))  # module.a.module.b → a.b

    def _in(self, folder: str) -> list[tuple[str, bytes]]:
        if folder not in self._files:
            read = ((path, inputs.read(path)) for path in module_files(folder, tofu=None))
            self._files[folder] = [(path, data) for path, data in read if data is not None]
        return self._files[folder]

    def _blocks(self, path: str, data: bytes) -> dict[tuple[str, ...], Rows]:
        if path not in self._rows:
            self._rows[path] = block_rows(data, is_json=path.endswith(".json"))
        return self._rows[path]
