# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds tfevent: the pip package in Ansible's own Python, or the command on PATH.

Plugins describe events as *documents*: plain JSON values, not redacted, in the format of
:mod:`change_events.recording.ingest`::

    {"api": 1, "event": {…in the shape of the published schema…}, "secrets": […], "dedup_window": 600, …}

and pass them to a *session*, which knows settings, redaction, journal and destinations::

    core = load()
    if core is None: warn(missing())
    answer = core.session(environ=os.environ, directory=basedir, say=warn).settle(document)

Longer runs are recorded with ``load_apart()``, in a process of its own: each worker is a fork of Ansible's process, so
memory used here would slow down every task on every host.

Importing this module imports neither Ansible nor the package: a callback that fails to import stops every playbook, and
most of these modules are also imported where neither is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.tfevent.infra.plugins.plugin_utils.session import (
    API_VERSION,
    EventRejectedError,
    HandoverError,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMMAND = "tfevent"
OWNER = "ansible"

_SKEW = (
    "the installed tfevent package speaks version {theirs} of the interface and this collection version {ours}: "
    "install the package and the collection of one release"
)
_MISSING = (
    "tfevent is not installed for {python}, and no `tfevent` command is on PATH, so nothing is recorded: "
    "install the tfevent package for that Python (the collection's README says how), or put the `tfevent` command on "
    "PATH"
)


class Client(Protocol):
    """An available tfevent. ``where`` is a text for users: the package and its version, or the command's path."""

    where: str

    def session(self, *, environ: Mapping[str, str], directory: str, say: Callable[[str], object]) -> Session:
        """Open the session of one event.

        Args:
            environ: the environment, with the ``TFEVENT_*`` variables.
            directory: where ``tfevent.yaml`` and the git repository are looked for.
            say: takes one line for the user.
        """


class PackageCore(Client):
    """The imported package."""

    def __init__(self, document_run: Callable[..., Any], version: str) -> None:
        self._document_run = document_run
        self.where = f"tfevent {version}"

    def session(self, *, environ: Mapping[str, str], directory: str, say: Callable[[str], object]) -> Session:
        """Open the session of one event, in this process."""
        return _PackageSession(lambda: self._document_run(OWNER, directory, environ, say))


class _PackageSession:
    """The package's own session, with its errors converted to sentences."""

    outlives = False
    instead = None

    def __init__(self, make: Callable[[], Any]) -> None:
        self._run = _guarded(make)

    def start(self, document: Mapping[str, Any]) -> None:
        _guarded(lambda: self._run.start(document))

    def checkpoint(self, document: Mapping[str, Any]) -> None:
        _guarded(lambda: self._run.checkpoint(document))

    def settle(self, document: Mapping[str, Any], *, seconds: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - quick enough
        return dict(_guarded(lambda: self._run.settle(document)))

    def preview(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return dict(_guarded(lambda: self._run.preview(document)))

    def close(self) -> None:
        _guarded(self._run.close)


class ApartCore(Client):
    """The package in a process of its own, or in this one if that fails."""

    def __init__(self) -> None:
        self.where = sys.executable

    def session(self, *, environ: Mapping[str, str], directory: str, say: Callable[[str], object]) -> Session:
        """Open the session of one event, in a process of its own."""
        from ansible_collections.tfevent.infra.plugins.plugin_utils import pipe

        command = [self.where, *_switches(), "-m", "tf_wrapper", "events", "record"]
        instead = partial(_any, environ=environ, directory=directory, say=say)
        return pipe.PipeSession(command, environ, directory, say, instead)


def _switches() -> list[str]:
    """Return this interpreter's options that affect imports, so that the same package is imported."""
    if sys.flags.isolated:
        return ["-I"]
    return ["-P", *["-E"][: sys.flags.ignore_environment], *["-s"][: sys.flags.no_user_site]]


def _any(*, environ: Mapping[str, str], directory: str, say: Callable[[str], object]) -> Session:
    found = load()
    if found is None:
        raise HandoverError(missing())
    return found.session(environ=environ, directory=directory, say=say)


def _guarded(step: Callable[[], Any]) -> Any:
    """Return the result of ``step``.

    The text of errors other than tfevent's may have secrets, so only their type is reported.
    """
    try:
        return step()
    except Exception as error:
        from change_events import errors

        show_where(error)
        if isinstance(error, errors.EventRejectedError):
            raise EventRejectedError(str(error)) from error
        if isinstance(error, errors.TfeventError):
            raise HandoverError(str(error)) from error
        raise HandoverError(f"{type(error).__name__} in tfevent (TFEVENT_DEBUG=1 shows where)") from error


class CommandCore(Client):
    """The command on PATH, in a process of its own."""

    def __init__(self, path: str) -> None:
        self.where = path

    def session(self, *, environ: Mapping[str, str], directory: str, say: Callable[[str], object]) -> Session:
        """Open the session of one event, in a process of its own."""
        from ansible_collections.tfevent.infra.plugins.plugin_utils import pipe

        return pipe.PipeSession([self.where, "events", "record"], environ, directory, say)


def show_where(error: BaseException) -> None:
    """Print the whole error on standard error if debugging is requested; its text may have secrets."""
    if os.environ.get("TFEVENT_DEBUG"):
        traceback.print_exception(type(error), error, error.__traceback__)


def load() -> Client | None:
    """Return the available tfevent; None if there is none: :func:`missing` has the remedy."""
    return _package() or _command()


def load_apart() -> Client | None:
    """As :func:`load`, for longer runs: imports as little as possible into this process."""
    return ApartCore() if _version_of_package() == API_VERSION else load()


def missing() -> str:
    """Return the sentence for the user if :func:`load` returns None."""
    theirs = _version_of_package()
    if theirs is not None and theirs != API_VERSION:
        return _SKEW.format(theirs=theirs, ours=API_VERSION)
    return _MISSING.format(python=sys.executable or "this Python")


def _package() -> Client | None:
    if _version_of_package() != API_VERSION:
        return None
    try:
        from change_events import __version__
        from change_events.recording.document_run import DocumentRun
    except Exception:  # noqa: BLE001 - whatever is the matter with an installation, it is not importable
        return None
    return PackageCore(DocumentRun, __version__)


def _version_of_package() -> object:
    """Return the interface version of the importable package; None if there is none."""
    try:
        import change_events
    except Exception:  # noqa: BLE001 - the same; a Python that is too old raises SyntaxError
        return None
    return getattr(change_events, "API_VERSION", 0)


def _command() -> Client | None:
    path = shutil.which(COMMAND)
    return CommandCore(path) if path else None
