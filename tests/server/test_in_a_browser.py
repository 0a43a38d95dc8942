"""The pages in a real browser: within their policy, for everybody, live, with keys, and without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest

from change_events.ids import new_id
from change_events.model import Outcome
from tests.cli.home import Home
from tests.history.past import change, run
from tests.server.team import EVENTS, NODE, SHOP, moved
from tests.support import browser
from tests.support.browser import DESKTOP, PHONE, Watched
from tests.support.hostile import ATTACKS, hostile
from tests.support.ledger import fill, filled
from tests.support.serving import served
from tests.support.speed import limit

pytestmark = pytest.mark.slow
PAGES = ("/", "/?window=7d&lanes=environment", "/list", "/list?service=none", f"/event/{SHOP.id}",
         f"/thing?at={quote(NODE)}", "/suspects", "/stacks", "/no/such/page", "/?window=x")  # fmt: skip
NOT_FOUND = {
    "Failed to load resource: the server responded with a status of 404 (Not Found)",
    "Failed to load resource: the server responded with a status of 400 (Bad Request)",
}  # what a browser says of such a page
WAIT = 30_000  # milliseconds of an idle machine
AWAY = "not live: events cannot be read now"


@pytest.fixture(scope="module")
def chromium():
    with browser.launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    home.fill(*moved(EVENTS))
    return home


@pytest.fixture(scope="module")
def server(home):
    with served(home) as server:
        yield server


@pytest.fixture(scope="module")
def cookies(server, chromium):
    with chromium.new_context() as context:
        context.new_page().goto(server.link)
        return context.cookies()


@pytest.fixture
def opened(server, cookies, chromium):
    """Makes pages of a browser that has opened the link."""
    contexts = []

    def make(viewport=DESKTOP, **options):
        context = chromium.new_context(viewport=viewport, base_url=server.base, **options)
        contexts.append(context)
        context.add_cookies(cookies)
        context.set_default_timeout(limit(WAIT))
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_every_page(opened, viewport, theme):
    script = browser.axe()
    page = opened(viewport, color_scheme=theme, bypass_csp=True)
    for path in PAGES:
        page.goto(path)
        page.add_script_tag(content=script)
        found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])")
        assert (path, found) == (path, [])
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, overflow <= 0) == (path, True)


def test_no_page_breaks_its_own_policy_or_asks_another_machine(opened, server):
    page = opened()
    watched = Watched(page, server.base)
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("load")
    assert set(watched.complaints) <= NOT_FOUND
    assert watched.elsewhere == []


def test_attacks_stay_texts(tmp_path, chromium):
    home = Home(tmp_path)
    for place, text in enumerate(ATTACKS.values()):
        home.store_raw(moved([msgspec.structs.replace(hostile(SHOP, text), id=EVENTS[place].id)])[0])
    with served(home) as server, chromium.new_context(base_url=server.base) as context:
        page = context.new_page()
        watched = Watched(page, server.base)
        page.goto(server.link)
        for path in ("/", "/list", *(f"/event/{event.id}" for event in EVENTS[: len(ATTACKS)])):
            page.goto(path)
            page.wait_for_load_state("load")
        assert set(watched.complaints) <= NOT_FOUND
        assert watched.elsewhere == []


def test_keys_move_and_are_off_while_typing_and_where_they_are_switched_off(opened):
    page = opened()
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator(".ev.at").count() == 1
    first = page.locator(".ev").first
    assert "at" in first.get_attribute("class").split()
    page.keyboard.press("/")
    page.keyboard.type("jgl")
    assert page.locator(".find input").input_value() == "jgl"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("dialog").get_by_label("Keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    page.keyboard.press("l")
    assert urlsplit(page.url).path == "/"
    page.keyboard.press("?")
    page.locator("dialog").get_by_label("Keys are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/list")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/*")


def test_what_is_recorded_appears_without_a_reload(opened, home):
    page = opened()
    page.goto("/")
    page.get_by_text("live", exact=True).wait_for()
    page.evaluate("window.same = true")
    home.fill(run(0, change("a.b"), now=datetime.now(UTC), title="a change meanwhile"))
    page.locator(".ev-title", has_text="a change meanwhile").wait_for()
    started = run(0, change("a.b"), now=datetime.now(UTC), title="a run meanwhile", outcome=None, ended_at=None)
    home.fill(started)
    row = page.locator(".ev", has_text="a run meanwhile")
    row.get_by_text("running").wait_for()
    ended = started.started_at + timedelta(seconds=1)
    home.fill(msgspec.structs.replace(started, outcome=Outcome.FAILED, ended_at=ended))
    row.get_by_text("failed").wait_for()
    assert page.evaluate("window.same")


@pytest.fixture
def own(tmp_path, chromium):
    """A home of one change, and a page of a browser that has opened its link."""
    home = Home(tmp_path)
    home.fill(run(5, change("a.b"), now=datetime.now(UTC)))  # whose end is not news
    with served(home) as server, chromium.new_context(base_url=server.base) as context:
        context.set_default_timeout(limit(WAIT))
        page = context.new_page()
        page.goto(server.link)
        yield home, page


def test_the_page_of_a_run_follows_it_until_it_ends(own):
    from playwright.sync_api import expect  # absent where there is no browser

    home, page = own
    started = run(0, change("a.b"), now=datetime.now(UTC), title="a run that is read", outcome=None, ended_at=None)
    home.fill(started)
    page.goto(f"/event/{started.id}")
    page.get_by_text("live", exact=True).wait_for()
    page.evaluate("window.same = true")
    home.fill(
        msgspec.structs.replace(
            started, title="it has failed", outcome=Outcome.FAILED, ended_at=started.started_at + timedelta(seconds=1)
        )
    )
    page.locator("h1", has_text="it has failed").wait_for()
    expect(page.locator(".live-words")).to_have_count(0, timeout=limit(WAIT))
    assert page.title().startswith("it has failed")
    assert page.evaluate("window.same")


def test_a_list_names_what_is_newer_with_its_filters_and_its_rows_stay(own):
    home, page = own
    page.goto("/list?environment=lately")
    page.get_by_text("live", exact=True).wait_for()
    other = run(0, change("a.b"), now=datetime.now(UTC), title="a change of others", environment="others")
    mine = run(0, change("a.b"), now=datetime.now(UTC), title="a change of mine", environment="lately")
    home.fill(other)
    home.fill(mine)
    page.locator(".newer", has_text="1 newer change: show").wait_for()
    assert page.locator(".ev").count() == 0
    page.get_by_role("link", name="show", exact=True).click()
    page.locator(".ev-title", has_text="a change of mine").wait_for()
    assert page.locator(".newer").count() == 0


def test_the_title_of_the_timeline_follows_it_and_a_journal_that_is_removed(own):
    from playwright.sync_api import expect  # absent where there is no browser

    home, page = own
    page.get_by_text("live", exact=True).wait_for()
    home.fill(run(0, change("a.b"), now=datetime.now(UTC)))
    expect(page).to_have_title(re.compile("^2 changes"), timeout=limit(WAIT))
    for file in home.state.glob("journal.db*"):
        file.unlink()
    page.get_by_text("Nothing has been recorded").wait_for()


def test_the_brush_and_the_moment_are_in_the_address(own):
    _, page = own
    page.goto("/")
    box = page.locator("[data-brush]").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url("**from=*")
    query = parse_qs(urlsplit(page.url).query)
    start, end = (datetime.fromisoformat(query[name][0]) for name in ("from", "to"))
    assert timedelta(hours=13) < end - start < timedelta(hours=16)
    page.goto("/?window=7d")
    plot = page.locator("[data-plot]").bounding_box()
    page.mouse.dblclick(plot["x"] + plot["width"] - 40, plot["y"] + 3)
    page.wait_for_url("**at=*")
    assert page.locator(".lanes line.moment").count() == 1


def test_times_are_those_of_the_reader(opened):
    page = opened(timezone_id="Asia/Tokyo")
    page.goto("/")
    page.locator(".tz", has_text="Asia/Tokyo, UTC+9").wait_for()


def test_pages_work_without_scripts(opened):
    page = opened(java_script_enabled=False)
    page.goto("/")
    assert page.locator(".ev").count() > 3
    page.locator("nav[aria-label=Window] a", has_text="7 d").click()
    assert "7 days" in page.locator("h1").inner_text()
    page.locator(".ev-title").first.click()
    assert "/event/" in page.url


def test_a_link_that_a_file_leads_to_opens_the_timeline(home, chromium, tmp_path):
    with served(home) as server, chromium.new_context() as context:
        file = tmp_path / "open.html"
        file.write_text(f'<meta http-equiv="refresh" content="0; url={server.link}">')
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_url(f"{server.base}/", timeout=limit(WAIT))
        assert "changes" in page.locator("h1").inner_text()


def test_a_page_says_that_the_journal_cannot_be_read_and_follows_it_when_it_can(own):
    from playwright.sync_api import expect  # absent where there is no browser

    home, page = own
    said = page.locator(".live-words")
    expect(said).to_have_text("live", timeout=limit(WAIT))
    kept = home.path / "kept"
    home.state.rename(kept)
    home.state.mkdir()
    home.journal_path.write_bytes(b"no database" * 500)
    expect(said).to_have_text(AWAY, timeout=limit(WAIT))
    expect(said).to_have_class("live-words")
    assert "1 change" in page.locator("h1").inner_text()  # what was read before stays
    page.set_viewport_size(PHONE)
    expect(said).to_be_visible()
    home.journal_path.unlink()
    home.state.rmdir()
    kept.rename(home.state)
    expect(said).to_have_text("live", timeout=limit(WAIT))
    home.fill(run(0, change("a.b"), now=datetime.now(UTC), title="a change after that"))
    page.locator(".ev-title", has_text="a change after that").wait_for()


def test_a_page_says_that_the_ledger_cannot_be_read_and_follows_it_when_it_can(postgres, tmp_path, chromium):
    from playwright.sync_api import expect  # absent where there is no browser

    def event(title):
        return run(0, change("a.b"), now=datetime.now(UTC), id=new_id(), title=title)

    with (
        filled(postgres, [event("before")]) as url,
        served(Home(tmp_path), "--ledger", url) as server,
        chromium.new_context(base_url=server.base) as context,
    ):
        context.set_default_timeout(limit(WAIT))
        page = context.new_page()
        page.goto(server.link)
        said = page.locator(".live-words")
        name = url.rpartition("/")[2]
        expect(said).to_have_text("live", timeout=limit(WAIT))
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        expect(said).to_have_text(AWAY, timeout=limit(WAIT))
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        expect(said).to_have_text("live", timeout=limit(WAIT))
        fill(url, [event("after that")])
        page.locator(".ev-title", has_text="after that").wait_for()


def test_a_page_whose_server_has_ended_says_so(tmp_path, chromium):
    from playwright.sync_api import expect  # absent where there is no browser

    home = Home(tmp_path)
    home.fill(run(5, change("a.b"), now=datetime.now(UTC)))
    with served(home) as server, chromium.new_context(base_url=server.base) as context:
        page = context.new_page()
        page.goto(server.link)
        said = page.locator(".live-words")
        expect(said).to_have_text("live", timeout=limit(WAIT))
        server.end()
        expect(said).to_have_text("reconnecting", timeout=limit(WAIT))
        with served(home, port=server.port):  # knows no session of the one before
            expect(said).to_have_text("not live: reload", timeout=limit(WAIT))
