"""Attribute values, command lines, fingerprints and their key."""

import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from change_events.model import ValueKind
from change_events.redact import MARK, Redactor, RedactPolicy, load_key
from change_events.text.exact_json import Number
from tests.support import secrets as planted

KEY = b"k" * 32


def redactor(**policy):
    return Redactor(RedactPolicy(**policy), KEY)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (9007199254740993, "9007199254740993"),
        (10**30 + 1, "1" + "0" * 29 + "1"),
        (Number("1.50"), "1.50"),
        (Number("-0"), "-0"),
        (Decimal("1E+400"), "1E+400"),
        (1.5, "1.5"),
        ("", '""'),
        ("abc", '"abc"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("ends with a line feed\n", '"ends with a line feed\\n"'),
        ([], "[]"),
        ({"b": 1, "a": [None, "x"]}, '{"b":1,"a":[null,"x"]}'),
        ("\x1b[1mbold", '"␛[1mbold"'),
        ("\x1b[1mbold text", '"bold text"'),
    ],
)
def test_harmless_value_is_shown_as_its_json(value, text):
    shown = redactor().value(("size",), value)
    assert (shown.kind, shown.text) == (ValueKind.VALUE, text)


def test_null_is_absent_even_under_a_mark():
    assert redactor().value(("password",), None, sensitive=True).kind is ValueKind.ABSENT


@pytest.mark.parametrize("value", ["planted-value", 1, True, "", {"a": 1}, ["x"], "x" * 5000])
def test_a_mark_hides_everything_but_whether_it_rotated(value):
    shown = redactor().value(("size",), value, sensitive=True)
    assert (shown.kind, shown.text, shown.size) == (ValueKind.SENSITIVE, None, None)
    assert shown.fingerprint == redactor().fingerprint(value)
    assert shown.fingerprint != redactor().fingerprint("another")


@pytest.mark.parametrize("path", [("password",), ("auth", 0, "user"), ("config", "db_password", "x"), ("Secrets", 1)])
def test_a_sensitive_name_at_any_step_hides_the_value(path):
    assert redactor().value(path, "planted-value").kind is ValueKind.SENSITIVE


def test_flags_and_empty_values_under_a_sensitive_name_are_facts():
    assert redactor().value(("manage_password",), True).text == "true"
    assert redactor().value(("password",), "").text == '""'


def test_what_was_hidden_under_one_name_is_scrubbed_under_another():
    scrub = redactor()
    scrub.value(("password",), "planted-value")
    scrub.value(("masked",), 123456789, sensitive=True)
    assert scrub.value(("url",), "x planted-value y").text == f'"x {MARK} y"'
    assert scrub.value(("url",), "planted-value").kind is ValueKind.SENSITIVE
    assert scrub.value(("count",), 123456789).kind is ValueKind.SENSITIVE
    assert scrub.text("it is planted-value") == f"it is {MARK}"


def test_long_and_multi_line_values_are_size_and_fingerprint():
    scrub = redactor(max_value=10)
    for value, size in [("é" * 6, 12), ("a\nb", 3), (["long enough"], 15), (10**11, 12)]:
        shown = scrub.value(("x",), value)
        assert (shown.kind, shown.text, shown.size) == (ValueKind.LARGE, None, size)
        assert shown.fingerprint == scrub.fingerprint(value)
    assert scrub.value(("x",), "é" * 5).kind is ValueKind.VALUE


def test_json_in_strings_is_looked_into():
    scrub = redactor()
    text = json.dumps({"user": "u", "db": {"password": "planted-inner"}, "on": True})
    shown = scrub.value(("document",), text)
    assert json.loads(json.loads(shown.text)) == {"user": "u", "db": {"password": MARK}, "on": True}
    assert scrub.text("planted-inner") == MARK


def test_a_pair_of_name_and_value_is_a_name():
    scrub = redactor()
    definitions = json.dumps(
        [{"environment": [{"name": "DB_PASSWORD", "value": "planted-env"}, {"name": "A", "value": "open"}]}]
    )
    shown = scrub.value(("container_definitions",), definitions)
    assert "planted-env" not in shown.text
    assert "open" in shown.text
    assert scrub.text("planted-env") == MARK


def test_secrets_inside_large_json_are_remembered():
    scrub = redactor()
    document = json.dumps({"filler": "x" * 1000, "api_key": "planted-large"})
    assert scrub.value(("document",), document).kind is ValueKind.LARGE
    assert scrub.text("planted-large") == MARK


def test_harmless_json_in_a_string_stays_as_it_was_written():
    text = '{ "b": 1.50,  "config": "x" }'
    assert json.loads(redactor().value(("document",), text).text) == text


@pytest.mark.parametrize("values", ["none", "names"])
def test_settings_can_hide_every_value_and_marks_still_count(values):
    scrub = redactor(values=values)
    for value in ["open", 1, True, {"a": 1}, "x" * 900]:
        shown = scrub.value(("size",), value)
        assert (shown.kind, shown.text, shown.fingerprint) == (ValueKind.HIDDEN, None, None)
    assert scrub.value(("x",), "planted-value", sensitive=True).kind is ValueKind.HIDDEN
    assert scrub.text("planted-value") == MARK


def test_endless_nesting_is_not_shown():
    deep = "planted-deep"
    for _ in range(20_000):
        deep = [deep]
    assert redactor().value(("x",), deep).kind is ValueKind.HIDDEN
    assert redactor().value(("x",), deep, sensitive=True).kind in (ValueKind.HIDDEN, ValueKind.SENSITIVE)


@pytest.mark.parametrize(
    "value",
    [b"bytes", (1, 2), {1, 2}, object(), float("nan"), 10**5000, {1: 2}, "\ud800", [10**5000]],
    ids=lambda value: type(value).__name__,
)
def test_no_value_is_too_strange(value):
    scrub = redactor()
    scrub.remember(value)
    scrub.harvest(value)
    assert scrub.value(("x",), value).kind
    assert scrub.value(("x",), value, sensitive=True).kind is ValueKind.SENSITIVE


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["terraform", "apply"], "terraform apply"),
        (["t", "-var", "x=planted", "-target=a.b"], "t -var 'x=(sensitive)' -target=a.b"),
        (["t", "-var=x=planted"], "t '-var=x=(sensitive)'"),
        (["t", "--var", "x=planted"], "t --var 'x=(sensitive)'"),
        (["t", "-var", "-x=planted"], "t -var '-x=(sensitive)'"),
        (["t", "-backend-config=token=planted"], "t '-backend-config=token=(sensitive)'"),
        (["t", "-backend-config=prod.hcl", "-var-file=p.tfvars"], "t -backend-config=prod.hcl -var-file=p.tfvars"),
        (["t", "--password", "planted"], "t --password '(sensitive)'"),
        (["t", "-token=planted"], "t '-token=(sensitive)'"),
        (["t", "--token", "-json"], "t --token -json"),
        (["DB_PASSWORD=planted", "t"], "'DB_PASSWORD=(sensitive)' t"),
        (["t", "https://u:planted@h/x"], "t https://u:REDACTED@h/x"),
        (["t", 'a["k"]', "two words", "it's"], """t 'a["k"]' 'two words' 'it'"'"'s'"""),
        (["t", "line\nfeed"], "t 'line\\nfeed'"),
        ([], ""),
    ],
)
def test_command_line(argv, line):
    assert redactor().command_line(argv) == line


def test_a_remembered_value_and_a_quoted_one_leave_the_command_line():
    scrub = redactor()
    scrub.remember(["planted value", "it's-planted"])
    line = scrub.command_line(["t", "x planted value", "it's-planted"])
    planted.assert_nowhere(["planted value", "it's-planted"], line)


def test_long_commands_are_cut():
    line = redactor().command_line(["terraform", *["-target=module.a"] * 200])
    assert len(line) == 1000
    assert line.endswith(" …")


def test_fingerprints_need_the_key_and_distinguish_types():
    assert redactor().fingerprint("1") == redactor().fingerprint("1")
    assert redactor().fingerprint("1") != redactor().fingerprint(1)
    assert redactor().fingerprint("j1") != redactor().fingerprint(1)
    assert redactor().fingerprint({"a": 1, "b": 2}) == redactor().fingerprint({"b": 2, "a": 1})
    assert Redactor(key=b"x" * 32).fingerprint("1") != redactor().fingerprint("1")
    assert len(redactor().fingerprint("1")) == 12


def test_the_key_is_made_once_and_private(tmp_path):
    folder = tmp_path / "state" / "tfevent"
    key = load_key(str(folder))
    assert len(key) == 32
    assert load_key(folder) == key
    assert stat.S_IMODE((folder / "fingerprint.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["fingerprint.key"]


def test_an_open_key_file_is_closed(tmp_path):
    key = load_key(tmp_path)
    (tmp_path / "fingerprint.key").chmod(0o644)
    assert load_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "fingerprint.key").stat().st_mode) == 0o600


def test_all_who_make_the_key_at_once_get_the_same(tmp_path):
    def make(folder):
        barrier.wait()
        return load_key(folder)

    barrier = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        for attempt in range(40):
            assert len(set(pool.map(make, [tmp_path / str(attempt)] * 8))) == 1


def test_a_key_that_cannot_be_kept_is_random(tmp_path):
    (tmp_path / "file").write_text("in the way")
    first, second = load_key(tmp_path / "file" / "state"), load_key(tmp_path / "file" / "state")
    assert len(first) == len(second) == 32
    assert first != second


def test_a_spoilt_key_is_not_used(tmp_path):
    (tmp_path / "fingerprint.key").write_bytes(b"short")
    os.chmod(tmp_path / "fingerprint.key", 0o600)
    assert len(load_key(tmp_path)) == 32
