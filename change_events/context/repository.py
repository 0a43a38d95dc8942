"""Which repository an address names, however it was cloned, and where its forge shows commits and pull requests.

A forge is known by its host, or by what a CI system says of its own server; no address is asked. Forms of addresses:

* git's own: https://git-scm.com/docs/git-clone#_git_urls.
* Azure DevOps: https://learn.microsoft.com/azure/devops/repos/git/use-ssh-keys-to-authenticate (``_git``, ``v3``).
* Bitbucket Data Center serves HTTPS clones below ``/scm/``, SSH clones without it.
* AWS CodeCommit: https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html and git-remote-codecommit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# one letter before a colon is a drive of Windows
_SCP = lazy_pattern(r"(?:[^@/\s\[]+@)?(?:\[(?P<bracketed>[^\]\s]+)\]|(?P<host>[^@:/\s\[\]]{2,})):(?P<path>/?[^/\s].*)")
_LOCAL = lazy_pattern(r"[/.\\]|~/|[a-zA-Z]:|file:")
_CODECOMMIT = lazy_pattern(r"codecommit:(?::[\w-]+:)?//(?:[^@/\s]+@)?(?P<name>[^/\s]+)")
_AWS = lazy_pattern(r"git-codecommit(?:-fips)?\.[\w-]+\.amazonaws\.com(?:\.cn)?")
_SSH = {"ssh", "git+ssh", "ssh+git"}
_WEB = {"http", "https"}
_OTHER_NAMES = {  # hosts that only answer SSH, on the port of HTTPS
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
FORGES = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucket",
    "codeberg.org": "gitea",
    "gitea.com": "gitea",
}
# What follows a repository's page: for a commit, and for a pull or merge request.
_PAGES = {
    "github": ("/commit/{}", "/pull/{}"),
    "gitlab": ("/-/commit/{}", "/-/merge_requests/{}"),
    "bitbucket": ("/commits/{}", "/pull-requests/{}"),
    "azure": ("/commit/{}", "/pullrequest/{}"),
    "gitea": ("/commit/{}", "/pulls/{}"),
}


class Repository(NamedTuple):
    """What an address says of a repository, by OpenTelemetry's conventions (``vcs.repository.*``, ``vcs.owner.name``).

    Attributes:
        url: its page, without ``.git``; None where the address is none of a server.
        name: the last part of its path.
        owner: the parts before that; None for a path of this machine.
        forge: what kind of pages it has, where that is known.
    """

    url: str | None
    name: str | None
    owner: str | None
    forge: str | None = None

    @property
    def path(self) -> str | None:
        """``owner/name``: the same for every way to clone it; a name alone where no one is known to own it."""
        return "/".join(part for part in (self.owner, self.name) if part) or None

    def commit_page(self, commit: str | None) -> str | None:
        """The page of a commit, by its id."""
        return self._page(0, commit)

    def change_page(self, number: str | None) -> str | None:
        """The page of a pull or merge request, by its number."""
        return self._page(1, number)

    def _page(self, which: int, of: str | None) -> str | None:
        if not (of and self.url and self.forge):
            return None
        return self.url + _PAGES[self.forge][which].format(quote(of, safe=""))


def change_number(change: str) -> str | None:
    """The number of a pull or merge request, given as such or as the address of its page."""
    number = re.search(r"(?:^|/)(\d{1,18})/?$", change.partition("?")[0].partition("#")[0])
    return number[1] if number else None


class _Address(NamedTuple):
    """An address taken apart: ``site`` is where pages would be, None where that cannot be determined."""

    site: str | None
    host: str
    path: str
    web: bool


def repository_of(address: str, servers: Mapping[str, str] | None = None) -> Repository:
    """Read what git says of a remote (``https://…``, ``ssh://…``, ``host:path``, a path), or ``owner/name``.

    Args:
        address: of a remote; credentials in it are never part of the result.
        servers: kind of a forge (a key of the pages above) by the address of its server, as a CI system gives them.
    """
    if aws := _CODECOMMIT.fullmatch(address):
        return Repository(None, aws["name"].removesuffix(".git"), None)
    try:
        found = _taken_apart(address)
    except ValueError:
        return Repository(None, None, None)
    if found is None:
        named = _named(None, _parts(address))
        return named._replace(owner=None) if _LOCAL.match(address) else named
    parts = _parts(found.path)
    if _AWS.fullmatch(found.host) and parts[:2] == ["v1", "repos"]:
        return _named(found.site, parts)._replace(owner=None)
    return _of_azure(found, parts) or _of_server(found, parts, servers or {}) or _of_others(found, parts)


def _taken_apart(address: str) -> _Address | None:
    """None for a path. Raises ValueError for what only looks like a URL."""
    scp = None if "://" in address or address.startswith("file:") else _SCP.fullmatch(address)
    if scp:
        host = scp["host"] or scp["bracketed"].rpartition("@")[2]
        host = host.partition(":")[0] if host.count(":") == 1 else host  # [host:port]:path
        return _Address(_page("https", host), host.lower(), scp["path"], web=False)
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    if parts.scheme in _WEB and host:
        return _Address(
            f"{parts.scheme}://{_bracketed(host)}" + (f":{port}" if port else ""), host, parts.path, web=True
        )
    if parts.scheme in {*_SSH, "git"} and host:  # its port is SSH's or git's, not that of the pages
        return _Address(_page("https", host), host, parts.path, web=False)
    return None


def _page(scheme: str, host: str) -> str | None:
    """Where its pages are; a name without a dot is a nickname out of someone's SSH configuration."""
    named = _OTHER_NAMES.get(host.lower(), host.lower())
    return f"{scheme}://{_bracketed(named)}" if "." in host or ":" in host else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _parts(path: str) -> list[str]:
    whole = path.replace("\\", "/").strip("/").removesuffix(".git")
    return [part for part in whole.split("/") if part]


def _named(site: str | None, parts: Sequence[str], forge: str | None = None) -> Repository:
    whole = "/".join(parts)
    owner, _, name = whole.rpartition("/")
    return Repository(f"{site}/{whole}" if site and whole else None, name or None, owner or None, forge)


def _of_azure(found: _Address, parts: list[str]) -> Repository | None:
    """Azure DevOps: ``<organisation>/<project>/_git/<repository>``, over SSH ``v3/…``."""
    cloud = found.host == "dev.azure.com" or found.host.endswith((".dev.azure.com", ".visualstudio.com"))
    if cloud and parts[:1] == ["v3"] and len(parts) == 4:  # noqa: PLR2004 - v3, organisation, project, repository
        place, name = parts[1:3], parts[3]
    elif "_git" in parts[:-1]:
        at = parts.index("_git")
        place, name = parts[:at], parts[-1]
        if found.host.endswith(".visualstudio.com"):
            place = [found.host.partition(".")[0], *(part for part in place if part.lower() != "defaultcollection")]
        if cloud and len(place) == 1:  # the project's own repository
            place = [*place, name]
    else:
        return None
    site = "https://dev.azure.com" if cloud else found.site
    words = [unquote(part) for part in (*place, name)]
    page = [quote(word) for word in (*words[:-1], "_git", words[-1])]
    return Repository("/".join([site, *page]) if site else None, words[-1], "/".join(words[:-1]) or None, "azure")


def _of_server(found: _Address, parts: list[str], servers: Mapping[str, str]) -> Repository | None:
    """A forge whose host is known, or that a CI system names; one may be served below a path."""
    host = _OTHER_NAMES.get(found.host, found.host)
    if forge := FORGES.get(host):
        return _named(f"https://{host}", parts, forge)
    for address, kind in servers.items():
        server = urlsplit(address)
        if server.hostname == host:
            base = _parts(server.path)
            inside = parts[len(base) :] if found.web and base and parts[: len(base)] == base else parts
            return _named(address.rstrip("/"), inside, kind)
    return None


def _of_others(found: _Address, parts: list[str]) -> Repository:
    if found.web and "scm" in parts[:-2] and parts.index("scm") == len(parts) - 3:
        *base, _, owner, name = parts
        below = f"users/{owner[1:]}" if owner.startswith("~") else f"projects/{owner}"
        page = "/".join([found.site or "", *base, below, "repos", name])
        return Repository(page, name, owner)
    return _named(found.site, parts)
