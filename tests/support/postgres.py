"""A real PostgreSQL for tests: Debian's, in a folder of its own, ended with the tests however they end.

A folder's conftest takes the fixtures: ``from tests.support.postgres import database, postgres  # noqa: F401``.
PostgreSQL refuses to run as root: there, it runs as an unprivileged user who owns the folder.
Its collation is not that of bytes, as on most servers: a query that depends on it is seen.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, cast
from urllib.parse import quote

import pytest

from tests.support.speed import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
ADMIN = "postgres"
MISSING = "needs PostgreSQL: apt-get install postgresql, or initdb and postgres on PATH"
NO_POOLER = "needs pgbouncer: apt-get install pgbouncer"
_USERS = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "off",  # the machine does not fail: what a killed server has written, the kernel keeps
    "full_page_writes": "off",
    "autovacuum": "off",  # no plan changes in the middle of a test
    "logging_collector": "off",
    "log_min_messages": "fatal",
}
_POOLER = """[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = {host}
listen_port = {own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/pooler.users
auth_user = {admin}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 1000
logfile = {folder}/pooler.log
pidfile =
"""


def program(name: str, why: str = MISSING) -> str:
    """The path of a program of PostgreSQL, the newest version's; skips the test where it is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    path = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin"]))
    if path is None:
        pytest.skip(why)
    return path


@dataclass
class Address:
    """What listens on a port of this machine, and how it is named in URLs."""

    port: int
    password: str

    def url(self, database: str = ADMIN, user: str = ADMIN, password: str | None = None) -> str:
        """The URL of a database for a user; the password is the administrator's unless one is given."""
        word = quote(self.password if password is None else password, safe="")
        return f"postgresql://{quote(user, safe='')}:{word}@{HOST}:{self.port}/{database}"


@dataclass
class Server(Address):
    """A PostgreSQL of its own; ``folder`` is below the temporary folder and goes with it."""

    folder: Path
    user: str | None
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _templates: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start it, also after :meth:`kill`; returns when it answers."""
        deadline = time.monotonic() + HANG
        while True:
            if self._process is None or self._process.poll() is not None:
                # A port that was taken meanwhile, or memory that the killed one has still to give back.
                self._process = self._run([program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)])
            with contextlib.suppress(Exception):
                self.execute("SELECT 1")
                return
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """``kill -9`` of all its processes at once, as when the power goes; :meth:`start` recovers it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._send(signal.SIGKILL)
        self._process.wait(HANG)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """As long as this lasts, none of its processes does anything: connections stay open, and nothing comes."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        """Send a signal to all its processes, the first one last."""
        assert self._process is not None
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children")
        for pid in [*(children.read_text().split() if children.exists() else []), first]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def stop(self) -> None:
        """End it at once, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(HANG)
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, statement: str, *values: object, database: str = ADMIN) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator, outside of a transaction; gives its rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=int(HANG)) as connection:
            cursor = connection.execute(cast("LiteralString", statement), values or None)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def database(self, fill: Callable[[str], object] | None = None) -> Iterator[str]:
        """The URL of a database that is new, and dropped afterwards.

        Args:
            fill: is given the URL of a database and fills it, once for each server: what follows are copies.
        """
        template = self._template(fill) if fill else "template1"
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _template(self, fill: Callable[[str], object]) -> str:
        key = f"{fill.__module__}.{fill.__qualname__}"
        if key not in self._templates:
            name = f"template_{next(self._numbers)}"
            self.execute(f"CREATE DATABASE {name}")
            fill(self.url(name))
            self._templates[key] = name
        return self._templates[key]

    @contextlib.contextmanager
    def pooler(self, size: int = 4) -> Iterator[Address]:
        """A pgbouncer in front of it, in transaction mode, with so many connections for a database and user."""
        path = program("pgbouncer", NO_POOLER)
        own = Address(_free_port(), self.password)
        settings = _POOLER.format(host=HOST, port=self.port, own=own.port, folder=self.folder, admin=ADMIN, size=size)
        self._write("pooler.users", f'"{ADMIN}" "{self.password}"\n')
        process = self._run([path, self._write("pooler.ini", settings)])
        try:
            _wait_for_port(own.port, process, self.folder / "log")
            yield own
        finally:
            process.terminate()
            process.wait(HANG)

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        if self.user:
            shutil.chown(path, self.user)
        return str(path)

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*_as(self.user, ends_with_us=True), *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A PostgreSQL that was made and started for this, and ends with it; skips where there is none."""
    initdb, user = program("initdb"), _unprivileged()
    program("postgres")
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'tfevent[server]'")
    made = Server(_free_port(), secrets.token_hex(12), Path(tempfile.mkdtemp(prefix="tfevent-postgres-")), user)
    try:
        if user:
            shutil.chown(made.folder, user)
        _initialize(made, initdb)
        made.start()
        yield made
    finally:
        made.stop()


def _initialize(made: Server, initdb: str) -> None:
    password = made._write("password", made.password)
    subprocess.run(
        [*_as(made.user), initdb, "-D", made.folder / "data", "-U", ADMIN, "-E", "UTF8", f"--pwfile={password}",
         "--auth=scram-sha-256", "--no-sync", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"],
        cwd=made.folder,
        check=True,
        capture_output=True,
    )  # fmt: skip
    settings = {**_SETTINGS, "unix_socket_directories": str(made.folder)}
    with (made.folder / "data/postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


def _unprivileged() -> str | None:
    """Who runs it where we are root; None where we run it ourselves."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    found = next((name for name in _USERS if name in known), None)
    if found is None:
        pytest.skip(f"PostgreSQL does not run as root: needs a user {' or '.join(_USERS)}")
    return found


def _as(user: str | None, *, ends_with_us: bool = False) -> list[str]:
    """What stands before a command that runs as a user, and ends when this process does, however it does."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ["runuser", "-u", user, "--"] if user else []
    words = [setpriv, *(["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"] if user else [])]
    return [*words, *(["--pdeathsig", "QUIT"] if ends_with_us else []), "--"]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + HANG
    while True:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, "pgbouncer does not answer"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of a process."""
    with server() as made:
        yield made


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """The URL of an empty database for one test."""
    with postgres.database() as url:
        yield url
