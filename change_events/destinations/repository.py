"""Which repository an address names: the same one for a clone over HTTPS, SSH or git's own protocol."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^@:/\s]{2,}):(?P<path>[^/\s].*)")  # one letter is a drive of Windows
_LOCAL = re.compile(r"[/.~\\]|[a-zA-Z]:|file:")
_SSH = {"ssh", "git+ssh", "ssh+git"}
_WEB = {"http", "https"}


class Repository(NamedTuple):
    """What an address says of a repository, by OpenTelemetry's conventions (``vcs.repository.*``, ``vcs.owner.name``).

    Attributes:
        url: its page, without ``.git``; None where the address is none of a server.
        name: the last part of its path.
        owner: the parts before that; None for a path of this machine.
    """

    url: str | None
    name: str | None
    owner: str | None


def repository_of(address: str) -> Repository:
    """Read what git says of a remote (``https://…``, ``ssh://…``, ``host:path``, a path), or ``owner/name``."""
    scp = None if "://" in address else _SCP.fullmatch(address)
    if scp:
        return _named(_page("https", scp["host"]), scp["path"])
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Repository(None, None, None)
    if parts.scheme in _WEB and host:
        return _named(f"{parts.scheme}://{_bracketed(host)}" + (f":{port}" if port else ""), parts.path)
    if parts.scheme in {*_SSH, "git"} and host:
        return _named(_page("https", host), parts.path)  # its port is SSH's or git's, not that of the pages
    found = _named(None, address)
    return found._replace(owner=None) if _LOCAL.match(address) else found


def _page(scheme: str, host: str) -> str | None:
    """Where its pages are; a name without a dot is a nickname out of somebody's SSH configuration."""
    return f"{scheme}://{_bracketed(host.lower())}" if "." in host or ":" in host else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _named(site: str | None, path: str) -> Repository:
    whole = path.replace("\\", "/").strip("/").removesuffix(".git")
    owner, _, name = whole.rpartition("/")
    return Repository(f"{site}/{whole}" if site and whole else None, name or None, owner or None)
