"""The commit that last changed a block, if it is certain.

In a shallow clone, an unchanged line seems to come from the oldest commit; an uncommitted change belongs to no commit;
a removed line cannot be blamed. So the block must equal the committed one, its history is followed by ``git log -L``,
and must not end at the boundary.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from change_events.context import git_command
from tf_wrapper.configuration.positions import block_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tf_wrapper.configuration.positions import Rows

SHALLOW = "unknown: shallow clone"
UNCOMMITTED = "unknown: uncommitted change"
ELSEWHERE = "unknown: another repository"
SLOW = "unknown: git did not answer in time"
_AT_ONCE = 4


class Place(NamedTuple):
    """One block in the working tree.

    Attributes:
        path: absolute path of its file.
        name: kind and labels.
        lines: its text, by line.
        first: number of the first line.
    """

    path: str
    name: tuple[str, ...]
    lines: tuple[bytes, ...]
    first: int


class Touched(NamedTuple):
    """The commit, or why it is unknown; neither outside of a repository."""

    commit: str | None = None
    reason: str | None = None


def last_commits(places: Sequence[Place], root: str, environ: Mapping[str, str], end: float) -> dict[Place, Touched]:
    """Return the commit that last changed each block.

    Args:
        places: blocks in files below or beside the root module.
        root: the root module; files in other repositories are not examined.
        environ: environment for git.
        end: deadline (``time.monotonic``).
    """
    here = _repository(root, environ, end)
    if here is None:
        return {}
    return _History(here, environ, end).of(places)


class _Repository(NamedTuple):
    top: str
    head: str
    shallow: bool


def _repository(folder: str, environ: Mapping[str, str], end: float) -> _Repository | None:
    words = ("rev-parse", "--show-toplevel", "--is-shallow-repository", "--verify", "HEAD^{commit}")
    rows = (git_command.ask({"": words}, Path(folder), environ, end)[""] or "").splitlines()
    if len(rows) != 3:  # noqa: PLR2004 - one for each question
        return None
    return _Repository(os.path.realpath(rows[0]), rows[2], rows[1] != "false")


class _History:
    def __init__(self, repository: _Repository, environ: Mapping[str, str], end: float) -> None:
        self._repository = repository
        self._environ = environ
        self._end = end
        self._owners: dict[str, str] = {}

    def of(self, places: Sequence[Place]) -> dict[Place, Touched]:
        found = {place: Touched(reason=ELSEWHERE) for place in places}
        own = [place for place in found if self._is_own(place.path)]
        committed = self._committed({place.path for place in own})
        rows: dict[Place, Rows] = {}
        for place in own:
            text = committed[place.path]
            same = _rows_of_same(place, text) if text is not None else None
            if same is None:
                found[place] = Touched(reason=UNCOMMITTED)
            else:
                rows[place] = same
        for start in range(0, len(rows), _AT_ONCE):
            some = dict(list(rows.items())[start : start + _AT_ONCE])
            found.update(self._touched(some))
        return found

    def _is_own(self, path: str) -> bool:
        folder = os.path.dirname(path)
        if folder not in self._owners:
            other = git_command.ask({"": ("rev-parse", "--show-toplevel")}, Path(folder), self._environ, self._end)[""]
            self._owners[folder] = os.path.realpath(other.rstrip("\n")) if other else ""
        return self._owners[folder] == self._repository.top

    def _committed(self, paths: set[str]) -> dict[str, bytes | None]:
        """Return the files at the checked-out commit; None for missing ones."""
        top = Path(self._repository.top)
        words = {path: ("cat-file", "blob", f"{self._repository.head}:{self._relative(path)}") for path in paths}
        answers = git_command.ask(words, top, self._environ, self._end) if words else {}
        return {path: None if text is None else text.encode("utf-8", "replace") for path, text in answers.items()}

    def _relative(self, path: str) -> str:
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        return os.path.relpath(real, self._repository.top)

    def _touched(self, rows: Mapping[Place, Rows]) -> dict[Place, Touched]:
        words = {
            place: (
                *("log", "-1", "-s", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-color"),
                *("--format=%H %P", f"-L{at.first},{at.last}:{self._relative(place.path)}", self._repository.head),
            )
            for place, at in rows.items()
        }
        answers = git_command.ask(words, Path(self._repository.top), self._environ, self._end)
        return {place: self._judged(answer) for place, answer in answers.items()}

    def _judged(self, answer: str | None) -> Touched:
        commit, *parents = (answer or "").split() or [""]
        if not commit:
            return Touched(reason=SLOW)
        if self._repository.shallow and not parents:
            return Touched(reason=SHALLOW)
        return Touched(commit)


def _rows_of_same(place: Place, committed: bytes) -> Rows | None:
    """Return the rows of an identical block in the committed file; None if there is none."""
    rows = block_rows(committed, is_json=place.path.endswith(".json")).get(place.name)
    if rows is None:
        return None
    lines = committed.splitlines()[rows.first - 1 : rows.last]
    return rows if tuple(lines) == place.lines else None
