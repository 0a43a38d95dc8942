"""The folder of one running run: what survives us if we are killed.

It is made before terraform starts and removed when the run is settled:

* ``facts``: what is being run, where, since when, and how far it got (``stage``: planning, planned, applying, native,
  ended), as a Python literal, since importing json costs 8 ms before terraform starts; no secret in it;
* ``lock``: held by us, so that another tfevent leaves a live run alone;
* ``plan``: the private saved plan (it holds secrets, mode 0600);
* ``plan.out``, ``plan.err``: what the plan half printed, where there is no terminal;
* ``stream``: stdout of the apply. terraform itself holds a lock on it, by inheritance, until it ends.

A run that is not terraform's (a playbook, a command) has the name of its ``owner`` among its facts, and
``checkpoint``, the event as far as it is known; a command that has ended also ``end``, how it did. A change that is
tied to a process (:mod:`change_events.recording.tied`) has that as its ``writer``, and nobody holds its lock.

A leftover folder whose two locks are free belongs to a run that was killed; the next command settles it: the Terraform
half its own, :mod:`change_events.recording.leftovers` those with an owner.
"""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FRESH = ".new-"
_FRESH_SECONDS = 60.0
_ENOUGH = 32 * 1024 * 1024  # bytes that must be free: a full disk would swallow terraform's output


class RunDirectory:
    """One folder under ``<state>/runs`` (or a fallback when that cannot be written)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.facts: dict[str, Any] = {}
        self._lock: int | None = None

    def file(self, name: str) -> str:
        """Absolute path of a file in the folder."""
        return os.path.join(self.path, name)

    def write_facts(self, *, durable: bool = False, **facts: Any) -> None:
        """Add to ``facts``, atomically: after this the run cannot be lost.

        Args:
            durable: not even by a power cut; to be asked for before something is changed, since it costs milliseconds.
            facts: names and values: strings, numbers, flags, None, and lists and dicts of those.
        """
        self.facts.update(facts)
        self._write("facts", self.facts, durable=durable)

    def _write(self, name: str, facts: dict[str, Any], *, durable: bool) -> None:
        data = repr(facts).encode("utf-8", "backslashreplace")
        temporary = self.file(name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, data)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, self.file(name))

    def read_facts(self) -> dict[str, Any]:
        """What ``facts`` says; empty where it is missing or unreadable."""
        self.facts = self._read("facts")
        return self.facts

    def write_end(self, **facts: Any) -> None:
        """Keep how the run ended, in a file of its own: another thread may be writing ``facts``. Raises OSError."""
        self._write("end", facts, durable=False)

    def read_end(self) -> dict[str, Any]:
        """What :meth:`write_end` has written; empty where the end is not known."""
        return self._read("end")

    def _read(self, name: str) -> dict[str, Any]:
        import ast

        try:
            with open(self.file(name), encoding="utf-8") as file:
                return dict(ast.literal_eval(file.read()))
        except (OSError, ValueError, TypeError, SyntaxError):
            return {}

    def acquire(self) -> bool:
        """Take the folder's own lock; False when another tfevent holds it."""
        try:
            descriptor = os.open(self.file("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        if not _try_lock(descriptor):
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def create_plan(self) -> str:
        """Path of the private plan, made for us alone: terraform keeps the mode of a file that exists."""
        path = self.file("plan")
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return path

    def create_stream(self) -> int:
        """Open ``stream`` for terraform's stdout, locked; the lock lives as long as any process has it open."""
        descriptor = os.open(self.file("stream"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def stream_is_live(self) -> bool:
        """Whether terraform still writes to ``stream``."""
        try:
            descriptor = os.open(self.file("stream"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the folder and everything in it; nobody sees it without its lock meanwhile."""
        gone = os.path.join(os.path.dirname(self.path), _FRESH + os.path.basename(self.path).removeprefix(_FRESH))
        try:
            os.rename(self.path, gone)
            self.path = gone
        except OSError:  # it goes where it is
            pass
        try:
            names = os.listdir(self.path)
        except OSError:
            names = []
        for name in names:
            try:
                os.unlink(self.file(name))
            except OSError:  # one that cannot go must not keep the others
                continue
        try:
            os.rmdir(self.path)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.EACCES, errno.EROFS}:
                raise
        self.release()

    def release(self) -> None:
        """Let go of the folder's own lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def roots(state: str) -> list[str]:
    """Folders that may hold running runs, best first: in the state folder, else in a corner of our own."""
    own = f"tfevent-{os.getuid()}"
    return [
        os.path.join(state, "runs"),
        os.path.join(os.environ.get("TMPDIR") or "/tmp", own, "runs"),  # noqa: S108 - checked to be ours alone
        os.path.join("/dev/shm", own, "runs"),  # noqa: S108 - the same
    ]


def create(state: str, run_id: str) -> RunDirectory | None:
    """Make the folder of a new run, locked; None when no place can be written or has room."""
    for root in roots(state):
        try:
            _make_private(os.path.dirname(root))
            _make_private(root)
            space = os.statvfs(root)
            if space.f_bavail * space.f_frsize < _ENOUGH:
                continue
            return _locked_folder(root, run_id)
        except OSError:
            continue
    return None


def _locked_folder(root: str, run_id: str) -> RunDirectory:
    """Made under a name that nobody looks at, so that it is never seen without its lock."""
    fresh = RunDirectory(os.path.join(root, _FRESH + run_id))
    os.mkdir(fresh.path, 0o700)
    if not fresh.acquire():
        raise OSError(errno.ENOLCK, "cannot lock", fresh.path)
    path = os.path.join(root, run_id)
    os.rename(fresh.path, path)
    fresh.path = path
    return fresh


def _make_private(path: str) -> None:
    os.makedirs(path, mode=0o700, exist_ok=True)
    status = os.lstat(path)
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "is not ours alone", path)


def find(state: str, run_id: str) -> RunDirectory | None:
    """The folder of one run, not locked; None where it has none."""
    for root in roots(state):
        path = os.path.join(root, run_id)
        if os.path.isdir(path) and os.lstat(root).st_uid == os.getuid():
            return RunDirectory(path)
    return None


def leftovers(state: str, wanted: Callable[[dict[str, Any]], bool] | None = None) -> list[RunDirectory]:
    """Folders of runs that are over without having been settled, each now locked by us.

    Args:
        state: the state folder.
        wanted: decides by a run's facts whether it is of interest; the others are let go of again.
    """
    found = []
    for root in roots(state):
        try:
            status = os.lstat(root)
            names = sorted(os.listdir(root)) if status.st_uid == os.getuid() else []
        except OSError:
            continue
        for name in names:
            run = RunDirectory(os.path.join(root, name))
            if name.startswith(_FRESH):
                _remove_stale(run)
            elif os.path.isdir(run.path) and not run.stream_is_live() and run.acquire():
                if wanted is None or wanted(run.read_facts()):
                    found.append(run)
                else:
                    run.release()
    return found


def _remove_stale(run: RunDirectory) -> None:
    """A folder that was killed while being made; one that is being made just now is left alone."""
    import time

    try:
        age = time.time() - os.lstat(run.path).st_mtime
    except OSError:
        return
    if age > _FRESH_SECONDS:
        run.remove()


def count(state: str) -> int:
    """How many folders of runs there are, running ones included."""
    total = 0
    for root in roots(state):
        try:
            total += len(os.listdir(root)) if os.lstat(root).st_uid == os.getuid() else 0
        except OSError:
            continue
    return total
