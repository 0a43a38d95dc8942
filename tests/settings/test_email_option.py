"""The server of mail that a settings file of a working tree names: what needs its user's consent."""

import pytest

from change_events.settings import load_leniently

BASE = {"host": "mail.example.com", "from": "t@example.com", "to": "[a@example.com, b@example.com]"}


@pytest.mark.parametrize(
    ("options", "environ", "asks"),
    [
        ({}, {}, None),
        ({"security": "tls"}, {}, None),
        ({"security": "none"}, {}, "security (plain text)"),
        ({"security": "none", "host": "localhost"}, {}, None),
        ({"security": "none", "host": "127.0.0.1"}, {}, None),
        ({"security": "none", "host": "localhost.evil.example"}, {}, "security (plain text)"),
        ({"security": "${MODE}"}, {"MODE": "none"}, "security (plain text)"),
        ({"host": "${HOST}"}, {"HOST": "h"}, "host (an address made of variables)"),
        ({"username": "u", "password": "${SMTP_PASSWORD}"}, {"SMTP_PASSWORD": "p"}, "host (would get your password)"),
        ({"username": "u", "password_command": "pass show mail"}, {}, "password_command (a command)"),
        ({"username": "u"}, {"TFEVENT_EMAIL_PASSWORD": "p"}, "host (would get your password)"),
    ],
)
def test_what_a_working_tree_may_say(tmp_path, monkeypatch, options, environ, asks):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    lines = "".join(f"    {name}: {value}\n" for name, value in (BASE | options).items())
    (tmp_path / "tfevent.yaml").write_text(f"destinations:\n  email:\n    kind: email\n{lines}")
    settings, mistakes = load_leniently(tmp_path, environ)
    assert (f"destinations.email.{asks}" in str(mistakes)) if asks else (mistakes == ()), mistakes
    assert [one.name for one in (settings.broken if asks else settings.destinations)] == ["email"]
    allowed, mistakes = load_leniently(tmp_path, environ | {"TFEVENT_TRUST_SETTINGS": "1"})
    if "password_command" not in options:
        assert (len(allowed.destinations), mistakes) == (1, ())
