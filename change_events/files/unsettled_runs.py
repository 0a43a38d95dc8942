"""Lists the folders of all unsettled runs: active and killed ones."""

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
    """Yield the folders of runs that ended without being settled, each locked by this process.

    Args:
        state: the state folder.
        journal: the current journal: runs of other journals are left to their commands.
        wanted: selects runs by their facts; the others are released.
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
    """Remove a folder whose creation was killed, but none being created right now."""
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
    """Return the number of run folders in this state folder, including active ones."""
    return sum(run.is_of(state) for run in _all(state))


def stranded(state: str, journal: str) -> list[str]:
    """Return the journals of killed runs that wait for a command with another journal."""
    found = []
    for run in _all(state):
        if run.is_of(state) and not run.belongs_to(journal, state) and not run.stream_is_live() and run.acquire():
            try:
                found.append(os.fsdecode(run.read("journal")))
            except OSError:  # settled by another command meanwhile
                continue
    return sorted(set(found))


def all_facts(state: str, journal: str) -> list[dict[str, Any]]:
    """Return the facts of all unsettled runs of a journal, including active ones."""
    return [run.read_facts() for run in _all(state) if run.belongs_to(journal, state)]


def _all(state: str) -> Iterator[RunDirectory]:
    """Yield each run's folder, not locked, open during the iteration."""
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
