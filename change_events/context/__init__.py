"""Who and where: git, CI, user and host. Nothing here raises or waits for more than two seconds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from change_events.context import ci
from change_events.context import git as repository
from change_events.model import Actor, Link, Vcs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from change_events.redact import Redactor

_Part = TypeVar("_Part", bound=msgspec.Struct)

__all__ = ["Context", "detect"]


class Context(msgspec.Struct, frozen=True):
    """What surrounds a run, redacted."""

    actor: Actor
    vcs: Vcs | None
    links: tuple[Link, ...]


def detect(cwd: Path, environ: Mapping[str, str], *, redactor: Redactor, git: bool = True) -> Context:
    """What surrounds a run in ``cwd``; what cannot be found out is None. ``git=False`` asks no repository."""
    found = ci.detect(environ)
    vcs = repository.detect(cwd, environ) if git else None
    if vcs and not vcs.branch and found:
        vcs = msgspec.structs.replace(vcs, branch=found.branch)
    system = found.ci if found else None
    actor = Actor(user=_user(environ), host=os.uname().nodename or None, ci=system)
    links = (Link(title=f"{system.system} run", url=system.run_url),) if system and system.run_url else ()
    return Context(
        _redacted(msgspec.structs.replace(actor, ci=_redacted(system, redactor) if system else None), redactor),
        _redacted(vcs, redactor) if vcs else None,
        tuple(_redacted(item, redactor) for item in links),
    )


def _redacted(item: _Part, redactor: Redactor) -> _Part:
    texts = {name: getattr(item, name) for name in item.__struct_fields__}
    clean = {name: redactor.text(_printable(text)) for name, text in texts.items() if isinstance(text, str)}
    return msgspec.structs.replace(item, **clean)


def _printable(text: str) -> str:
    """A commit's subject or a branch may carry escape sequences meant for the reader's terminal."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _user(environ: Mapping[str, str]) -> str | None:
    """The person: behind sudo the one who called it; a container may have no name for its user at all."""
    for name in ("SUDO_USER", "LOGNAME", "USER"):
        if environ.get(name):
            return environ[name]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
