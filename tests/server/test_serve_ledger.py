"""`tfevent events serve --ledger`: the pages of a team's events, for whoever reads that team."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec
import psycopg
import pytest

from change_events.errors import LedgerError
from change_events.ids import new_id
from change_events.journal import Query
from change_events.model import Actor, Outcome, Trace
from change_events.server.ledger_sources import LedgerSources
from tests.cli.home import Home
from tests.history.past import change, run
from tests.ledger.people import hire, url_of
from tests.server.team import EVENTS, moved
from tests.server.test_live import messages
from tests.support.freezing import proxy
from tests.support.ledger import fill, filled, new_ledger
from tests.support.serving import served

MARK = "xyzzy"
SECRET = "geheim"
PROXY = ("--behind-proxy", "127.0.0.1", "--trusted-user-header", "X-User", "--trusted-group-header", "X-Groups",
         "--allow-host", "127.0.0.1")  # fmt: skip


def fresh(minutes_ago=1, *changes, **more):
    """An event of now, with an id of now."""
    return run(minutes_ago, *changes, **{"now": datetime.now(UTC), "id": new_id(), **more})


def hidden(**more):
    """An event that has the mark in all that pages show."""
    return fresh(5, change(f"{MARK}_instance.a", attributes={"size": (f"{MARK}1", f"{MARK}2")}, id=f"i-{MARK}"), **{
        "title": f"{MARK}: 1 updated", "environment": f"{MARK}-env", "service": f"{MARK}-svc", "stack": f"{MARK}/stack",
        "actor": Actor(user=f"{MARK}-user", host=f"{MARK}-host"), "tags": {"owner": MARK}, "outcome": Outcome.FAILED,
        "trace": Trace(run_id=f"{MARK}-run", parent_run_id="run-shop"), **more,
    })  # fmt: skip


HIDDEN = hidden()


@pytest.fixture(scope="module")
def ledger(postgres):
    """A ledger of the teams `ops` and `shop`, the latter's events with the mark; and its users."""
    with filled(postgres, moved(EVENTS), ["ops"]) as url, psycopg.connect(url, autocommit=True) as ledger:
        fill(url, [HIDDEN], ["shop"])
        hire(ledger)
        yield ledger


@pytest.fixture(scope="module")
def server(ledger, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    with served(home, "--ledger", url_of(ledger, "all_reader"), *PROXY) as server:
        yield server


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def reader(server, *groups):
    return server.stranger(headers=[(b"x-user", b"ann"), *((b"x-groups", _bytes(names)) for names in groups)])


def _bytes(names):
    return names if isinstance(names, bytes) else names.encode()


PAGES = ("/", "/list", f"/event/{HIDDEN.id}", f"/event/{HIDDEN.id}.json", "/event/last", "/stacks", "/suspects",
         f"/thing?at={MARK}_instance.a", "/feed.atom", "/feed.json")  # fmt: skip
ROUTES = (
    *PAGES, "/?lanes=environment", "/?lanes=stack", "/?lanes=host", "/?window=30d&plans=yes", f"/list?text={MARK}",
    f"/list?environment={MARK}-en", f"/list?service={MARK}-sv", f"/list?address={MARK}_instance.b",
    f"/list?tag=owner%3D{MARK}", f"/list?actor={MARK}-user", f"/list?host={MARK}-host", "/list?outcome=failed",
    f"/event/{HIDDEN.id[:20]}", f"/list?before={HIDDEN.id}", f"/list?after={HIDDEN.id}", f"/thing?at={MARK}_instance.b",
    f"/thing?at=i-{MARK}", "/thing?at=*", "/suspects?environment=nosuch", "/suspects?service=nosuch",
    f"/suspects?host={MARK}-host", f"/feed.json?text={MARK}",
)  # fmt: skip


def _without_ids(path):  # of the event, new in each process: workers compare the names of their tests
    return re.sub(f"{HIDDEN.id[:20]}[0-9a-f-]*", "ID", path)


def shown(client, path):
    """What a page shows beside what was asked, and the answer."""
    answer = client.get(path, follow_redirects=True)
    query = path.partition("?")[2]
    asked = [query.partition("=")[2], unquote(query.partition("=")[2])] if MARK in query else []
    return answer, re.sub("|".join(map(re.escape, asked)), "", answer.text) if asked else answer.text


@pytest.mark.parametrize("path", ROUTES, ids=_without_ids)
def test_no_page_shows_an_event_of_another_team(server, path):
    with reader(server, "ops, staff") as client:
        answer, text = shown(client, path)
        assert answer.status_code in (200, 400, 404), answer.text
        assert MARK not in text
        assert path.startswith("/event/") or HIDDEN.id not in text.replace(path, "")


@pytest.mark.parametrize("path", PAGES, ids=_without_ids)
def test_whoever_is_in_the_team_sees_it(server, path):
    with reader(server, "shop") as client:
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code == 200
        assert MARK in answer.text
        assert "prod/shop" not in answer.text


def test_spaces_and_tabs_around_a_group_are_none_of_its_name(server):
    with reader(server, "staff ,\tops") as client:
        assert "prod/shop" in client.get("/list").text


def test_an_event_that_is_not_there_is_not_said_to_have_been_removed(server):
    with reader(server, "ops") as client:
        for path in ("/event/zzz", f"/event/{HIDDEN.id}", f"/list?before={HIDDEN.id}"):
            text = client.get(path).text
            assert "it was removed, or never there" in text
            assert "oldest" not in text


def test_what_an_address_asks_for_and_no_page_answers_is_refused(server):
    with reader(server, "ops") as client:
        for path, said in (
            ("/stacks?x=1", "Accepted: none"),
            ("/feed.atom?x=1", "`x` is not a parameter"),
            ("/feed.json?x=1", "`x` is not a parameter"),
            ("/list?since=2h&since=3h", "`since` is given several times"),
            ("/list?undelivered=yes", "undelivered` is not a parameter"),
            ("/feed.json?undelivered=yes", "undelivered` is not a parameter"),
            (f"/thing?at={MARK}_instance.a&team=shop", "`shop` is not a team whose events you read here"),
        ):
            answer = client.get(path)
            assert answer.status_code == 400, path
            assert said in answer.text.replace("<code>", "`").replace("</code>", "`")
            assert "snapshot of" not in answer.text
            assert "--" not in answer.text.partition("<main")[2]


def test_the_newest_event_is_that_of_the_readers_teams(ledger, server):
    own = fresh(0)
    fill(url_of(ledger, "ops_writer"), [own], ["ops"])
    with reader(server, "ops") as ops, reader(server, "shop") as shop, reader(server, "shop,ops") as both:
        newest = [client.get("/event/last.json", follow_redirects=True).json()["id"] for client in (ops, shop, both)]
    assert newest[0] == newest[2] == own.id != newest[1]


@pytest.mark.parametrize(
    ("groups", "title"),
    [
        ((), "You are in no group that reads a team"),
        (("",), "You are in no group that reads a team"),
        ((", ,",), "You are in no group that reads a team"),
        (("ops", "shop"), "The proxy names the groups twice"),
        (("staff,OPS,ops2,o,*,%,' OR 1=1",), "None of your groups is a team with events in this ledger"),
        ((b"ops\xc2\xa0",), "None of your groups is a team with events in this ledger"),
        (("\u2028ops".encode(),), "None of your groups is a team with events in this ledger"),
        ((b"ops\x1f",), "The proxy names groups with control characters"),
        ((b"\xc2\x85ops",), "The proxy names groups with control characters"),
        (("<script>x</script>",), "None of your groups is a team with events in this ledger"),
    ],
)
def test_whoever_has_no_team_is_answered_so_on_each_page(server, groups, title):
    with reader(server, *groups) as client:
        for path in ("/", "/list", f"/event/{HIDDEN.id}", "/feed.json", "/no/such"):
            answer = client.get(path)
            assert answer.status_code == 403
            assert title in answer.text.replace("&#39;", "'")
            assert "<script>x" not in answer.text or answer.headers["content-type"] == "application/json"
        assert client.get("/static/style.css").status_code == 200


def test_a_stream_says_only_what_is_of_the_readers_teams(ledger, server):
    with reader(server, "ops") as ops, reader(server, "shop") as shop:
        with ops.stream("GET", "/live") as first, shop.stream("GET", "/live") as second:
            heard = [messages(stream.iter_lines()) for stream in (first, second)]
            time.sleep(1.5)  # until it looks
            mine, other = fresh(0, outcome=None), fresh(0, outcome=None)
            url = url_of(ledger, "ops_writer")
            fill(url, [mine], ["ops"])
            assert next(heard[0])[1] == [{"id": mine.id, "outcome": "running", "severity": "info"}]
            fill(url_of(ledger, "shop_writer"), [other], ["shop"])
            assert [one["id"] for one in next(heard[1])[1]] == [other.id]
            fill(url, [msgspec.structs.replace(mine, outcome=Outcome.FAILED)], ["ops"])
            assert next(heard[0])[1] == [{"id": mine.id, "outcome": "failed", "severity": "info"}]
        late = [
            ({"last-event-id": "1"}, ""),
            ({}, f"?after={int(other.started_at.timestamp() * 1000)}"),
        ]
        for headers, query in late:
            with shop.stream("GET", f"/live{query}", headers=headers) as stream:
                ids = {one["id"] for one in next(messages(stream.iter_lines()))[1]}
            assert other.id in ids
            assert mine.id not in ids


def test_a_link_on_loopback_shows_what_the_user_of_the_ledger_may_read(ledger, home):
    with served(home, "--ledger", url_of(ledger, "ops_reader")) as server, server.client() as client:
        assert "prod/shop" in client.get("/list").text
        assert MARK not in client.get("/list").text
        assert "ledger 127.0.0.1" in client.get("/").text
        assert "Deliveries" not in client.get("/event/last", follow_redirects=True).text
        assert client.get("/list?undelivered=yes").status_code == 400
        assert not home.journal_path.exists()
    with served(home, env={"TFEVENT_LEDGER": url_of(ledger, "all_reader")}) as server, server.client() as client:
        assert MARK in client.get("/list").text
    with served(home, "--ledger", url_of(ledger, "all_reader"), "--team", "ops") as server, server.client() as client:
        assert MARK not in client.get("/list").text
        assert "team ops" in client.get("/").text


def test_a_team_is_served_before_its_first_event_where_all_teams_may_be_read(ledger):
    sources = LedgerSources(url_of(ledger, "all_reader"), "new")
    with sources.open() as source:
        assert list(source.list(Query())) == []
    fill(f"{ledger.info.dsn} password={ledger.info.password}", [fresh()], ["new"])
    sources.interrupt()  # from now on, what is given back is closed
    with sources.open() as source:
        assert len(list(source.list(Query()))) == 1
    with pytest.raises(LedgerError, match="team 'new' has no events that this user may read"):
        LedgerSources(url_of(ledger, "ops_reader"), "new")


def test_a_team_that_is_chosen_is_the_outer_bound_of_groups(ledger, home):
    with served(home, "--ledger", url_of(ledger, "all_reader"), "--team", "ops", *PROXY) as server:
        with reader(server, "shop,ops") as client:
            assert "prod/shop" in client.get("/list").text
            assert MARK not in client.get("/list").text
        with reader(server, "shop") as client:
            assert client.get("/list").status_code == 403


@pytest.mark.parametrize("words", [PROXY, ("--ledger", "x", "--trusted-group-header", "X-Groups"),
                                   ("--ledger", "x", *PROXY[:4], "--trusted-group-header", "x-user")])  # fmt: skip
def test_groups_need_a_ledger_and_a_proxy(home, words):
    done = home.run("serve", "--port", "0", *words)
    assert done.returncode == 2
    assert b"header" in done.stderr


def test_a_ledger_that_cannot_be_used_is_one_line_at_the_start(ledger, postgres, home):
    newer = "INSERT INTO tfevent.schema (version, oldest_writer) VALUES (99, 99)"
    with postgres.database(new_ledger) as url, psycopg.connect(url, autocommit=True) as other:
        other.execute(newer)
        cases = [
            (f"postgresql://ann:{SECRET}@127.0.0.1:1/events", "check host and port"),
            (postgres.url(password=SECRET), "check user and password"),
            (postgres.url(), "there is no ledger in this database"),
            (url, "upgrade tfevent"),
            (f"https://{SECRET}@collector.example", "pages are served from the database of a ledger"),
            (url_of(ledger, "no_reader"), "this user may read no team's events; .* says what to grant"),
        ]
        for address, words in cases:
            done = home.run("serve", "--port", "0", "--no-browser", "--ledger", address)
            assert done.returncode == 69
            assert done.stdout == b""
            assert re.fullmatch(rf"tfevent: .*{words}.*\n", done.stderr.decode())
            assert SECRET not in done.stderr.decode()
            assert postgres.password not in done.stderr.decode()


def test_a_ledger_that_fails_meanwhile_is_a_page_that_says_so_and_works_again(postgres, home):
    with filled(postgres, [fresh()], ["ops"]) as url, served(home, "--ledger", url) as server:
        name = url.rpartition("/")[2]
        kick = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        with server.client() as client:
            assert client.get("/list").status_code == 200
            postgres.execute(kick)
            assert client.get("/list").status_code == 200  # by a new connection
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres.execute(kick)
            texts = [failed(client, path, "is not currently accepting connections") for path in ("/", "/feed.json")]
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert client.get("/list").status_code == 200
            postgres.execute("INSERT INTO tfevent.schema VALUES (99, 99)", database=name)
            texts.append(failed(client, "/list", "upgrade tfevent"))
            postgres.execute("DELETE FROM tfevent.schema WHERE version = 99", database=name)
            assert client.get("/list").status_code == 200
            with psycopg.connect(url) as locking:
                locking.execute("LOCK TABLE tfevent.events IN ACCESS EXCLUSIVE MODE")
                texts.append(failed(client, "/list", "took longer than 5 s and was stopped"))
            assert client.get("/list").status_code == 200
        code, errors = server.end()
        assert code == 0
        assert postgres.password not in "".join([*texts, errors])


def test_whoever_listens_hears_that_the_ledger_cannot_be_read_and_that_it_can_again(postgres, home):
    def heard(stream):
        return next(line for line in stream if line.startswith("data: "))

    with filled(postgres, [fresh()], ["ops"]) as url, served(home, "--ledger", url) as server:
        name = url.rpartition("/")[2]
        with server.client() as client, client.stream("GET", "/live") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            time.sleep(1)  # until it looks
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            assert heard(lines) == "data: away"
            with client.stream("GET", "/live") as later:
                assert heard(later.iter_lines()) == "data: away"
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert heard(lines) == "data: back"


def failed(client, path, words):
    answer = client.get(path)
    assert answer.status_code == 503
    assert words in answer.text
    return answer.text


def test_a_ledger_that_is_silent_does_not_keep_the_server_from_ending(postgres, home):
    with filled(postgres, [fresh()], ["ops"]) as url, proxy(postgres.port) as between:
        address = url.replace(str(postgres.port), str(between.port), 1)
        with served(home, "--ledger", address) as server, server.client() as client:
            assert client.get("/list").status_code == 200
            between.frozen.set()
            failed(client, "/list", "did not answer in time")
            assert server.end()[0] == 0


def test_what_has_the_same_name_in_two_teams_is_not_the_same(postgres, home):
    node = "aws_instance.same"
    failed = fresh(20, change(node, attributes={"size": ("1", "2")}), outcome=Outcome.FAILED, title="ops: open",
                   trace=Trace(run_id="run-x"))  # fmt: skip
    mine = fresh(60, change(node, attributes={"size": ("0", "1")}), title="ops: before")
    later = fresh(5, change(node, attributes={"size": ("8", "9")}), title="shop: went well",
                  trace=Trace(run_id="run-y", parent_run_id="run-x"))  # fmt: skip
    with filled(postgres, [failed, mine], ["ops"]) as url:
        fill(url, [later], ["shop"])
        with served(home, "--ledger", url) as server, server.client() as client:
            timeline = client.get("/?window=4h").text
            assert "3 changes in 4 hours, one worth a look first" in timeline
            stacks = client.get("/stacks").text
            assert "2 stacks: 1 last run did not end well" in stacks
            assert "ops: " in stacks
            assert "shop: " in stacks
            assert "shop: went well" not in client.get(f"/event/{failed.id}").text
            assert f"{node} is known in 2 teams" in client.get("/thing", params={"at": node}).text
            ops = client.get("/thing", params={"at": node, "team": "ops"}).text
            assert "ops: before" in ops
            assert "shop: went well" not in ops
            assert client.get("/thing", params={"at": node, "team": "nosuch"}).status_code == 400
            assert '<span class="lbl"><bdi>shop</bdi></span>' in client.get("/list").text
