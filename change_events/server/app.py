"""The application: its routes, and the rendering of pages in a thread, each with its own source and a time limit."""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router

from change_events.server import urls
from change_events.server.answer import Answer
from change_events.server.failures import explain
from change_events.server.guard import ENTRANCE, Guard
from change_events.server.live import live
from change_events.server.page import Page, PageRequest
from change_events.server.plain_page import PlainPage
from change_events.server.policy import PAGES_AT_ONCE
from change_events.server.reader import teams_of
from change_events.server.static_files import static_response
from change_events.server.teams import teams_in
from change_events.server.urls import ROUTES
from change_events.server.zones import COOKIE, reader_zone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from change_events.history.source import Source
    from change_events.server.access import Access
    from change_events.server.policy import Policy
    from change_events.server.sources import Sources
    from change_events.server.watching import Broadcast

PAGES = {
    "timeline": "timeline",
    "list": "listing",
    "event": "event",
    "thing": "thing",
    "suspects": "suspects",
    "stacks": "stacks",
}
"""Name of a route → module of :mod:`change_events.server.pages`."""

_OK = 200
_FEEDS = {"atom": "application/atom+xml; charset=utf-8", "json_feed": "application/feed+json; charset=utf-8"}
"""Name of a route, and of a function of :mod:`change_events.server.feeds` → media type."""


_NEWEST = ("/event/last", "/event/last.json")
"""As the command `show last` has it: a step to the newest event."""


class Application:
    """The application behind the guard.

    Args:
        sources: opens sources of events.
        broadcast: announces new events.
        policy: policy, for the cookie.
        access: links and sessions.
        report: called with a line for each internal error.
    """

    def __init__(
        self, sources: Sources, broadcast: Broadcast, policy: Policy, access: Access, report: Callable[[str], None]
    ) -> None:
        self._sources = sources
        self._broadcast = broadcast
        self._policy = policy
        self._access = access
        self._report = report
        self._threads = ThreadPoolExecutor(PAGES_AT_ONCE, "page")

    def asgi(self, api: ASGIApp | None = None) -> ASGIApp:
        """Return the application behind its guard; ``api`` handles requests of programs, behind the same guard."""
        routes = [Route(ROUTES[name], self._feed(name), methods=["GET"]) for name in _FEEDS]
        routes += [Route(path, self._newest, methods=["GET"]) for path in _NEWEST]
        routes.append(Route(ROUTES["event_json"], self._event_json, methods=["GET"]))
        routes += [Route(ROUTES[name], self._page(module), methods=["GET"]) for name, module in PAGES.items()]
        routes.append(Route(ROUTES["static"], self._static, methods=["GET"]))
        routes.append(Route("/live", self._live, methods=["GET"]))
        if self._policy.user_header is None:  # otherwise a proxy signs users in, and there are no links
            routes.append(Route(ENTRANCE, self._enter, methods=["GET"]))
        router = Router(routes, redirect_slashes=False, default=self._not_found)
        return Guard(router, self._policy, self._access, api)

    def prepare(self) -> None:
        """Load what the first page needs while the browser starts."""
        from change_events.server.pages import timeline  # noqa: F401  # loaded, and used later
        from change_events.server.rendering import prepare

        prepare("base.html", "icons.html", "macros.html", "timeline.html")

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            def build(source: Source, asked: PageRequest) -> Page:
                module = importlib.import_module(f"change_events.server.pages.{name}")
                page: Page = module.build(source, asked)
                return page

            return await self._answer(request, build)

        return endpoint

    def _feed(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            def build(source: Source, asked: PageRequest) -> Answer:
                from change_events.server import feeds

                return Answer(getattr(feeds, name)(source, asked, self._base(request)), _FEEDS[name])

            return await self._answer(request, build, _error_json if name == "json_feed" else _error_text)

        return endpoint

    async def _event_json(self, request: Request) -> Response:
        return await self._answer(request, _event_json, _error_json)

    async def _newest(self, request: Request) -> Response:
        is_json = request.url.path.endswith(".json")
        build = _newest_json if is_json else _newest_page
        answer = await self._answer(request, build, _error_json if is_json else None)
        if answer.status_code != _OK:
            return answer
        return RedirectResponse(bytes(answer.body).decode(), 307)

    def _base(self, request: Request) -> str:
        """Return scheme and host as used by the client; the host is one of the policy's."""
        forwarded = request.headers.get("x-forwarded-proto") if self._policy.user_header else None
        return f"{'https' if forwarded == 'https' else request.url.scheme}://{request.headers['host']}"

    async def _answer(
        self,
        request: Request,
        build: Callable[[Source, PageRequest], Page | Answer],
        fail: Callable[[Page], Answer] | None = None,
    ) -> Response:
        def work() -> Answer:
            return self._made(request, build, fail)

        answer = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        return Response(answer.content, answer.status, media_type=answer.kind)

    def _made(
        self,
        request: Request,
        build: Callable[[Source, PageRequest], Page | Answer],
        fail: Callable[[Page], Answer] | None,
    ) -> Answer:
        """Return the built response; ``fail`` converts an error page for other formats."""
        asked = self._asked(request)
        try:
            with self._sources.open(teams_of(request.scope["headers"], self._policy)) as source:
                asked = self._asked(request, live=self._sources.is_live(source), several=bool(teams_in(source)))
                page = build(source, asked)
        except Exception as error:  # noqa: BLE001 - a page that fails is one page
            page = explain(error, self._report)
        if isinstance(page, Answer):
            return page
        if fail is not None and page.status != _OK:
            return fail(page)
        try:
            return _rendered(page, asked)
        except Exception as error:  # noqa: BLE001 - as above
            return _rendered(explain(error, self._report), asked)

    def _asked(self, request: Request, *, live: bool = False, several: bool = False) -> PageRequest:
        now = datetime.now(UTC)
        zone, zone_name = reader_zone(request.cookies.get(COOKIE), now)
        return PageRequest(
            path=request.path_params,
            query=dict(request.query_params),
            now=now,
            zone=zone,
            zone_name=zone_name,
            source_name=self._sources.name,
            live=live,
            several_teams=several,
            repeated=[name for name in request.query_params if len(request.query_params.getlist(name)) > 1],
        )

    async def _static(self, request: Request) -> Response:
        response = static_response(request.path_params["name"], request.headers.get("if-none-match"))
        return response or Response("no such file\n", 404, media_type="text/plain")

    async def _live(self, request: Request) -> Response:
        return await live(request, self._broadcast, teams_of(request.scope["headers"], self._policy))

    async def _enter(self, request: Request) -> ASGIApp:
        if request.method == "HEAD":  # does not use the link
            return Response(status_code=200)
        session = self._access.open_session(request.query_params.get("token", ""))
        if session is None:
            return self._used_link()
        secure = "; Secure" if self._policy.secure else ""
        cookie = f"{self._policy.cookie}={session}; HttpOnly; SameSite=Strict; Path=/{secure}"
        if request.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return RedirectResponse("/", 303, headers={"set-cookie": cookie})
        # A redirect from another site would be requested without the cookie; a link on our own page is not.
        return PlainPage(200, "Opened", "The timeline follows.", onward="/", cookie=cookie)

    def _used_link(self) -> PlainPage:
        self._access.was_refused()
        return PlainPage(
            401,
            "This link has been used, or is not one of this server",
            "A link opens one browser, once. The terminal in which `tfevent events serve` runs shows a new one.",
        )

    async def _not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request

        request = Request(scope, receive)
        response = await self._answer(request, lambda _source, _asked: not_found())
        await response(scope, receive, send)


def not_found() -> Page:
    """Return the page for an unknown URL."""
    return Page(
        "error.html",
        {"title": "There is no such page", "text": "The pages of this server are in the line above.", "link": "/"},
        404,
    )


def _event_json(source: Source, asked: PageRequest) -> Answer:
    from change_events.server.pages.event import PARAMETERS
    from change_events.server.parameters import check_parameters
    from change_events.server.teams import as_recorded, chosen_team

    check_parameters(asked, PARAMETERS)
    record = as_recorded(source, asked.path["id"], chosen_team(source, asked))
    if record is None:
        return Answer('{"error":"there is no such event"}', "application/json", 404)
    return Answer(record.body, "application/json")


def _newest_page(source: Source, _asked: PageRequest) -> Page | Answer:
    return _newest(source, urls.event)


def _newest_json(source: Source, _asked: PageRequest) -> Page | Answer:
    return _newest(source, urls.event_json)


def _newest(source: Source, href: Callable[..., str]) -> Page | Answer:
    """Return the URL of the newest event."""
    from change_events.journal import Query
    from change_events.server.rows import team_of_address

    newest = next(iter(source.list(Query(limit=1, backfilled=False))), None)
    if newest is None:
        return Page("error.html", {"title": "There is no event yet", "text": "Nothing is recorded.", "link": "/"}, 404)
    return Answer(href(newest.id, team=team_of_address(newest)))


def _error_json(page: Page) -> Answer:
    """Return the text of an error page as JSON."""
    words = {"error": page.context["title"], "detail": page.context["text"]}
    return Answer(msgspec.json.encode(words), "application/json", page.status)


def _error_text(page: Page) -> Answer:
    words = f"{page.context['title']}: {page.context['text']}\n"
    return Answer(words, "text/plain; charset=utf-8", page.status)


def _rendered(page: Page, asked: PageRequest) -> Answer:
    from change_events.server.rendering import render

    return Answer(render(page, asked), status=page.status)
