"""The folder of one running run, which survives a kill of tfevent.

It is created before terraform starts and removed when the run is settled:

* ``lock``: held by the running tfevent. Its text has the ID of the run and its state folder, which marks the folder as
tfevent's: nothing is ever deleted in a folder without it;
* ``facts``: what is being run, where, since when, and its progress (``stage``: planning, planned, applying, native,
ended), as a Python literal, since importing json costs 8 ms before terraform starts; without secrets;
* ``journal``: the path of the journal with the run's record, as soon as the settings are known;
* ``plan``: the private saved plan (with secrets, mode 0600);
* ``plan.out``, ``plan.err``: output of the plan phase without a terminal;
* ``checkpoint``: the redacted event, if neither the journal nor a destination took it;
* ``report.json`` and ``units``, of a run of many stacks: Terragrunt's run report, and a line for each run of a unit
that changed nothing (:mod:`change_events.stacks.tally`);
* ``stream``: stdout of the apply. terraform inherits a lock on it, which lasts until it ends.

Other runs (a playbook, a command) have their ``owner`` among the facts, and the current event as ``checkpoint``; a
command that has ended also has ``end`` with its outcome. A change bound to a process
(:mod:`change_events.recording.process_bound`) has that as its ``writer``, and its lock is not held.

A leftover folder whose two locks are free belongs to a killed run; the next command that uses the same journal settles
it: the Terraform half its own, :mod:`change_events.recording.recovery` those with an owner. The folder of a run of many
stacks stays for a while, since units may still start (:mod:`change_events.stacks.late`).
:mod:`change_events.files.unsettled_runs` lists the folders of all runs.
"""

from __future__ import annotations

import errno
import fcntl
import os

from change_events.files import private_folder

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

FRESH = ".new-"
"""How the name of a folder begins while it is being made."""
_ENOUGH = 32 * 1024 * 1024  # bytes that must be free: a full disk would swallow terraform's output
_LOCK = "lock"
_WRITTEN = ("facts", "journal", "checkpoint", "end")  # each by way of NAME.new
FILES = (
    *_WRITTEN, *(f"{name}.new" for name in _WRITTEN), "plan", "plan.out", "plan.err", "probe.tf", "report.json",
    "units", "stream", _LOCK,
)  # fmt: skip
"""All that may lie in a run's folder; nothing else in it is ever deleted. The lock goes last."""
_MARK = "tfevent run"
_WORK = ("plan", "plan.out", "plan.err", "probe.tf", "stream")
_STAYS = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS, errno.EBADF}
_GROUPS = (8, 4, 4, 4, 12)  # digits of a UUID


class RunDirectory:
    """One folder under ``<state>/runs`` (or a fallback if that cannot be written).

    It is used through descriptors: whatever replaces it later is neither read, written nor removed.

    Args:
        root: descriptor of the parent folder; owned by this object.
        folder: descriptor of the folder itself; owned by this object.
        path: absolute path, for terraform and messages.
    """

    def __init__(self, root: int, folder: int, path: str) -> None:
        self.path = path
        self.facts: dict[str, Any] = {}
        self._root = root
        self._folder = folder
        self._lock: int | None = None

    def file(self, name: str) -> str:
        """Return the absolute path of a file in the folder: one of :data:`FILES`."""
        return os.path.join(self.path, name)

    def write_facts(self, *, durable: bool = False, **facts: Any) -> None:
        """Add to ``facts``, atomically: after this the run cannot be lost.

        Args:
            durable: survive a power failure; required before something is changed, and takes milliseconds.
            facts: names and values: strings, numbers, flags, None, and lists and dicts of those.
        """
        self.facts.update(facts)
        self._write("facts", self.facts, durable=durable)

    def _write(self, name: str, facts: dict[str, Any], *, durable: bool) -> None:
        self.write(name, repr(facts).encode("utf-8", "backslashreplace"), durable=durable)

    def write(self, name: str, data: bytes, *, durable: bool = False) -> None:
        """Write one of :data:`FILES`, atomically. Raises OSError."""
        private_folder.write_file(self._folder, name, data, durable=durable)

    def read(self, name: str) -> bytes:
        """Return the content of one file. Raises OSError."""
        return private_folder.read_file(self._folder, name)

    def append(self, name: str, line: bytes, most: int) -> None:
        """Add a line to a file shared with other processes, unless it has ``most`` bytes. Raises OSError."""
        descriptor = private_folder.open_file(self._folder, name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            if os.fstat(descriptor).st_size + len(line) <= most:
                os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def open(self, name: str) -> BinaryIO:
        """Open one file for reading. Raises OSError."""
        return open(private_folder.open_file(self._folder, name, os.O_RDONLY), "rb")

    def read_facts(self) -> dict[str, Any]:
        """Return ``facts``; empty if it is missing or unreadable."""
        self.facts = self._read("facts")
        return self.facts

    def write_end(self, **facts: Any) -> None:
        """Store the end of the run in a file of its own, since another thread may write ``facts``. Raises OSError."""
        self._write("end", facts, durable=False)

    def read_end(self) -> dict[str, Any]:
        """Return the data of :meth:`write_end`; empty if the end is unknown."""
        return self._read("end")

    def _read(self, name: str) -> dict[str, Any]:
        import ast

        try:
            return dict(ast.literal_eval(self.read(name).decode()))
        except (OSError, ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return {}

    def write_journal(self, path: str) -> None:
        """Store the path of the run's journal: only commands that use it settle the run. Raises OSError."""
        self.write("journal", os.fsencode(os.path.realpath(path)))

    def belongs_to(self, journal: str, state: str) -> bool:
        """Return whether the run uses this journal; if its journal is unknown or gone, this state folder."""
        try:
            named = os.fsdecode(self.read("journal"))
        except OSError:
            named = ""
        if named and os.path.lexists(named):
            return named == os.path.realpath(journal)
        return named == os.path.realpath(journal) or self.is_of(state)

    def is_of(self, state: str) -> bool:
        """Return whether the run was started with this state folder."""
        return self._mark() == _mark(os.path.basename(self.path), state)

    def acquire(self) -> bool:
        """Take the folder's lock; False if another tfevent holds it, or the folder is not a run's."""
        try:
            descriptor = private_folder.open_file(self._folder, _LOCK, os.O_RDWR)
        except OSError:
            return False
        if not _try_lock(descriptor) or not self._is_ours(descriptor):
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def _is_ours(self, lock: int) -> bool:
        """Return whether the folder still has this lock, with the mark of this run."""
        try:
            there = os.stat(_LOCK, dir_fd=self._folder, follow_symlinks=False)
        except OSError:
            return False
        held = os.fstat(lock)
        if (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino):
            return False
        name = os.path.basename(self.path).removeprefix(FRESH)
        return self._mark().startswith(f"{_MARK} {name}\n")

    def _mark(self) -> str:
        try:
            return os.fsdecode(self.read(_LOCK))
        except OSError:
            return ""

    def make_lock(self, run_id: str, state: str) -> None:
        """Mark the new folder as tfevent's, and lock it. Raises OSError."""
        descriptor = private_folder.open_file(self._folder, _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._lock = descriptor
        if not _try_lock(descriptor):
            raise OSError(errno.ENOLCK, "cannot lock", self.path)
        os.write(descriptor, os.fsencode(_mark(run_id, state)))

    def create_plan(self) -> str:
        """Create the private plan and return its path: terraform keeps the mode of an existing file."""
        os.close(private_folder.open_file(self._folder, "plan", os.O_WRONLY | os.O_CREAT))
        return self.file("plan")

    def create_stream(self) -> int:
        """Open ``stream`` for terraform's stdout, locked; the lock lasts while any process has it open."""
        descriptor = private_folder.open_file(self._folder, "stream", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.set_blocking(descriptor, True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def stream_is_live(self) -> bool:
        """Return whether terraform still writes to ``stream``."""
        try:
            descriptor = private_folder.open_file(self._folder, "stream", os.O_RDONLY)
        except OSError:
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def move(self, name: str) -> None:
        """Rename the folder. Raises OSError."""
        os.rename(os.path.basename(self.path), name, src_dir_fd=self._root, dst_dir_fd=self._root)
        self.path = os.path.join(os.path.dirname(self.path), name)

    def remove_work(self) -> None:
        """Remove the plan, which has secrets, and output; the event is complete without them."""
        for name in _WORK:
            self._unlink(name)

    def _unlink(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._folder)
        except OSError:  # it is not there; and one that cannot go must not keep the others
            return

    def remove(self) -> None:
        """Remove tfevent's files, the lock last, and the folder if nothing else is in it."""
        for name in FILES:
            self._unlink(name)
        try:
            if self._is_still_there():
                os.rmdir(os.path.basename(self.path), dir_fd=self._root)
        except OSError as error:
            if error.errno not in _STAYS:
                raise
        finally:
            self.release()

    def _is_still_there(self) -> bool:
        there = os.stat(os.path.basename(self.path), dir_fd=self._root, follow_symlinks=False)
        own = os.fstat(self._folder)
        return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)

    def release(self) -> None:
        """Release the folder and its lock; this object cannot be used afterwards."""
        lock, self._lock = self._lock, None
        folder, self._folder = self._folder, -1
        root, self._root = self._root, -1
        for descriptor in (lock, folder, root):
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)


def _mark(run_id: str, state: str) -> str:
    return f"{_MARK} {run_id}\n{os.path.realpath(state)}\n"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_id(name: str) -> bool:
    """Return whether a folder's name can be that of a run: a UUID in lower case."""
    parts = name.split("-")
    return tuple(map(len, parts)) == _GROUPS and all(character in "0123456789abcdef-" for character in name)


def roots(state: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Yield descriptors and paths of the folders that may hold running runs, best first.

    They are in the state folder, else in a private fallback. Folders that others can write are left out. The caller
    closes the descriptors.
    """
    own = f"tfevent-{os.getuid()}"
    temporary = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - what is ours in it is checked
    corners = (temporary, "/dev/shm")  # noqa: S108 - the same
    for base, names, shared in ((state, ("runs",), False), *((corner, (own, "runs"), True) for corner in corners)):
        try:
            folder = private_folder.open_folder(base, names, shared=shared, make=make)
        except OSError:
            continue
        yield folder, os.path.join(os.path.abspath(base), *names)


def create(state: str, run_id: str) -> RunDirectory | None:
    """Create the folder of a new run, locked; None if no place can be written, or the ID is invalid."""
    if not is_id(run_id):
        return None
    for root, path in roots(state, make=True):
        try:
            space = os.fstatvfs(root)
            if space.f_bavail * space.f_frsize >= _ENOUGH:
                return _locked_folder(root, path, run_id, state)
        except OSError:
            pass
        os.close(root)
    return None


def _locked_folder(root: int, path: str, run_id: str, state: str) -> RunDirectory:
    """Create the folder under a hidden name, so that it is never visible without its lock."""
    os.mkdir(FRESH + run_id, 0o700, dir_fd=root)
    folder = private_folder.open_own(root, FRESH + run_id)
    run = RunDirectory(os.dup(root), folder, os.path.join(path, FRESH + run_id))
    try:
        run.make_lock(run_id, state)
        run.move(run_id)
    except BaseException:
        run.remove()
        raise
    os.close(root)
    return run


def opened(root: int, path: str, name: str) -> RunDirectory | None:
    """Open a folder by name, without locking it; None if it is not tfevent's. The caller releases it.

    Args:
        root: descriptor of the parent folder.
        path: path of that folder.
        name: its name.
    """
    try:
        return RunDirectory(os.dup(root), private_folder.open_own(root, name), os.path.join(path, name))
    except OSError:
        return None


def find(state: str, run_id: str) -> RunDirectory | None:
    """Open the folder of one run, without locking it; None if there is none. The caller releases it."""
    for root, path in roots(state):
        try:
            run = opened(root, path, run_id) if is_id(run_id) else None
        finally:
            os.close(root)
        if run is not None:
            return run
    return None
