"""The base commit of a run, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from change_events.cause.repository import Repository

SHALLOW = "the commit of the last run is not in this shallow clone: fetch all of it (fetch-depth: 0)"
GONE = "the commit of the last run is not in this clone: it was never fetched, or was force-pushed away"
NO_RUN = "no earlier run of this stack is recorded here"
NO_REPOSITORY = "there is no git repository, or git refuses it"
LACKS = "files of the last run's commit cannot be read: this clone is a partial one, or they are too large"
SLOW = "git did not answer in time"


class EarlierRun(Protocol):
    """A run after which something matched its configuration."""

    @property
    def commit(self) -> str | None:
        """The commit it was made from."""


_Run = TypeVar("_Run", bound=EarlierRun)


class Base(NamedTuple, Generic[_Run]):
    """A commit to compare with.

    Attributes:
        commit: its id; HEAD if only uncommitted edits can be found.
        run: the run made from it, if any.
        reason: why only uncommitted edits can be found; empty otherwise.
    """

    commit: str
    run: _Run | None
    reason: str = ""


def base_of(repository: Repository, run: _Run | None) -> Base[_Run]:
    """Return the base to compare with if this was the last run."""
    if run is not None and run.commit:
        if repository.has(run.commit):
            return Base(run.commit, run)
        return Base(repository.head, None, SHALLOW if repository.shallow else GONE)
    left = repository.merge_base()
    if left is not None and left != repository.head:
        return Base(left, None)
    return Base(repository.head, None, NO_RUN)
