"""The lines of long texts that differ: redacted before they are compared, bounded, and nothing of blobs."""

import pytest

from change_events.diff import diff
from change_events.diff.lines import MOST_BYTES, MOST_LINES, changed_lines
from change_events.redact import Redactor, RedactPolicy

SCRIPT = "#!/bin/sh\nset -e\napt-get install -y nginx{}\nsystemctl enable nginx\n"
SECRET = "correct-horse-battery"


def only(before, after, redactor=None, **masks):
    (found,) = diff({"input": before}, {"input": after}, redactor=redactor or Redactor(), **masks)
    return found.lines


def test_the_changed_line_of_a_script():
    assert only(SCRIPT.format(""), SCRIPT.format("=1.18")) == (
        "- apt-get install -y nginx",
        "+ apt-get install -y nginx=1.18",
    )


def test_added_and_removed_lines():
    assert only("a\nb\nc\n", "a\nc\nd\n") == ("- b", "+ d")


def test_a_rotated_secret_reads_as_changed_and_its_neighbours_show():
    before, after = (f"export DB_PASSWORD={secret}\nexport HOST={host}\n" for secret, host in
                     ((SECRET, "a"), (SECRET + "-2", "b")))  # fmt: skip
    lines = only(before, after)
    assert lines == ("~ export DB_PASSWORD=(sensitive)", "- export HOST=a", "+ export HOST=b")


def test_a_remembered_secret_is_hidden_in_lines_of_either_side():
    redactor = Redactor()
    redactor.remember(SECRET)
    lines = only(f"one\nuse {SECRET} here\n", f"one\nuse {SECRET} there\n", redactor)
    assert lines == ("- use (sensitive) here", "+ use (sensitive) there")


def test_a_secret_of_several_lines_is_hidden_whole():
    key = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"
    old, new = (f"a\n{key.format(letter * 64)}\n{last}\n" for letter, last in (("A", "x"), ("B", "y")))
    text = "\n".join(only(old, new))
    assert ("A" * 20 not in text, "B" * 20 not in text, "+ y" in text) == (True, True, True)


@pytest.mark.parametrize(
    "masks", [{"before_sensitive": {"input": True}}, {"after_sensitive": {"input": True}}, {"unknown": {"input": True}}]
)
def test_what_is_masked_has_no_lines(masks):
    assert only("a\nb\n", "a\nc\n", **masks) == ()


@pytest.mark.parametrize("redactor", [Redactor(RedactPolicy(values="names")), Redactor(RedactPolicy(values="none"))])
def test_where_values_are_hidden_there_are_no_lines(redactor):
    assert only("a\nb\n", "a\nc\n", redactor) == ()


def test_a_sensitive_name_has_no_lines():
    (found,) = diff({"password": "a\nb\n"}, {"password": "a\nc\n"}, redactor=Redactor())
    assert found.lines == ()


def test_a_long_line_shows_what_differs_in_context():
    before, after = ("x" * 300 + " " + word + " " + "y" * 300 for word in ("old", "new"))
    assert only(before, after) == tuple(
        f"{sign} …{'x' * 39} {word} {'y' * 39}…" for sign, word in (("-", "old"), ("+", "new"))
    )


def test_base64_has_no_lines():
    assert only("QUJD" * 100, "QUJE" * 100) == ()


def test_many_lines_are_bounded_and_counted():
    found = changed_lines("", "\n".join(f"line {n}" for n in range(500)), Redactor())
    assert (len(found), found[-1].startswith("… and ")) == (MOST_LINES + 1, True)
    wide = changed_lines("", "\n".join("w " * 70 for _ in range(50)), Redactor())
    assert sum(len(line.encode()) + 1 for line in wide[:-1]) <= MOST_BYTES


def test_a_block_that_is_too_long_is_reported_by_its_lines():
    rule = {"from_port": 22, "description": "d" * 150, "cidr_blocks": ["0.0.0.0/0"], "password": SECRET}
    (found,) = diff({"ingress": []}, {"ingress": [rule]}, redactor=Redactor())
    assert '+   "from_port": 22,' in found.lines
    assert not any(SECRET in line for line in found.lines)


def test_a_policy_changes_by_statement_also_in_a_heredoc():
    policy = '{{\n  "Statement": [\n    {{ "Sid": "Files", "Effect": "Allow", "Action": "{}" }}\n  ]\n}}\n'
    (found,) = diff({"policy": policy.format("s3:Get")}, {"policy": policy.format("*")}, redactor=Redactor())
    assert (found.path, found.before.text, found.after.text) == ("policy.Statement[0].Action", '"s3:Get"', '"*"')


def test_what_is_created_whole_has_no_lines():
    (found,) = diff(None, {"input": "a\nb\n"}, redactor=Redactor())
    assert found.lines == ()
