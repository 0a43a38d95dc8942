"""Which way a request goes: the proxy variables, as curl and Go read them."""

from __future__ import annotations

import time

import pytest

from change_events.delivery import proxies
from change_events.delivery.http_transport import HttpTransport
from change_events.destinations.base import Request
from tests.support.receiver import Receiver

BYPASSED = [
    ("127.0.0.0/8", "127.0.0.1", 80),
    ("10.0.0.0/8", "10.200.3.4", 443),
    ("10.1.2.3/8", "10.200.3.4", 443),
    ("192.168.1.1/32", "192.168.1.1", 80),
    ("fd00::/8", "fd12::1", 443),
    ("[fd00::]/8", "fd12::1", 443),
    ("::1", "::1", 80),
    ("[::1]", "::1", 80),
    ("[::1]:4318", "::1", 4318),
    ("10.0.0.0/8", "::ffff:10.1.1.1", 80),
    ("127.0.0.1:4318", "127.0.0.1", 4318),
    ("*", "anything.example", 80),
    ("other.example, * ", "anything.example", 80),
    ("collector.example", "collector.example", 80),
    ("Collector.Example", "COLLECTOR.example.", 80),
    ("example", "collector.example", 80),
    (".example", "collector.example", 80),
    ("*.example", "collector.example", 80),
    ("collector.example:4318", "collector.example", 4318),
    ("a.example,collector.example", "collector.example", 80),
    ("a.example collector.example", "collector.example", 80),
    ("http://collector.example", "collector.example", 80),
    ("localhost", "localhost", 80),
]
PROXIED = [
    ("", "collector.example", 80),
    (" , ,", "collector.example", 80),
    ("10.0.0.0/8", "11.0.0.1", 80),
    ("10.0.0.0/8", "fd12::1", 80),
    ("10.0.0.0/8", "ten.example", 80),
    ("10.0.0.0/99", "10.0.0.1", 80),
    ("[fd00::1]:4318", "fd00::1", 4317),
    ("10.0.0.1:4318", "10.0.0.1", 80),
    ("collector.example:4318", "collector.example", 80),
    ("llector.example", "collector.example", 80),
    (".collector.example", "collector.example", 80),
    ("collector.example", "collector.example.com", 80),
    (".", "collector.example", 80),
    ("0.1", "10.0.0.1", 80),
]


@pytest.fixture
def variables(monkeypatch):
    def put(**given):
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return proxies.from_environment()

    return put


@pytest.mark.parametrize(("no_proxy", "host", "port"), BYPASSED)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_what_goes_directly(variables, name, no_proxy, host, port):
    found = variables(**{"HTTP_PROXY": "http://proxy.example:3128", name: no_proxy})
    assert found.address("http", host, port) is None


@pytest.mark.parametrize(("no_proxy", "host", "port"), PROXIED)
def test_what_goes_through_the_proxy(variables, no_proxy, host, port):
    found = variables(http_proxy="http://proxy.example:3128", no_proxy=no_proxy)
    assert found.address("http", host, port) == "http://proxy.example:3128"


def test_each_scheme_has_its_proxy(variables):
    found = variables(https_proxy="secure.example:3128", ALL_PROXY="http://all.example")
    assert found.address("https", "a.example", 443) == "http://secure.example:3128"
    assert found.address("http", "a.example", 80) == "http://all.example"
    assert proxies.Proxies({}, ()).address("http", "a.example", 80) is None


def post(url):
    with HttpTransport() as transport:
        return transport.send(Request("POST", url, {}, b"{}"), time.monotonic() + 60)


def test_a_network_of_no_proxy_is_connected_to_directly(monkeypatch):
    with Receiver() as proxy, Receiver() as backend:
        monkeypatch.setenv("http_proxy", proxy.url)
        for no_proxy in ("127.0.0.0/8", "10.0.0.0/8,127.0.0.0/8", backend.url.removeprefix("http://")):
            monkeypatch.setenv("NO_PROXY", no_proxy)
            assert post(f"{backend.url}/x").status == 200
        assert ([one.path for one in backend.received], proxy.received) == (["/x"] * 3, [])
        monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
        post("http://backend.example/x")
        assert [one.path for one in proxy.received] == ["http://backend.example/x"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_what_stays_on_this_machine_is_shown_to_no_proxy(monkeypatch, host, variable):
    """Without TLS, the proxy would read a token that is allowed on loopback only."""
    with Receiver() as proxy, Receiver() as backend:
        monkeypatch.setenv(variable, proxy.url)
        assert post(f"{backend.url.replace('127.0.0.1', host)}/x").status == 200
        assert ([one.path for one in backend.received], proxy.received) == (["/x"], [])


@pytest.mark.parametrize(
    ("scheme", "host", "way"),
    [
        ("http", "127.8.8.8", None),
        ("http", "::1", None),
        ("http", "localhost.", None),
        ("http", "localhost.example", "http://p"),
        ("http", "128.0.0.1", "http://p"),
        ("https", "127.0.0.1", "http://p"),
    ],
)
def test_only_plain_http_to_this_machine_is_without_a_proxy(scheme, host, way):
    assert proxies.Proxies({"all": "p"}, ()).address(scheme, host, 80) == way
