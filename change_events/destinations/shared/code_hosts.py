"""Locates an event on a code host: repository, pull request, commit, and the name of its stack."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from change_events.context.repository import repository_of
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, units
from change_events.destinations.shared.request import uri
from change_events.model import Kind, Outcome, Phase
from change_events.model.stack import stack_key
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from change_events.model import ChangeEvent

_COMMIT = lazy_pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PULL_REQUEST = lazy_pattern(r"(?P<path>.+?)(?:/-)?/(?:pull|pulls|merge_requests)/(?P<number>\d{1,18})/?")
_WORDS = {Phase.PLANNED: "plan", Phase.CHECKED: "check", Phase.APPLIED: "apply"}
_KEY_LENGTH, _DIGEST_LENGTH = 16, 8
_STACK = 100  # characters of a stack's name in a status


class Change(NamedTuple):
    """A pull or merge request: the path of its repository, and its number there."""

    repository: str
    number: str


class Place(NamedTuple):
    """The location of an event on one code host.

    Attributes:
        repository: path of the commit's repository, without surrounding slashes; empty if it is not on this host.
        commit: full ID of the commit, if known.
        change: the pull or merge request of the run, if the CI system names it; that of a fork is in
            another repository.
        elsewhere: why the repository is not on this host, as a clause.
    """

    repository: str
    commit: str | None
    change: Change | None
    elsewhere: str = ""


def place(event: ChangeEvent, web: str) -> Place:
    """Return the location of ``event`` on the host with web URLs below ``web``."""
    vcs, base = event.vcs, urlsplit(web)
    commit = vcs.commit.lower() if vcs and vcs.commit and _COMMIT.fullmatch(vcs.commit.lower()) else None
    change = _change_of(event, web)
    host, path = _host(event), _inside(mapping.repository(event).path or "", base.path)
    if host is not None and host != base.hostname:
        return Place("", commit, change, f"its repository is on {one_line(host, 80)}, not on {base.hostname}")
    if "/" not in path:
        return Place("", commit, change, "its repository is not known")
    number = mapping.pull_request(event)
    return Place(path, commit, change or (Change(path, number) if number else None))


def _change_of(event: ChangeEvent, web: str) -> Change | None:
    """Return the pull request of the event if its URL is on this host."""
    ci, base = event.actor.ci if event.actor else None, urlsplit(web)
    for address in (ci.pull_request_url, ci.pull_request) if ci else ():
        try:
            parts = urlsplit(address or "")
            host = parts.hostname
        except ValueError:
            continue
        match = _PULL_REQUEST.fullmatch(parts.path)
        if match and host == base.hostname and "/" in (path := _inside(match["path"], base.path)):
            return Change(path, match["number"])
    return None


def _host(event: ChangeEvent) -> str | None:
    """Return the host of the event's repository, if known."""
    vcs = event.vcs
    for address in (vcs.url, vcs.remote) if vcs else ():
        url = repository_of(address).url if address else None
        if url and (host := urlsplit(url).hostname):
            return host
    return None


def _inside(path: str, base: str) -> str:
    """Return ``path`` relative to ``base``, if the host's pages are below a path."""
    path, base = path.strip("/"), base.strip("/")
    return path.removeprefix(f"{base}/") if base else path


def stack_of(event: ChangeEvent) -> str:
    """Return the key of a stack: state or playbook; for an explicit event, service or repository."""
    return (mapping.place(event) if event.tool is None or event.explicit else "") or stack_key(event)


def stack_id(event: ChangeEvent) -> str:
    """Return a short ID of :func:`stack_of`."""
    return sha256(stack_of(event).encode()).hexdigest()[:_KEY_LENGTH]


def status_name(event: ChangeEvent) -> str:
    """Return the name of a commit status, equal for all runs of a stack: ``tfevent/apply: network``.

    The repository is omitted, since the status is shown in it. A truncated name ends in a digest.
    """
    repository = mapping.repository(event).path or ""
    inside = stack_of(event).removeprefix(repository).strip(" /").removeprefix(".").strip()
    name = one_line(inside or mapping.place(event) or event.kind.value, 1000)
    if units(name) > _STACK:
        digest = sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
        name = f"{clip(name, _STACK - _DIGEST_LENGTH - 1)} {digest}"
    verb = _WORDS[event.phase] if event.kind is Kind.INFRASTRUCTURE else event.kind.value
    return f"tfevent/{verb}: {name}"


def status_text(event: ChangeEvent, limit: int) -> str:
    """Return outcome and title in ``limit`` characters."""
    dirty = ", with uncommitted changes" if event.vcs and event.vcs.dirty else ""
    result = mapping.result(event)
    title = one_line(event.title, limit) or event.kind.value
    return clip(f"{result[0].upper()}{result[1:]}{dirty}: {title}", limit)


def state_of(event: ChangeEvent, *, running: str, good: str, bad: str, other: str) -> str:
    """Return one of four words: running, succeeded, failed, or neither (cancelled, declined, outcome unknown)."""
    if event.outcome is None:
        return running
    if event.outcome in {Outcome.SUCCEEDED, Outcome.NO_CHANGE}:
        return good
    return bad if event.outcome in {Outcome.FAILED, Outcome.PARTIAL} else other


def number_of(found: Any, key: str, has_commit: Callable[[dict[str, Any]], bool]) -> str | None:
    """Return the number of the pull or merge request that certainly contains a commit.

    Args:
        found: those the host lists for the commit.
        key: name of the number's field.
        has_commit: returns whether the commit is its head or merge; if it is for none, only a single entry is accepted.
    """
    listed = [one for one in found if isinstance(one, dict) and isinstance(one.get(key), int)]
    exact = [one for one in listed if has_commit(one)]
    return next((str(some[0][key]) for some in (exact, listed) if len(some) == 1), None)


def environment(event: ChangeEvent, limit: int) -> str:
    """Return the name of the environment in ``limit`` characters."""
    return clip(one_line(event.environment or "", 1000), limit)


def run_page(event: ChangeEvent) -> str | None:
    """Return the URL of the run's page, if any."""
    found = mapping.run_url(event)
    return uri(found) if found else None


def encoded(document: Any) -> bytes:
    """Return a request body: empty, bytes unchanged, or JSON."""
    return b"" if document is None else document if isinstance(document, bytes) else msgspec.json.encode(document)


def missing(event: ChangeEvent, found: Place, wanted: Sequence[str]) -> str | None:
    """Return why none of ``wanted`` (``comment``, ``status``, ``deployment``) applies to the event, if so."""
    reasons = [_missing(event, found, one) for one in wanted]
    return None if None in reasons else "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _missing(event: ChangeEvent, found: Place, wanted: str) -> str | None:
    if wanted == "comment" and found.change:
        return None
    if wanted == "deployment" and (why := _no_deployment(event)):
        return why
    if found.elsewhere:
        return found.elsewhere
    if found.commit:
        return None
    return "neither its pull request nor its commit is known" if wanted == "comment" else "its commit is not known"


def _no_deployment(event: ChangeEvent) -> str | None:
    if event.kind is not Kind.DEPLOYMENT:
        return "it is not a deployment"
    if event.phase is not Phase.APPLIED:
        return "nothing was deployed"
    return None if event.environment else "its environment is not known"
