"""The context of a run: git, CI, user and host. Nothing here raises or takes more than two seconds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from change_events.context import ci
from change_events.context import git as repository
from change_events.context.repository import repository_of
from change_events.model import Actor, Ci, Link, Vcs
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from change_events.redact import Redactor

_COMMIT = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_Part = TypeVar("_Part", bound=msgspec.Struct)

__all__ = ["Context", "commit_page", "detect"]


class Context(msgspec.Struct, frozen=True):
    """The context of a run, redacted."""

    actor: Actor
    vcs: Vcs | None
    links: tuple[Link, ...]


def detect(cwd: Path, environ: Mapping[str, str], *, redactor: Redactor, git: bool = True) -> Context:
    """Return the context of a run in ``cwd``; unknown parts are None. ``git=False`` skips the repository."""
    detected = ci.detect(environ)
    vcs = repository.detect(cwd, environ, ci.servers(environ)) if git else None
    if vcs and not vcs.branch and detected:
        # what a CI system checks out may have been fetched without the branch that it is on
        vcs = msgspec.structs.replace(vcs, branch=detected.branch, published=vcs.published or None)
    system = _with_page(detected.ci, vcs, environ) if detected else None
    actor = Actor(user=_user(environ), host=os.uname().nodename or None, ci=system)
    links = (Link(title=f"{system.system} run", url=system.run_url),) if system and system.run_url else ()
    return Context(
        _redacted(msgspec.structs.replace(actor, ci=_redacted(system, redactor) if system else None), redactor),
        _redacted(vcs, redactor) if vcs else None,
        tuple(_redacted(item, redactor) for item in links),
    )


def commit_page(vcs: Vcs, environ: Mapping[str, str], commit: str) -> str | None:
    """Return the page of a commit of this repository by its full ID; None if the forge is unknown."""
    whole = _COMMIT.fullmatch(commit) is not None
    return repository_of(vcs.remote or "", ci.servers(environ)).commit_page(commit) if whole else None


def _with_page(system: Ci, vcs: Vcs | None, environ: Mapping[str, str]) -> Ci:
    """Return the CI system with the page of its pull request: its own, or that of the forge if known."""
    change = system.pull_request
    if not change:
        return system
    page = None if change.isdecimal() else change
    if not page and vcs:
        page = repository_of(vcs.remote or "", ci.servers(environ)).change_page(change)
    return msgspec.structs.replace(system, pull_request_url=page)


def _redacted(item: _Part, redactor: Redactor) -> _Part:
    texts = {name: getattr(item, name) for name in item.__struct_fields__}
    clean = {name: redactor.text(_printable(text)) for name, text in texts.items() if isinstance(text, str)}
    return msgspec.structs.replace(item, **clean)


def _printable(text: str) -> str:
    """Return a commit's subject or a branch without escape sequences for terminals."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _user(environ: Mapping[str, str]) -> str | None:
    """Return the user: behind sudo the caller; a container's user may have no name."""
    for name in ("SUDO_USER", "LOGNAME", "USER"):
        if environ.get(name):
            return environ[name]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
