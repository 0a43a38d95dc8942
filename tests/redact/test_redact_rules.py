"""The tables of hits and misses, one a rule."""

import base64
import re

import pytest

from change_events.errors import SettingsError
from change_events.redact import MARK, Redactor, RedactPolicy
from change_events.redact.names import is_secret_name
from change_events.redact.scrub_scope import is_scrubbed
from change_events.redact.spans import ADDRESS_MARK
from tests.support import secrets as planted

SECRET_NAMES = """
    password db_password dbPassword DBPassword MYSQL_ROOT_PASSWORD PGPASSWORD admin-password passwd pwd pass
    db_pass passphrase secret client_secret clientSecret secret_string secretString secret_access_key
    secret_key_base SecretId token auth_token api_token tokens access_token api_key apiKey APIKey apikey
    access_key accessKeys primary_access_key private_key private_key_pem ssh_private_key account_key
    storageAccountKey connection_string primary_connection_string connectionString credentials credential
    google_credentials auth basic_auth sas sas_url sas_token salt password_salt kubeconfig kube_config_raw
    pre_shared_key preshared_key psk signing_key license_key webhook_url datadog_app_key root-passwords secrets
    shared_access_signature rootpassword authorization client_key user.password
"""
HARMLESS_NAMES = """
    secret_name secretName password_policy token_ttl key_name kms_key_id secret_arn public_key ssh_public_key
    key access_key_id secret_version token_type password_length min_password_length max_tokens auth_type author
    authorization_type oauth_scopes passthrough compass bypass secret_key_ref credential_type id name region
    keys hash_key sort_key partition_key tokenizer secretary secret_rotation_enabled private_ip client_id
    certificate auth_settings password_reset_required master_user_secret_kms_key_id
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_sensitive_name(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES.split())
def test_harmless_name(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", ["apiKey", "token", "access_token_2", "bearer", "pin", "pass", "signing_key", "salt"])
@pytest.mark.parametrize("word", ["SCRAM_SHA_256", "custom", "basic", "kubernetes", "cognito_user_pools"])
def test_under_a_credentials_own_name_a_modes_word_is_a_secret(name, word):
    assert Redactor().value((name,), word).text is None
    assert word not in Redactor().text(f'{name} = "{word}"')
    for setting in (f"{name}_type", f"{name}_mode", f"{name}_source"):
        assert Redactor().value((setting,), word).text == f'"{word}"'


@pytest.mark.parametrize(
    ("name", "value"), [("authorization", "AWS_IAM"), ("auth", "basic"), ("cookie", "all"), ("access_token", "minutes")]
)
def test_a_setting_that_is_named_after_authentication_is_shown(name, value):
    assert Redactor().value((name,), value).text == f'"{value}"'


def test_the_settings_add_names_in_any_case():
    redactor = Redactor(RedactPolicy(names=("*_pin", "Licence*")))
    assert redactor.is_sensitive_name("card_PIN")
    assert redactor.is_sensitive_name("licencefile")
    assert not redactor.is_sensitive_name("pint")
    assert redactor.is_sensitive_name("password")


@pytest.mark.parametrize("kind", planted.TOKENS)
@pytest.mark.parametrize(
    "frame", ["{}", "error: {} was refused", "https://h/{}/x", "'{}',", 'a "{}" b', "x={};", "({})"]
)
def test_token_shape_is_hidden_wherever_it_stands(kind, frame):
    token = planted.TOKENS[kind]
    redacted = Redactor().text(frame.format(token))
    assert MARK in redacted or ADDRESS_MARK in redacted
    planted.assert_nowhere([token], redacted)


HITS = [
    ("see https://event-receiver.eu.sematext.com/{}/event", "0f1e2d3c-0000-4000-8000-0123456789ab"),
    ("POST https://logsene-receiver.sematext.com/{}", "0f1e2d3c-0000-4000-8000-0123456789ab"),
    ("https://hooks.slack.com/services/{}", "T000/B000/plantedXYZ"),
    ("https://discord.com/api/webhooks/123456/{}", "planted_webhook"),
    ("https://chat.example.com/hooks/{}", "plantedplantedplantedplant"),
    ("https://chat.googleapis.com/v1/spaces/AAQA1/messages?key=x&token={}", "planted_webhook_token"),
    ("https://acme.webhook.office.com/webhookb2/{}", "0f1e@0f1e/IncomingWebhook/planted"),
    ("AccountName=acme;AccountKey={};EndpointSuffix=core", "cGxhbnRlZHBsYW50ZWQ=="),
    ("Endpoint=sb://x/;SharedAccessKey={}", "cGxhbnRlZHBsYW50ZWQ="),
    ("https://a.blob.core.windows.net/c?sv=2020&sig={}&se=1", "plan%2Bted%3D"),
    ("Authorization: Bearer {}", "planted"),
    ('"Authorization": "Basic {}"', "cGxhbnRlZA=="),
    ("Authorization: {}", "planted-raw"),
    ("sent bearer {} to it", "planted.0.token"),
    ("curl -H 'Proxy-Authorization: Basic {}'", "cGxhbnRlZA=="),
    ("with basic {}", base64.b64encode(b"user:planted").decode()),
    ("curl -u admin:{} https://x", "planted"),
    ("sshpass -p {} ssh host", "planted"),
    ("login failed for user bob with password '{}'", "planted 2"),
    ('the passphrase was "{}", which is wrong', "planted"),
    ("mysqldump -u root -p{} db", "planted"),
    ("Cookie: {}", "session=planted; other=planted2"),
    ("password={}", "planted"),
    ('db_password = "{}"', "plan ted"),
    ("password: {}", "planted"),
    ('~ password = "old-one" -> "{}"', "planted"),
    ("password={} ", "pla<nt>ed\\!"),
    ("password: old-one => {}", "planted"),
    ('password = (known after apply) -> "{}"', "planted"),
    ("DB_PASSWORD:'{}'", "plan;ted"),
    ("export PGPASSWORD={} && psql", "planted"),
    ("psql --password {} -h x", "planted"),
    ("tool --api-key={} run", "planted"),
    ("-token {}", "planted"),
    ("spring.datasource.password={}", "planted"),
    ('{{"a": {{"clientSecret" : "{}"}}}}', "planted"),
    (r'"{{\"token\":\"{}\"}}"', "planted"),
    (r'"{{\\\"token\\\":\\\"{}\\\"}}"', "planted"),
    ("https://x/?access_token={}&y=1", "planted"),
    ("https://x/?y=1&key={}", "planted"),
    ("https://x/?X-Amz-Signature={}", "planted"),
    ("postgres://app:{}@db:5432/x", "planted"),
    ("postgres://app:{}@db:5432/x", "p#l/a?n"),
    ("postgres://app:{}@db/x", "p@ss"),
    ("https://{}@github.com/acme/x.git", "0123456789abcdef0123456789abcdef01234567"),
    (r"https:\/\/u:{}@host\/", "planted"),
    ("AKIAQ7PLANTED3EXAMPL {} ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
]


@pytest.mark.parametrize(("frame", "secret"), HITS)
def test_secret_in_text_is_hidden(frame, secret):
    redactor = Redactor()
    redacted = redactor.text(frame.format(secret))
    assert MARK in redacted or ADDRESS_MARK in redacted
    assert secret not in redacted
    assert redactor.text(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "aws_instance.web: Creation complete after 13s [id=i-0123456789abcdef0]",
        "random_password.db: Creating...",
        "random_password.password: Creating...",
        'kubernetes_secret.token["a"]: Destroying...',
        "arn:aws:iam::123456789012:role/deploy-production",
        "https://github.com/acme/infra/actions/runs/123456?check_suite_focus=true",
        "git@github.com:acme/infra.git",
        "ssh://git@github.com/acme/infra.git",
        "password = var.db_password",
        "password = random_password.db.result",
        "Basic authentication failed",
        "password policy 'strict-2026' applies",
        "give a password 'a' or none",
        "the bearer token is missing",
        "0123456789abcdef0123456789abcdef01234567",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "Error: secret_name must not be empty",
        "http://[::1]:8080/a@b",
        "https://registry.terraform.io/providers/hashicorp/aws/5.1.0",
        "module.db.aws_db_instance.this[0] (tainted)",
        "mean 3.5 > 2, 50 % off & more; 1 + 1 = 2",
        "if token == other",
        "token_ttl=3600 key_name=deploy",
        "C:\\new\\table\\unit",
    ],
)
def test_harmless_text_stays(text):
    assert Redactor().text(text) == text


def test_the_password_of_a_url_ends_at_the_last_at_sign_before_the_path():
    assert Redactor().text("postgres://app:p@ss@db/x?to=a@b") == "postgres://app:REDACTED@db/x?to=a@b"


def test_what_was_read_before_a_secret_was_known_is_read_again():
    redactor = Redactor()
    assert redactor.text("planted-late") == "planted-late"
    redactor.remember("planted-late")
    assert redactor.text("planted-late") == MARK


def test_private_key_is_hidden_whole_or_cut_off():
    redactor = Redactor()
    assert redactor.text(f"key:\n{planted.PEM}\nend") == f"key:\n{MARK}\nend"
    assert redactor.text("x " + planted.PEM[:80]) == f"x {MARK}"
    escaped = planted.PEM.replace("\n", "\\n")
    planted.assert_nowhere([planted.PEM], redactor.text(f'{{"k": "{escaped}"}}'))


def test_the_settings_add_patterns():
    redactor = Redactor(RedactPolicy(patterns=(r"ACME-\d+", r"badge (?P<secret>\w+)")))
    assert redactor.text("ACME-123 and badge x7 and ghp_" + "a" * 36) == f"{MARK} and badge {MARK} and {MARK}"


def test_a_pattern_that_matches_the_mark_does_not_nest_it():
    redactor = Redactor(RedactPolicy(patterns=(r"sens\w+",)))
    assert redactor.text("a sensible thing") == f"a {MARK} thing"
    assert redactor.text(f"a {MARK} thing") == f"a {MARK} thing"


def test_all_bad_patterns_are_reported_at_once():
    with pytest.raises(SettingsError, match=re.escape("'('")) as caught:
        Redactor(RedactPolicy(patterns=("(", "ok", "[")))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a \x1b[31mred\x1b[0m word", "a red word"),
        ("a\x1b[31mred\x1b[0m", "a␛[31mred␛[0m"),  # one word may be a name
        ("\x1b]0;title\x07 x", " x"),
        ("\x1b]0;title\x07x", "␛]0;title␇x"),
        ("a \x1b]8;;https://x\x1b\\link", "a link"),
        ("nul\x00", "nul␀"),
        ("back\x08space\x7f", "back␈space␡"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\x9b31m", "\\u009b31m"),
        ("lone\ud800", "lone\ufffd"),
        ("a \x1b\x1b[0m[0m", "a ␛[0m"),
        ("naïve 日本 👩‍👩‍👧", "naïve 日本 👩‍👩‍👧"),
    ],
)
def test_controls_are_harmless(raw, clean):
    redactor = Redactor()
    assert redactor.text(raw) == clean
    assert redactor.text(clean) == clean


COMMON = """
    1 prod true false us-east-1 eu-central-1a europe-west1-b westeurope eastus2 admin localhost ------ Production
    sensitive ensiti not_attempted postgres
"""


@pytest.mark.parametrize("value", ["", "      ", *COMMON.split()])
def test_common_values_are_never_scrubbed_from_text(value):
    assert not is_scrubbed(value)
    redactor = Redactor()
    redactor.remember(value)
    assert redactor.text(f"x {value} y") == f"x {value} y"


@pytest.mark.parametrize("value", ["hunter2", "us-east-1-planted", "s3cr3t", "production-1"])
def test_distinctive_values_are_scrubbed(value):
    redactor = Redactor()
    redactor.remember(value)
    assert redactor.text(f"x{value}y") == f"x{MARK}y"


def test_a_cleaned_secret_is_found_behind_ansi_codes():
    redactor = Redactor()
    redactor.remember("hunter2planted")
    assert redactor.text("hunter\x1b[0m2planted") == MARK
    assert redactor.text("x\x1b[0mhunter2planted") == f"x{MARK}"
    redactor.remember("with\x1b[1mcolour")
    assert redactor.text("with\x1b[1mcolour") == MARK


def test_names_that_differ_by_an_escape_sequence_stay_two():
    redactor = Redactor()
    names = {redactor.text(name) for name in ("web1", "web1\x1b[0m", "\x1b[31mweb1", "we\x1b[8mb1", "web1\x1b]0;t\x07")}
    assert len(names) == 5
    assert not any("\x1b" in name for name in names)


def test_longest_secret_first_and_overlaps_leave_nothing():
    redactor = Redactor()
    redactor.remember(["planted", "planted-secret", "secret-longer"])
    assert redactor.text("a planted-secret-longer b") == f"a {MARK} b"


def test_lines_of_a_secret_are_secrets():
    redactor = Redactor()
    redactor.remember(planted.MULTI_LINE + "\nshort")
    assert redactor.text("at second-line-of-it: short") == f"at {MARK}: short"


def test_numbers_nested_values_and_passwords_in_urls_are_remembered():
    redactor = Redactor()
    redactor.remember({"a": [12345678, 1.25, True, None], "b": {"c": '{"inner": "planted-json"}'}})
    redactor.remember("postgres://app:planted-url@db/x")
    assert redactor.text("12345678 planted-json planted-url") == f"{MARK} {MARK} {MARK}"
