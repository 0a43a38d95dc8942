"""Who may read what is served, as requests try it on a real server."""

import socket
import subprocess
from contextlib import ExitStack

import httpx
import pytest

from tests.cli.home import Home
from tests.cli.sample import partial, succeeded
from tests.support.serving import served
from tests.support.speed import limit

PAGES = ("/", "/list", "/feed.atom", "/feed.json", "/live", "/event/x", "/no/such/page")
TITLE = "prod/network: 1 replaced"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    home.fill(succeeded(), partial())
    return home


@pytest.fixture(scope="module")
def server(home):
    with served(home) as server:
        yield server


@pytest.fixture(scope="module")
def reader(server):
    with server.client() as client:
        yield client


def test_the_link_opens_a_session_and_its_token_leaves_the_address(home):
    with served(home) as server, server.stranger() as client:
        opened = client.get(server.link)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith(f"tfevent-{server.port}=")
        assert cookie.partition("; ")[2] == "HttpOnly; SameSite=Strict; Path=/"
        assert server.link.partition("token=")[2] not in cookie
        assert TITLE in client.get("/").text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_recorded_is_shown_without_a_session(server, path):
    with server.stranger() as client:
        for cookie in ("", f"tfevent-{server.port}=x", f"tfevent-{server.port}=", f"tfevent-{server.port}"):
            answer = client.get(path, headers={"cookie": cookie})
            assert answer.status_code == 401
            assert TITLE not in answer.text
            assert "journal of" not in answer.text


def test_a_link_works_once_and_whoever_sees_the_terminal_gets_another(home):
    with served(home) as server, server.client(), server.stranger() as second:
        assert server.printed() == []
        used = second.get(server.link)
        assert used.status_code == 401
        assert "set-cookie" not in used.headers
        another = server.next_line()
        assert another != server.link
        for _ in range(5):  # one link is open at a time, however often somebody asks
            assert second.get("/").status_code == 401
        assert server.printed() == []
        assert second.get(another).status_code == 303
        assert second.get("/").status_code == 200


def test_a_look_at_the_link_does_not_use_it(home):
    with served(home) as server, server.stranger() as client:
        assert client.head(server.link).status_code == 200
        assert client.get(server.link).status_code == 303


def test_a_wrong_token_opens_nothing_and_leaves_the_link(home):
    with served(home) as server, server.stranger() as client:
        for token in ("", "x", server.link.partition("token=")[2][:-1], "%00", "%F0%9F%98%80"):
            answer = client.get(f"/enter?token={token}")
            assert (answer.status_code, answer.headers.get("set-cookie")) == (401, None)
        assert client.get(server.link).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1:1",
                                  "localhost:99999", "", "[::1", "127.0.0.1:{port}@evil.example"])  # fmt: skip
def test_a_name_of_another_site_is_not_answered(server, reader, host):
    answer = reader.get("/", headers={"host": host.format(port=server.port)})
    assert answer.status_code == 403
    assert TITLE not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_names_of_this_machine_are_answered(server, reader, host):
    name, cookie = next(iter(reader.cookies.items()))
    headers = {"host": host.format(port=server.port), "cookie": f"{name}={cookie}"}
    assert reader.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "x"])
@pytest.mark.parametrize(("mode", "dest"), [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")])
def test_another_site_loads_nothing(reader, site, mode, dest):
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    for path in ("/", "/event/x.json", "/static/style.css", "/live"):
        assert reader.get(path, headers=headers).status_code == 403


def test_another_site_may_link_here(reader):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert reader.get("/", headers=headers).status_code == 200
    assert reader.head("/", headers=headers).status_code == 403


def test_a_link_that_is_followed_from_elsewhere_opens_by_a_step_of_this_site(home):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    with served(home) as server, server.stranger() as client:
        opened = client.get(server.link, headers=headers)
        assert opened.status_code == 200
        assert '<meta http-equiv="refresh" content="0; url=/">' in opened.text
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "FOO"])
def test_there_is_nothing_to_write(reader, method):
    answer = reader.request(method, "/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/no/such/page", "/static/style.css", "/static/none", "/feed.atom", "/enter"])
def test_every_response_has_the_headers(server, reader, path):
    with server.stranger() as stranger:
        for client in (reader, stranger):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
            assert policy.endswith("frame-ancestors 'none'; require-trusted-types-for 'script'")
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"] == ("no-cache" if path == "/static/style.css" else "no-store")
            assert "server" not in headers


def test_static_files_are_known_by_their_content(reader):
    first = reader.get("/static/style.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = reader.get("/static/style.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("../app.py", "%2e%2e/app.py", "", "templates", "%2fetc%2fpasswd", "tfevent.js%00"):
        path = f"/static/{name}"
        assert reader.get(path).status_code == 404


def test_an_address_may_be_so_long(reader):
    assert reader.get("/", params={"text": "a" * 8_000}).status_code == 200
    assert reader.get("/", params={"text": "a" * 9_000}).status_code == 414


def test_headers_may_be_so_large(server, reader):
    with server.stranger() as client:
        for size in (20_000, 500_000):
            assert answer_to(client, size) in {431, 400, None}
    assert reader.get("/").status_code == 200


def answer_to(client, size):
    """The status for a header of this size; None where the connection is ended before it is known."""
    try:
        with client.stream("GET", "/", headers={"x": "a" * size}) as answer:
            return answer.status_code
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return None


def is_ended(connection):
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", None], ids=["none", "half", "refused"])
def test_others_are_answered_however_many_connections_a_client_opens(server, reader, sent):
    whole = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    with ExitStack() as opened:
        opened.enter_context(reader.stream("GET", "/live"))  # one that was there before
        for _ in range(250):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=limit(60)))
            connection.sendall(whole if sent is None else sent)
            if sent is None:
                assert connection.recv(1_000).startswith(b"HTTP/1.1 401")
        with httpx.Client(base_url=server.base, cookies=reader.cookies, trust_env=False) as client:
            for _ in range(5):
                assert client.get("/static/style.css").status_code == client.get("/list").status_code == 200


@pytest.mark.slow  # waits for the limit
def test_a_request_that_does_not_come_is_not_waited_for(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=limit(60)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert is_ended(slow)


def _send_for_ever(connection, request):
    while True:  # each answer waits for the one before to be taken
        connection.sendall(request)


@pytest.mark.slow  # the same
def test_a_client_that_does_not_read_is_not_waited_for(server, reader):
    name, cookie = next(iter(reader.cookies.items()))
    request = f"GET /list HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {name}={cookie}\r\n\r\n".encode()
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        slow.settimeout(limit(60))
        slow.connect(("127.0.0.1", server.port))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_for_ever(slow, request)
    assert reader.get("/").status_code == 200


def test_the_token_is_in_no_list_of_processes_and_on_no_standard_error(home):
    with served(home) as server:
        token = server.link.partition("token=")[2]
        assert len(token) > 40
        listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert token not in listed
        with server.client() as client:
            client.get("/enter?token=guess")
            client.get("/no/such/page")
        _, errors = server.end()
        assert token not in errors
        assert "guess" not in errors
