"""Identifies the terraform binary and whether it sees tfevent's files: queried once, then cached.

A run uses a saved plan only if both are known. A binary that does not answer as expected, is older than 1.0, has an
unknown major version, or sees another file system (a script that starts a container, a sandbox) runs natively. The
answers are cached in ``<state>/terraform-versions``, so that only the first run of a binary waits for them.

Imported before terraform starts: only os, time and modules that are loaded anyway.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.process import Signals

NAME = "terraform-versions"
_SECONDS = 5.0  # for an answer; some need a network or a container
_MOST = 65536  # bytes of an answer that are looked at
_KEPT = 50  # answers
_TRUSTED_FOR = 86400.0  # seconds that a bad answer counts: the reason may have gone
# what version managers choose by (tfenv, tofuenv, tenv, asdf, mise, tfswitch); a change asks again
_SELECTORS = ("TF", "TOFU", "TENV_", "ASDF_", "MISE_", "TERRAFORM_")  # of variables that end in _VERSION: no secret
_VERSION_FILES = (".terraform-version", ".opentofu-version", ".tool-versions", "mise.toml", ".mise.toml", ".tfswitchrc")
_PROBE = b"a=1\n"
_FORMATTED = b"a = 1\n"


class Identity:
    """An identified terraform.

    Attributes:
        product: ``Terraform`` or ``OpenTofu``.
        version: its version, without ``v``.
    """

    __slots__ = ("product", "version")

    def __init__(self, product: str, version: str) -> None:
        self.product = product
        self.version = version


def identify(binary: str, folder: str, state: str, environ: Mapping[str, str], signals: Signals) -> Identity | None:
    """Identify ``binary``; None if it is unknown or may not see tfevent's files.

    Args:
        binary: its path.
        folder: an existing folder of tfevent, where plans will be stored.
        state: the state folder, which has the cache.
        environ: the user's environment.
        signals: the active handlers; a signal ends the wait, and the result is None.
    """
    store = os.path.join(state, NAME)
    key = _key(binary, os.path.dirname(folder), environ)
    answers = _read(store)
    for known, answer, when in answers:
        if known == key and (answer or time.time() - when < _TRUSTED_FOR):
            return _identity(answer)
    answer = _ask(binary, folder, environ, signals)
    if not signals.received:
        _write(store, [(key, answer, time.time()), *(item for item in answers if item[0] != key)])
    return _identity(answer)


def forget(state: str) -> None:
    """Discard the cached answer after a run that contradicts it."""
    _remove(os.path.join(state, NAME))


def parse(text: str) -> str:
    """Return ``PRODUCT VERSION`` from the output of ``version``.

    Other lines before it are ignored; empty if there is no such line, or several that differ.
    """
    names = set()
    for line in text.splitlines():
        product, _, version = line.strip().partition(" v")
        if product in {"Terraform", "OpenTofu"} and _is_version(version):
            names.add(f"{product} {version}")
    return names.pop() if len(names) == 1 else ""


def _is_version(text: str) -> bool:
    numbers = text.partition("-")[0].partition("+")[0].split(".")
    return len(numbers) == 3 and all(part.isascii() and part.isdigit() for part in numbers) and " " not in text  # noqa: PLR2004 - major, minor, patch


def _identity(answer: str) -> Identity | None:
    product, _, version = answer.partition(" ")
    return Identity(product, version) if version else None


# -- asking -------------------------------------------------------------------------------------------------------


def _ask(binary: str, folder: str, environ: Mapping[str, str], signals: Signals) -> str:
    """Return the output of ``version``; empty if there is none, or if ``fmt`` does not format a file of tfevent."""
    from tf_wrapper.launch.environment import helper_environment

    probe = os.path.join(folder, "probe.tf")
    clean = helper_environment(environ)
    started: list[int] = []
    answer = b""
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(descriptor, _PROBE)
        os.close(descriptor)
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            started.append(_start([binary, "version"], clean, signals, writer))
            started.append(_start([binary, "fmt", "-list=false", probe], clean, signals))
        finally:
            os.close(writer)
        try:
            codes, answer = _wait(started, reader, signals)
        finally:
            os.close(reader)
        with open(probe, "rb") as file:
            seen = file.read(len(_FORMATTED)) == _FORMATTED
        return parse(answer.decode("utf-8", "replace")) if codes == [0, 0] and seen else ""
    except OSError:
        return ""
    finally:
        _remove(probe)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _start(argv: list[str], environ: Mapping[str, str], signals: Signals, stdout: int | None = None) -> int:
    """Start a helper in a process group of its own, so that its whole tree can be ended."""
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    output = (
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0) if stdout is None else (os.POSIX_SPAWN_DUP2, stdout, 1)
    )
    quiet = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    return os.posix_spawn(
        argv[0],
        [os.path.basename(argv[0]), *argv[1:]],
        dict(environ),
        file_actions=[null, output, quiet],
        setpgroup=0,
        setsigdef=signals.defaults_for_child(),
    )


def _wait(started: list[int], reader: int, signals: Signals) -> tuple[list[int], bytes]:
    """Return exit codes and output; -9 for processes killed at the time limit or by a signal."""
    deadline = time.monotonic() + _SECONDS
    codes: dict[int, int] = {}
    answer = b""
    seen = len(signals.received)
    while len(codes) < len(started):
        answer += _available(reader)
        for pid in started:
            if pid not in codes and (code := _ended(pid)) is not None:
                codes[pid] = code
        left = deadline - time.monotonic()
        if left <= 0 or len(signals.received) > seen or len(answer) > _MOST:
            break
        if len(codes) < len(started):
            signals.wait(min(left, 0.1))
    for pid in started:
        if pid not in codes:
            codes[pid] = _kill(pid)
    return [codes[pid] for pid in started], answer + _available(reader)


def _available(reader: int) -> bytes:
    data = b""
    while len(data) <= _MOST:
        try:
            chunk = os.read(reader, _MOST)
        except BlockingIOError:
            return data
        if not chunk:
            return data
        data += chunk
    return data


def _ended(pid: int) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _kill(pid: int) -> int:
    for end, target in ((os.killpg, pid), (os.kill, pid)):
        try:
            end(target, 9)
        except ProcessLookupError:
            continue
    os.waitpid(pid, 0)
    return -9


# -- remembering --------------------------------------------------------------------------------------------------


def _key(binary: str, root: str, environ: Mapping[str, str]) -> str:
    real = os.path.realpath(binary)
    parts = [binary, real, root, *(_stamp(path) for path in dict.fromkeys((binary, real)))]
    parts += [f"{name}={environ[name]}" for name in sorted(environ) if _selects(name)]
    directory = os.getcwd()
    while True:
        for name in _VERSION_FILES:
            path = os.path.join(directory, name)
            if os.path.lexists(path):
                parts.append(f"{path} {_stamp(path)}")
        above = os.path.dirname(directory)
        if above == directory:
            return repr(parts)
        directory = above


def _selects(name: str) -> bool:
    return name.endswith("_VERSION") and name.startswith(_SELECTORS)


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _read(store: str) -> list[tuple[str, str, float]]:
    """Return cached answers; nothing if the file is not a regular file of this user."""
    rows: list[tuple[str, str, float]] = []
    try:
        descriptor = os.open(store, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return rows
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return rows
        data = os.read(descriptor, 1 << 20)
    except OSError:
        return rows
    finally:
        os.close(descriptor)
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        when, _, rest = line.partition("\t")
        answer, _, key = rest.partition("\t")
        try:
            rows.append((key, answer, float(when)))
        except ValueError:
            continue
    return rows


def _write(store: str, answers: list[tuple[str, str, float]]) -> None:
    """Write the cache; failures are ignored, and the binary is queried again."""
    lines = "".join(f"{when:.0f}\t{answer}\t{key}\n" for key, answer, when in answers[:_KEPT])
    temporary = f"{store}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        os.write(descriptor, lines.encode("utf-8", "surrogateescape"))
        os.close(descriptor)
        os.replace(temporary, store)
    except OSError:
        return
