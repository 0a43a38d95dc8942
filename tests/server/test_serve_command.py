"""`tfevent events serve` from its start to its end."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys

import httpx
import pytest
import trustme
from click.testing import CliRunner
from jinja2 import meta

from change_events.cli.serve import _Network, serve_command
from change_events.server import rendering
from change_events.server.app import Application
from tests.cli.home import Home
from tests.cli.sample import partial, succeeded
from tests.support.parsed_html import Parsed
from tests.support.serving import served

TITLE = "prod/network: 1 replaced"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_it_starts_without_a_journal_and_shows_it_when_it_is_there(home):
    with served(home) as server, server.client() as client:
        assert not home.journal_path.exists()
        assert client.get("/").status_code == client.get("/list").status_code == 200
        home.fill(partial())
        assert TITLE in client.get("/list").text


def test_a_journal_that_was_replaced_is_read_anew(home):
    home.fill(succeeded())
    with served(home) as server, server.client() as client:
        assert TITLE not in client.get("/list").text
        for file in home.state.glob("journal.db*"):
            file.unlink()
        home.fill(partial())
        assert TITLE in client.get("/list").text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_also_while_a_stream_is_open(home, number, code):
    with served(home) as server, server.client() as client, client.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        ended, errors = server.end(number)
        assert ended == code
        assert [line for line in errors.splitlines() if "Ctrl-C ends" not in line] == []
        assert list(lines) == [""]  # ended as a whole, not broken off


def test_a_port_in_use_is_one_line_and_an_exit_code(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = home.run("serve", "--port", str(port), "--no-browser")
    assert done.returncode == 69
    assert done.stdout == b""
    assert done.stderr.decode() == (
        f"tfevent: port {port} of 127.0.0.1 is in use, perhaps by another `tfevent events serve`: "
        "--port takes another one, --port 0 any that is free\n"
    )


def test_an_address_of_another_machine_is_one_line(home):
    done = home.run("serve", "--bind", "192.0.2.1", "--behind-proxy", "::1", "--trusted-user-header", "X-User")
    assert done.returncode == 1
    assert re.fullmatch(r"tfevent: cannot listen on port \d+ of 192.0.2.1: .*\n", done.stderr.decode())


@pytest.mark.parametrize(
    "words",
    [
        ("--bind", "0.0.0.0"),
        ("--bind", "::"),
        ("--bind", "192.0.2.1"),
        ("--bind", "0.0.0.0", "--behind-proxy", "127.0.0.1"),
        ("--bind", "0.0.0.0", "--trusted-user-header", "X-User"),
        ("--bind", "0.0.0.0", "--certificate", __file__),
        ("--key", __file__),
        ("--bind", "example.org"),
        ("--behind-proxy", "proxy", "--trusted-user-header", "X-User"),
        ("--behind-proxy", "127.0.0.1", "--trusted-user-header", "X User"),
        ("--once", "--behind-proxy", "127.0.0.1", "--trusted-user-header", "X-User"),
        ("--port", "65536"),
    ],
)
def test_options_that_would_open_it_to_others_or_do_not_fit_are_refused(home, words):
    done = home.run("serve", *words)
    assert done.returncode == 2
    assert done.stdout == b""


def test_without_the_extra_it_names_what_to_install(home):
    hide = "import sys; sys.modules['starlette'] = None; from tf_wrapper.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hide, "events", "serve"], env=home.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "tfevent: `tfevent events serve` needs the package starlette: pip install 'tfevent[server]'\n"


def test_once_fetches_the_pages_prints_what_came_and_ends(home):
    home.fill(succeeded(), partial())
    done = home.run("serve", "--port", "0", "--once")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == b""
    assert [line.split()[0] for line in lines] == ["303", *["200"] * (len(lines) - 1)]
    assert {line.split()[-1] for line in lines} >= {"/", "/list", "/feed.atom", f"/event/{partial().id}.json"}
    assert "token=" not in done.stdout.decode()


def test_once_fails_where_a_page_fails(home):
    home.fill(succeeded())
    with home.journal() as journal:
        journal._write(lambda connection: connection.execute("UPDATE bodies SET body = '{'"))
    done = home.run("serve", "--port", "0", "--once")
    assert done.returncode == 1
    assert b"500" in done.stdout
    assert done.stderr.startswith(b"tfevent: a page could not be made: ")
    assert len({line.split(b":")[0] for line in done.stderr.splitlines()}) == 1


def test_with_a_certificate_other_addresses_are_served_by_tls(home, tmp_path):
    home.fill(partial())
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "ops.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    words = ("--bind", "0.0.0.0", "--certificate", str(chain), "--key", str(key), "--allow-host", "ops.example")
    with served(home, *words) as server:
        assert server.link.startswith(f"https://ops.example:{server.port}/enter?token=")
        link = server.link.replace("ops.example", "127.0.0.1")
        import ssl

        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with httpx.Client(verify=trust, trust_env=False) as client:
            opened = client.get(link)
            assert opened.headers["set-cookie"].startswith(f"__Host-tfevent-{server.port}=")
            assert opened.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict; Path=/; Secure")
            page = client.get(link.partition("/enter")[0] + "/list")
            assert TITLE in page.text
            named = client.get(page.url, headers={"host": f"other.example:{server.port}"})
            assert named.status_code == 403
            for mapped in ("ops.example", "OPS.example:443", "ops.example:9000"):  # a port before ours
                assert client.get(page.url, headers={"host": mapped}).status_code == 200
            assert client.get(page.url, headers={"host": "127.0.0.1:443"}).status_code == 403


@pytest.mark.parametrize(
    "name",
    ["*", "https://ops.example", "ops.example:443", "ops.example/x", "a b", "", "ops..example", "bücher.example"],
)
def test_what_is_no_name_of_a_host_is_refused(name):
    done = CliRunner().invoke(serve_command, ["--allow-host", name])
    assert done.exit_code == 2
    assert "is not the name of a host" in done.output


def test_a_key_that_is_none_is_one_line(home, tmp_path):
    file = tmp_path / "file.pem"
    file.write_text("no certificate")
    done = home.run("serve", "--certificate", str(file), "--key", str(file))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_behind_a_proxy_the_user_is_named_by_its_header_and_others_are_refused(home):
    home.fill(partial())
    words = ("--behind-proxy", "127.0.0.1", "--trusted-user-header", "X-Forwarded-User", "--allow-host", "ops.example")
    with served(home, *words) as server, server.stranger(headers={"host": "ops.example"}) as proxy:
        assert server.link == server.base  # no token
        for nobody in ({}, {"x-forwarded-user": ""}):
            answer = proxy.get("/", headers=nobody)
            assert (answer.status_code, heading(answer)) == (403, "The proxy does not say who asks")
        twice = [("x-forwarded-user", "ann"), ("x-forwarded-user", "bob"), ("host", "ops.example")]
        assert heading(proxy.get("/", headers=twice)) == "The proxy names more than one user"
        entered = proxy.get("/enter?token=x", headers={"x-forwarded-user": "ann"})
        assert (entered.status_code, heading(entered)) == (404, "There is no such page")
        named = proxy.get("/list", headers={"x-forwarded-user": "ann"})
        assert TITLE in named.text
        other = {"x-forwarded-user": "ann", "host": "evil.example"}
        assert proxy.get("/list", headers=other).status_code == 403
        said = server.end()[1]
        assert said.endswith(
            "; the address is for the proxy at 127.0.0.1 alone, people open ops.example there; Ctrl-C ends\n"
        )
    words = ("--behind-proxy", "10.0.0.0/8", "--trusted-user-header", "X-Forwarded-User")
    with served(home, *words) as server, server.stranger() as other:
        answer = other.get("/list", headers={"x-forwarded-user": "ann"})
        assert (answer.status_code, heading(answer)) == (403, "This request does not come from the proxy")
        assert "the proxy at 10.0.0.0/8 alone, --allow-host has to name what people open there" in server.end()[1]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "8.8.8.0/24", "0.0.0.0/1", "10.0.0.0/7", "2001:db8::/32"])
def test_a_network_with_public_addresses_is_no_proxy(network):
    words = ["--behind-proxy", network, "--bind", "0.0.0.0", "--trusted-user-header", "X-Forwarded-User"]
    done = CliRunner().invoke(serve_command, words)
    assert done.exit_code == 2
    assert "public addresses" in done.output


@pytest.mark.parametrize("network", ["127.0.0.1", "10.1.2.0/24", "10.0.0.0/8", "172.16.0.0/12", "::1", "fd00::/8",
                                     "203.0.113.9"])  # fmt: skip
def test_an_address_or_a_private_network_may_be_one(network):
    assert str(_Network().convert(network, None, None)).partition("/")[0] == network.partition("/")[0]


def test_the_newest_event_has_an_address(home):
    with served(home) as server, server.client() as client:
        assert [client.get(f"/event/last{end}").status_code for end in ("", ".json")] == [404, 404]
        home.fill(succeeded(), partial())
        newest = client.get("/feed.json").json()["items"][0]["id"]
        assert client.get("/event/last").headers["location"] == f"/event/{newest}"
        assert client.get("/event/last.json", follow_redirects=True).json()["id"] == newest


def test_programs_get_errors_in_a_form_of_theirs(home):
    home.fill(partial())
    with served(home) as server, server.client() as client:
        home.journal_path.write_bytes(b"no journal" * 1_000)
        for path in ("/event/x.json", "/event/last.json", "/feed.json"):
            answer = client.get(path)
            assert (path, answer.status_code, answer.headers["content-type"]) == (path, 503, "application/json")
            assert answer.json()["error"] == "What is recorded cannot be read"
        atom = client.get("/feed.atom")
        assert (atom.status_code, atom.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        assert client.get("/event/x").headers["content-type"].startswith("text/html")


def heading(answer):
    return Parsed(answer.text).headings[0]


def test_a_browser_is_opened_on_a_desktop_by_a_file_that_only_the_user_reads(home, tmp_path):
    home.fill(partial())
    programs = tmp_path / "programs"
    programs.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\nstat -c %a "${{1#file://}}" > {tmp_path}/mode\ncp "${{1#file://}}" {tmp_path}/page\n'
                      f"echo $1 > {tmp_path}/said\nkill -TERM $PPID\n")  # fmt: skip
    opener.chmod(0o755)
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "DISPLAY": ":0", "CI": "", "SSH_CONNECTION": ""}
    shown = home.on_terminal("serve", "--port", "0", env=env)
    assert shown.code == 0, shown.text
    link = re.search(r"http://\S+", shown.text)[0]
    assert (tmp_path / "mode").read_text() == "600\n"
    assert f'content="0; url={link}"' in (tmp_path / "page").read_text()
    assert link not in (tmp_path / "said").read_text()
    assert not list(home.state.glob("open-*"))
    assert stat.S_IMODE(home.state.stat().st_mode) & 0o077 == 0


def test_every_template_of_the_first_page_is_compiled_before_it_is_asked_for():
    rendering._environment.cache_clear()
    Application(None, None, None, None, print).prepare()
    environment = rendering._environment()
    compiled = {name for _, name in environment.cache}
    for name in compiled:
        source = environment.loader.get_source(environment, name)[0]
        assert set(meta.find_referenced_templates(environment.parse(source))) <= compiled
    assert "timeline.html" in compiled
