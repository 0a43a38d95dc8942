"""Over the folders of all runs that are not settled: those that go on, and what is left of those that were killed."""

from __future__ import annotations

import os

from change_events.files.rundir import FRESH, is_id, opened, roots

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from change_events.files.rundir import RunDirectory

_FRESH_SECONDS = 60.0


def leftovers(state: str, journal: str, wanted: Callable[[dict[str, Any]], bool] | None = None) -> list[RunDirectory]:
    """Folders of runs that are over without having been settled, each now locked by us.

    Args:
        state: the state folder.
        journal: the journal that is used: runs that were begun for another one are left to the commands that use that.
        wanted: decides by a run's facts whether it is of interest; the others are let go of again.
    """
    runs = []
    for root, path in roots(state):
        try:
            names = sorted(os.listdir(root))
            for name in names:
                if not is_id(name.removeprefix(FRESH)) or (run := opened(root, path, name)) is None:
                    continue
                if name.startswith(FRESH):
                    _remove_stale(run)
                elif (
                    not run.stream_is_live()
                    and run.acquire()
                    and run.belongs_to(journal, state)
                    and (wanted is None or wanted(run.read_facts()))
                ):
                    runs.append(run)
                else:
                    run.release()
        except OSError:
            continue
        finally:
            os.close(root)
    return runs


def _remove_stale(run: RunDirectory) -> None:
    """A folder that was killed while being made; one that is being made just now is left alone."""
    import time

    try:
        age = time.time() - os.lstat(run.path).st_mtime
    except OSError:
        age = 0.0
    if age > _FRESH_SECONDS and run.acquire():
        run.remove()
    else:
        run.release()


def count(state: str) -> int:
    """How many folders of runs of this state folder there are, running ones included."""
    return sum(run.is_of(state) for run in _all(state))


def stranded(state: str, journal: str) -> list[str]:
    """The journals of runs that are over and wait for a command that uses another journal than this one."""
    found = []
    for run in _all(state):
        if run.is_of(state) and not run.belongs_to(journal, state) and not run.stream_is_live() and run.acquire():
            try:
                found.append(os.fsdecode(run.read("journal")))
            except OSError:  # settled by another command meanwhile
                continue
    return sorted(set(found))


def all_facts(state: str, journal: str) -> list[dict[str, Any]]:
    """The facts of all runs of a journal that are not settled, those that go on too."""
    return [run.read_facts() for run in _all(state) if run.belongs_to(journal, state)]


def _all(state: str) -> Iterator[RunDirectory]:
    """Each run's folder, not locked, as long as the caller looks at it."""
    for root, path in roots(state):
        try:
            for name in os.listdir(root):
                if is_id(name) and (run := opened(root, path, name)) is not None:
                    yield run
                    run.release()
        except OSError:
            continue
        finally:
            os.close(root)
