"""Every planted secret is hidden, and what is harmless is shown."""

import pytest

from change_events.redact import MARK, Redactor, RedactPolicy
from tests.redact import figures


@pytest.mark.timeout(300)
def test_every_planted_secret_is_hidden():
    figure = figures.secrets_hidden()
    assert figure.wrong == []
    assert figure.of > 4000


@pytest.mark.timeout(120)
def test_every_harmless_sample_is_shown():
    assert figures.harmless_hidden().wrong == []


@pytest.mark.timeout(300)
@pytest.mark.skipif(not figures.CORPUS.is_dir(), reason="the corpus is not here")
def test_hardly_any_harmless_value_of_real_plans_is_hidden():
    figure = figures.corpus_hidden()
    assert figure.of > 3000
    assert figure.percent <= figures.PROMISED, figure.wrong


@pytest.mark.parametrize("value", ["required", "NONE", 3, "arn:aws:iam::1:role/x", "${var.x}", ["required"]])
@pytest.mark.parametrize("path", [("http_tokens",), ("password",), ("x",)])
def test_a_mark_hides_whatever_the_value_looks_like(path, value):
    assert Redactor().value(path, value, sensitive=True).text is None


@pytest.mark.parametrize("value", ["required", 3, "arn:aws:iam::1:role/x", {"name": "x"}])
def test_names_of_the_settings_hide_whatever_the_value_looks_like(value):
    redactor = Redactor(RedactPolicy(names=("*_dsn",)))
    assert redactor.value(("app_dsn",), value).text is None
    assert "required" not in redactor.text("app_dsn=required")


def test_a_word_that_is_shown_under_a_sensitive_name_is_not_scrubbed_elsewhere():
    redactor = Redactor()
    redactor.harvest({"http_tokens": "optional", "image_pull_secrets": [{"name": "registry"}]})
    redactor.value(("token_validity_units", 0, "access_token"), "minutes")
    text = "optional: 5 minutes, registry.example.org/app:2"
    assert redactor.text(text) == text


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("letmein", "say letmein.", f"say {MARK}."),
        ("letmein", "u:letmein@h", f"u:{MARK}@h"),
        ("registry", "registry.example.org/app my-registry", None),
        ("12345678", "id 12345678, i-0123456789", f"id {MARK}, i-0123456789"),
        ("a1b2", "key a1b2 of xa1b2y", f"key {MARK} of xa1b2y"),
        ("p@ss", "key p@ss", f"key {MARK}"),
        ("web1", "host web1", None),
        ("prod", "in prod", None),
        ("5432", "port 5432", None),
        ("1.24", "version 1.24", None),
        ("hunter2", "xhunter2y", f"x{MARK}y"),
        ("incomprehensible", "anincomprehensibleone", f"an{MARK}one"),
        ("incomprehensible", "INCOMPREHENSIBLE elbisneherpmocni", None),
        ("acme-production.internal", "ACME-Production.internal", None),
        ("letmein", "LETMEIN", None),
        ("hunter2", "HUNTER2", None),
        ("hunter22", "xHUNTER22y 22RETNUH", f"x{MARK}y {MARK}"),
        ("Straße-7ü", "STRASSE-7Ü straße-7ü ü7-eßarts", f"{MARK} {MARK} {MARK}"),
    ],
)
def test_words_are_scrubbed_as_words_and_what_is_distinctive_anywhere(secret, text, shown):
    redactor = Redactor()
    redactor.value(("x",), secret, sensitive=True)
    assert redactor.text(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[ci](https://ci.example.org/run?token=zzzzzzzzzz)", "[ci](https://ci.example.org/run?token=REDACTED)"),
        ("see [a](https://h/r?token=zzzzzz) and (b)", "see [a](https://h/r?token=REDACTED) and (b)"),
        (
            "[a](https://h/?token=zzzz)[b](https://h/?token=yyyy)",
            "[a](https://h/?token=REDACTED)[b](https://h/?token=REDACTED)",
        ),
        ("<https://h/r?token=zzzzzz>", "<https://h/r?token=REDACTED>"),
        ('"https://h/r?token=zzzzzz", x', '"https://h/r?token=REDACTED", x'),
        ("at https://h/r?token=zzzzzz, and", "at https://h/r?token=REDACTED, and"),
        ("at https://h/r?token=zzzzzz.", "at https://h/r?token=REDACTED."),
        ("(https://h/r?a=1&token=zzzzzz)", "(https://h/r?a=1&token=REDACTED)"),
        ("[s](https://hooks.slack.com/services/T0/B0/zzzzzz)", "[s](https://hooks.slack.com/services/REDACTED)"),
        ("[x](https://bob:zzzzzz@h/p)", "[x](https://bob:REDACTED@h/p)"),
        ("(password=zzzzzz)", f"(password={MARK})"),
        ("password=zzzzzz, user=bob", f"password={MARK}, user=bob"),
    ],
)
def test_addresses_and_brackets_survive(text, shown):
    redactor = Redactor()
    assert redactor.text(text) == shown
    assert redactor.text(shown) == shown
    remembering = Redactor()
    remembering.remember(["zzzzzz", "zzzzzzzzzz"])
    assert remembering.text(remembering.text(text)) == remembering.text(text)


def test_what_is_not_found_is_what_the_documentation_says():
    import base64
    import gzip

    redactor = Redactor()
    redactor.remember("hunter2Planted")
    packed = base64.b64encode(gzip.compress(b"hunter2Planted")).decode()
    assert redactor.text(packed) == packed
