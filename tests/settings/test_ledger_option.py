"""The ledger that a settings file names: its options, and what needs the user's consent in that of a working tree."""

from functools import partial

import pytest

from change_events.destinations import get
from change_events.destinations.base import OptionError
from change_events.destinations.shared.databases import database_of
from change_events.settings import load_leniently
from tests.support.sealed import sealed

BASE = {"url": "postgresql://ops@db.example.com/events", "team": "ops"}


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ({}, {}),
        ({}, {"TFEVENT_LEDGER_PASSWORD": "p"}),
        ({"url": "postgresql://ops@localhost/events"}, {}),
        ({"url": "'${DATABASE}'"}, {"DATABASE": BASE["url"]}),
        ({"password": "'${SECRET}'"}, {"SECRET": "s"}),
    ],
)
def test_a_working_tree_names_no_ledger_without_consent(tmp_path, monkeypatch, options, environ):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    lines = "".join(f"    {name}: {value}\n" for name, value in (BASE | options).items())
    (tmp_path / "tfevent.yaml").write_text(f"destinations:\n  ledger:\n{lines}")
    settings, mistakes = load_leniently(tmp_path, environ)
    assert "destinations.ledger.url (a database)" in str(mistakes)
    assert settings.destinations == ()
    allowed, mistakes = load_leniently(tmp_path, environ | {"TFEVENT_TRUST_SETTINGS": "1"})
    assert (len(allowed.destinations), mistakes) == (1, ())


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("postgresql://u@h/d", "postgresql://h/d", ()),
        ("postgres://u:p%40s@h:5432/d?sslmode=require", "postgres://h:5432/d", ("p%40s", "p@s")),
        ("postgresql://u@a:1,[::1]:2/d", "postgresql://a:1,[::1]:2/d", ()),
        ("postgresql:///d?host=/run/postgresql&password=q", "postgresql:///d", ("q",)),
    ],
)
def test_an_address_is_shown_without_user_and_password(url, shown, secrets):
    assert database_of(url) == (shown, secrets)


@pytest.mark.parametrize(
    "url",
    ["", "mysql://u@h/d", "https://u:p@h/d", "http://h/d", "https://h?d=p", "https://h/#p",
     "postgresql://u:a/b@h/d", "postgresql://u:a@b@h/d", "postgresql://u@h:x/d",
     "postgresql://u:p#@h/d", "postgresql://u@h/d e", "postgresql://u@h/d\n", "host=h password=p"],
)  # fmt: skip
def test_what_is_no_address_or_has_a_password_in_a_wrong_place_is_refused_unseen(url):
    assert database_of(url) is None
    (problem,) = get("ledger").problems({**BASE, "url": url})
    if url.startswith("http"):
        why = "would show the token" if url == "http://h/d" else "has parts that it may not have"
        assert problem.startswith(f"url: the address of the collector {why}")
        assert "expected https://HOST[:PORT]" in problem
    else:
        assert problem in {
            "url: missing",
            "url: expected the address of a database, postgresql://USER@HOST:PORT/DATABASE, or of a collector, https://HOST",
        }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "token: missing"),
        ({"token": "t", "team": "ops"}, "team: the token of a collector says"),
        ({"token": "t", "password": "p"}, "password: the token of a collector says"),
        ({"url": "postgresql://u@h/d", "token": "t", "team": "ops"}, "token: a database has a user"),
        ({"url": "postgresql://u@h/d", "ca_file": "f", "team": "ops"}, "ca_file: for a database"),
        ({"url": "postgresql://u@h/d"}, "team: missing"),
    ],
)
def test_a_collector_has_a_token_and_a_database_a_team(options, says):
    (problem,) = get("ledger").problems({"url": "https://events.example.com"} | options)
    assert problem.startswith(says)


@pytest.mark.parametrize("url", ["https://events.example.com/", "http://127.0.0.1:8417", "http://[::1]:1/x"])
def test_a_collector_is_asked_by_https_or_on_this_machine(url):
    assert get("ledger").problems({"url": url, "token": "t"}) == ()
    assert get("ledger").origin({"url": url, "token": "t"}) == url.removesuffix("/").removesuffix("/x")


def test_a_token_of_the_environment_goes_to_no_collector_of_a_working_tree(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "tfevent.yaml").write_text("destinations:\n  ledger:\n    url: https://attacker.example\n")
    settings, mistakes = load_leniently(tmp_path, {"TFEVENT_LEDGER_TOKEN": "tfel_x"})
    assert "destinations.ledger.url (a collector" in str(mistakes)
    assert settings.destinations == ()


@pytest.mark.parametrize("token", ["tfel_\u00fc", "tfel_x y", "tfel_a\nb", "tfel_" + "x" * 600])
def test_what_is_no_token_is_not_sent_and_waits_until_it_is_corrected(token):
    options = {"url": "https://events.example.com", "token": token}
    for make in (partial(get("ledger").render, sealed(1)), get("ledger").probe):
        with pytest.raises(OptionError, match="token: it has characters that a token has not"):
            make(options)


def test_the_name_of_a_team_is_checked():
    for team in ("a b", "a,b", "*", "x" * 64):
        (problem,) = get("ledger").problems({**BASE, "team": team})
        assert problem.startswith("team: expected letters")


def test_a_password_in_an_address_that_everybody_can_read_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_TRUST_SETTINGS", "1")
    path = tmp_path / "tfevent.yaml"
    for login, rest, number in (("ops:geheim@", "", 1), ("ops@", "?password=geheim", 1), ("ops@", "", 0)):
        url = f"postgresql://{login}db.example.com/events{rest}"
        path.write_text(f"destinations:\n  ledger:\n    url: {url}\n    team: ops\n")
        path.chmod(0o644)
        settings, mistakes = load_leniently(tmp_path, {"TFEVENT_TRUST_SETTINGS": "1"})
        assert mistakes == ()
        assert len(settings.warnings) == number
        assert "geheim" not in str(settings.warnings)
        if number:
            (warning,) = settings.warnings
            assert "ledger.url: everybody can read this secret: chmod 600, or password_file" in warning


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://u:geheim@db.example.com/events", "db.example.com"),
        ("postgresql:///events?host=/run/postgresql", "/run/postgresql"),
        ("postgresql://%2Frun%2Fpostgresql/events", "/run/postgresql"),
        ("postgresql:///events", "the database"),
        ("postgresql:///events?password=geheim", "the database"),
    ],
)
def test_the_host_that_answers_is_named(url, host):
    request = get("ledger").probe({**BASE, "url": url})
    assert request.reached == f"{host} answers"
