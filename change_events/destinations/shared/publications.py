"""What a run becomes on a host of repositories: a comment, a commit status, a deployment; one or several of them.

The host's own requests and answers are in ``github.py`` and ``gitlab.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import msgspec

from change_events.destinations.base import Option, OptionError, Reply, Result, Verdict
from change_events.destinations.shared import code_hosts, review_comment
from change_events.destinations.shared.code_hosts import Change
from change_events.destinations.shared.responses import content_of
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from change_events.destinations.base import Request, Response, Steps
    from change_events.destinations.shared.code_hosts import Place
    from change_events.destinations.shared.review_comment import Marker
    from change_events.model import ChangeEvent

COMMENT, STATUS, DEPLOYMENT = "comment", "status", "deployment"
_ALL = (COMMENT, STATUS, DEPLOYMENT)
_Api = TypeVar("_Api", bound="Api")
_HANDLE = lazy_pattern(r"(?P<name>comment|deployment)=(?P<id>[1-9]\d{0,18})(?: of (?P<change>\d{1,18}))?")
_MOST_PAGES = 12  # of comments that are looked through for ours
_MOST_COMMENTS = 3  # of those that look like ours: another author's cannot be edited


def publish_option(kind: str, comment: str) -> Option:
    """The option that says what is published; ``comment`` is what the host calls where a comment is put."""
    return Option(
        name="publish",
        type="choices",
        choices=_ALL,
        default=(COMMENT,),
        environment=f"TFEVENT_{kind.upper()}_PUBLISH",
        help=f"What is published of an event: a comment on its {comment}, a status of its commit, a deployment (of "
        "events of that kind). One or several of them.",
    )


def wanted(options: Mapping[str, Any]) -> tuple[str, ...]:
    """What is to be published, in its order; what is no such thing is left out."""
    given = options.get("publish") or (COMMENT,)
    return tuple(name for name in _ALL if name in given)


def inapplicable(event: ChangeEvent, options: Mapping[str, Any], web: str) -> str | None:
    """Why nothing of the event can be published on the host whose pages are below ``web``, as a clause."""
    return code_hosts.missing(event, code_hosts.place(event, web), wanted(options))


class Known(NamedTuple):
    """What a started event became: the ID of a comment or deployment, and the number of a comment's pull request."""

    number: str
    change: str | None


def read_handle(handle: str | None) -> dict[str, Known]:
    """What a started event became, by ``comment`` and ``deployment``."""
    parts = (_HANDLE.fullmatch(part) for part in (handle or "").split(", "))
    return {match["name"]: Known(match["id"], match["change"]) for match in parts if match}


def first(event: ChangeEvent, place: Place, options: Mapping[str, Any]) -> str:
    """What is published first of an event. Raises OptionError where nothing is."""
    names = wanted(options)
    if why := code_hosts.missing(event, place, names):
        raise OptionError(f"nothing is sent there: {why}")
    return next(name for name in names if code_hosts.missing(event, place, (name,)) is None)


def publish(
    api: _Api,
    options: Mapping[str, Any],
    handle: str | None,
    *,
    status: Callable[[_Api], Steps],
    deployment: Callable[[_Api, Known | None], Steps],
) -> Steps:
    """Publish what is wanted of an event, each as far as it can be; ``handle`` is that of the event's start."""
    known = read_handle(handle)

    def one(name: str) -> Steps:
        if why := code_hosts.missing(api.event, api.place, (name,)):
            return Verdict(Result.SKIPPED, why)
        if name == STATUS:
            return (yield from status(api))
        publishes = publish_comment if name == COMMENT else deployment
        return (yield from publishes(api, known.get(name)))

    return (yield from each(wanted(options), one))


def each(names: Iterable[str], publish: Callable[[str], Steps]) -> Steps:
    """All of them, one after the other: what one of them is refused keeps none of the others from being made."""
    verdicts: dict[str, Verdict] = {}
    for name in names:
        verdicts[name] = yield from publish(name)
    return _together(verdicts)


def _together(verdicts: Mapping[str, Verdict]) -> Verdict:
    """The worst of them; parked if any was refused, skipped if all were."""
    handles = ", ".join(verdict.handle for verdict in verdicts.values() if verdict.handle)
    for result in (Result.PARK, Result.DELIVERED, Result.SKIPPED):
        chosen = {name: verdict for name, verdict in verdicts.items() if verdict.result is result}
        if chosen:
            alone = len(verdicts) == 1 or result is Result.SKIPPED
            reasons = (one.reason if alone else f"{name}: {one.reason}" for name, one in chosen.items() if one.reason)
            return Verdict(result, "; ".join(dict.fromkeys(reasons)), handle=handles or None)
    return Verdict(Result.SKIPPED, "nothing is to be published (`publish`)")


def identifier(content: Any) -> str | None:
    """The ID in what was made; None where there is none."""
    found = content.get("id") if isinstance(content, dict) else None
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def named(verdict: Verdict, name: str, number: str | None) -> Verdict:
    """``verdict`` with the handle of what was made, if it was."""
    if verdict.result is not Result.DELIVERED or number is None:
        return verdict
    return msgspec.structs.replace(verdict, handle=f"{name}={number}")


class Api(Protocol):
    """Requests about comments, as one host has them."""

    event: ChangeEvent
    place: Place
    marker: Marker

    def find_change(self) -> Request:
        """Ask which pull requests the commit belongs to."""

    def change_of(self, found: Any) -> str | None:
        """The number of the one that the commit certainly belongs to."""

    def find_comments(self, change: Change, page: int) -> Request:
        """A page of its comments."""

    def page_after(self, page: int, response: Response | None) -> int | None:
        """The page to look at next, from the answer to this one; None where all have been looked at."""

    def comment(self, change: Change, number: str | None) -> Request:
        """Make a comment, or edit the one of this number."""


def publish_comment(api: Api, known: Known | None) -> Steps:
    """Make or edit the one comment of this stack; ``known`` is that of the event's start."""
    change = yield from _change(api, known)
    if isinstance(change, Verdict):
        return change
    if known:
        edited = yield api.comment(change, known.number)
        if edited.verdict.result is Result.DELIVERED:
            return _commented(edited.verdict, change, known.number)
    ours = yield from _comments(api, change)
    if isinstance(ours, Verdict):
        return ours
    for mine in ours[:_MOST_COMMENTS]:
        if mine.at > api.marker.at:
            return Verdict(Result.SKIPPED, "the comment shows a later run")
        edited = yield api.comment(change, mine.number)
        if edited.verdict.result is Result.DELIVERED:
            return _commented(edited.verdict, change, mine.number)
    made = yield api.comment(change, None)
    return _commented(made.verdict, change, identifier(content_of(made)))


def _commented(verdict: Verdict, change: Change, number: str | None) -> Verdict:
    return named(verdict, COMMENT, f"{number} of {change.number}" if number else None)


def _change(api: Api, known: Known | None) -> Generator[Request, Reply, Change | Verdict]:
    """The pull request that the event belongs to, or why there is none to be had."""
    if api.place.change:
        return api.place.change
    if known and known.change:
        return Change(api.place.repository, known.change)
    found = yield api.find_change()
    if found.verdict.result is not Result.DELIVERED:
        return found.verdict
    number = api.change_of(content_of(found))
    if number is None:
        return Verdict(Result.SKIPPED, "its commit belongs to no pull or merge request, or to several")
    return Change(api.place.repository, number)


class _Comment(msgspec.Struct, frozen=True):
    """A comment that begins with our marker: its number, and the moment of the event it shows."""

    number: str
    at: int


def _comments(api: Api, change: Change) -> Generator[Request, Reply, list[_Comment] | Verdict]:
    """Comments with this stack's marker, the newest first; what came of asking where that failed."""
    page: int | None = 1
    for _ in range(_MOST_PAGES):
        if page is None:
            break
        reply = yield api.find_comments(change, page)
        if reply.verdict.result is not Result.DELIVERED:
            return reply.verdict
        if found := _ours(content_of(reply), api.marker.stack):
            return found
        page = api.page_after(page, reply.response)
    return []


def _ours(comments: Any, stack: str) -> list[_Comment]:
    marked = (
        (identifier(comment), review_comment.read_marker(comment.get("body")))
        for comment in comments
        if isinstance(comment, dict)
    )
    found = [_Comment(number, mark.at) for number, mark in marked if number and mark and mark.stack == stack]
    return sorted(found, key=lambda comment: int(comment.number), reverse=True)
