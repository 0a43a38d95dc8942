"""JSON and YAML in strings are compared by what they say."""

import json

import pytest

POLICY = {"Version": "2012", "Statement": [{"Sid": "a", "Effect": "Allow", "Action": ["s3:Get"]}]}


def test_a_json_policy_reports_the_path_inside(compare):
    after = {"Version": "2012", "Statement": [{"Sid": "a", "Effect": "Deny", "Action": ["s3:Get"]}]}
    assert compare({"policy": json.dumps(POLICY)}, {"policy": json.dumps(after)}) == [
        ("policy.Statement[0].Effect", '"Allow"', '"Deny"', 'in statement "a"')
    ]


def test_other_key_order_and_white_space_are_only_formatting(compare):
    before = json.dumps(POLICY)
    after = json.dumps(POLICY, indent=2, sort_keys=True)
    (found,) = compare({"policy": before}, {"policy": after})
    assert (found[0], found[3]) == ("policy", "only the formatting of the JSON changes")


def test_other_comments_and_indents_are_reported_of_yaml(compare):
    (found,) = compare({"v": "# a\nb:\n  - 1 # one\n"}, {"v": "# a\nb:\n- 1\n"})
    assert found[3] == "only the formatting or comments of the YAML change"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#cloud-config\n", "# old\n"),
        ("#cloud-config\n", ""),
        ("## template: jinja\n#cloud-config\n", "## template: jinja\n# none\n"),
        ("#!/bin/sh\n", "#!/bin/bash\n"),
    ],
)
def test_a_text_whose_first_comments_differ_is_no_yaml(compare, before, after):
    rest = "packages:\n  - a\n"
    assert [(row[0], row[3]) for row in compare({"u": before + rest}, {"u": after + rest})] == [("u", None)]


def test_a_null_that_goes_from_a_document_is_more_than_formatting(compare):
    assert [row[3] for row in compare({"j": '{"a": null}'}, {"j": "{}"})] == [None]


def test_yaml_values_report_the_path_inside(compare):
    before = "image:\n  tag: 1.10\n  pull: yes\nports:\n  - 80\n"
    after = "image:\n  tag: 1.1\n  pull: yes\nports:\n  - 80\n  - 443\n"
    assert [row[:3] for row in compare({"values": before}, {"values": after})] == [("values.ports[1]", "absent", "443")]


def test_yaml_that_only_gets_quotes_around_a_number_did_change(compare):
    assert compare({"v": "a: 80\nb: 1\n"}, {"v": 'a: "80"\nb: 1\n'}) == [("v.a", "80", '"80"', None)]


def test_manifests_in_one_string_are_compared_document_by_document(compare):
    before = "kind: A\nn: 1\n---\nkind: B\nn: 1\n"
    assert [row[0] for row in compare({"m": before}, {"m": before.replace("B\nn: 1", "B\nn: 2")})] == ["m[1].n"]


def test_numbers_inside_json_strings_stay_exact(compare):
    before, after = '{"n": 9007199254740992}', '{"n": 9007199254740993}'
    assert compare({"j": before}, {"j": after})[0][:3] == ("j.n", "9007199254740992", "9007199254740993")


def test_json_inside_json_is_looked_into(compare):
    before = json.dumps({"inner": json.dumps({"a": 1, "b": 2})})
    after = json.dumps({"inner": json.dumps({"a": 1, "b": 3})})
    assert compare({"j": before}, {"j": after}) == [("j.inner.b", "2", "3", None)]


def test_json_is_not_looked_into_under_a_mask(compare):
    found = compare({"j": '{"a":"one-secret"}'}, {"j": '{"a":"two-secret"}'}, after_sensitive={"j": True})
    assert [row[:3] for row in found] == [("j", "sensitive", "sensitive")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{not json", "{not json either"),
        ("a: &x 1\nb: *x\n", "a: &x 2\nb: *x\n"),
        ("a: !!python/object:x 1\nb: 2\n", "a: !!python/object:x 2\nb: 2\n"),
        ("a: 1\na: 2\n", "a: 1\na: 3\n"),
        ('{"a": 1, "a": 2}', '{"a": 3, "a": 2}'),
        ('[{"b": {"a": 1, "a": 2}}]', '[{"b": {"a": 3, "a": 2}}]'),
        ("[" * 2000 + "]" * 2000, "[" * 2001 + "]" * 2001),
        ('{"a": 1}', "[1]"),
        ('"text"', '"other"'),
        ("plain: text", "plain: other"),
    ],
)
def test_what_is_no_document_stays_a_text(compare, before, after):
    assert [(row[0], row[3]) for row in compare({"t": before}, {"t": after})] == [("t", None)]
