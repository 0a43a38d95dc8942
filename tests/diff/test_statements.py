"""A policy that changes: the difference says which statement it is in."""

import json

import pytest

from change_events.diff import diff
from change_events.diff.statements import unnamed
from change_events.redact import Redactor, RedactPolicy


def a(sid="", action=("s3:GetObject",), **more):
    named = {"Sid": sid} if sid else {}
    return {**named, "Effect": "Allow", "Action": list(action), "Resource": ["arn:aws:s3:::b/*"], **more}


def policy(*statements, single=False):
    return {"Version": "2012-10-17", "Statement": statements[0] if single else list(statements)}


def compared(before, after, redactor=None, text=True):
    before, after = (json.dumps(side) if text else side for side in (before, after))
    found = diff({"policy": before}, {"policy": after}, redactor=redactor or Redactor())
    return [(change.path, change.note) for change in found]


READ, WRITE, DENY = a("Read"), a("Write", ("s3:PutObject",)), a("DenyPlain", ("s3:*",), Effect="Deny")


@pytest.mark.parametrize("text", [True, False], ids=["text", "object"])
def test_a_statement_that_comes_or_goes_is_named(text):
    assert compared(policy(READ, DENY), policy(READ, WRITE, DENY), text=text) == [
        ("policy.Statement[1]", 'statement "Write" added')
    ]
    assert compared(policy(READ, DENY), policy(DENY), text=text) == [
        ("policy.Statement[0]", 'statement "Read" removed')
    ]
    assert compared(policy(a()), policy(a(), a(action=["s3:*"])), text=text) == [
        ("policy.Statement[1]", "statement added")
    ]


def test_what_changes_is_in_a_statement():
    wider = a("Write", ("s3:PutObject", "s3:PutObjectAcl"))
    assert compared(policy(READ, WRITE), policy(READ, wider)) == [
        ("policy.Statement[1].Action[1]", 'element added, in statement "Write"')
    ]
    assert compared(policy(a("A", Condition={"Bool": {"x": "y"}})), policy(a("A"))) == [
        ("policy.Statement[0].Condition.Bool.x", 'in statement "A"')
    ]
    assert compared(policy(a(), a("B")), policy(a(action=["s3:PutObject"]), a("B"))) == [
        ("policy.Statement[0].Action[0]", None)
    ], "one without a Sid has its index"


def test_a_single_statement_becomes_one_of_several():
    assert compared(policy(READ, single=True), policy(READ, WRITE)) == [
        ("policy.Statement[1]", 'statement "Write" added')
    ]
    assert compared(policy(READ, WRITE), policy(WRITE, single=True)) == [
        ("policy.Statement[0]", 'statement "Read" removed')
    ]


def test_a_name_that_may_not_be_shown_is_not():
    secret = Redactor()
    secret.remember("Zebra-mountain-77")
    named = a("Zebra-mountain-77")
    assert compared(policy(READ), policy(READ, named), secret) == [("policy.Statement[1]", "statement added")]
    odd = a("x\x1b[31m")
    assert compared(policy(READ), policy(READ, odd)) == [("policy.Statement[1]", "statement added")]
    bare = Redactor(RedactPolicy(values="names"))
    assert compared(policy(READ), policy(READ, WRITE), bare) == [("policy.Statement[1]", "statement added")]


def test_what_only_looks_like_a_policy_is_none():
    others = [{"Statement": [{"Sid": "a", "n": 1}]}, {"Statement": [{"Sid": "a", "n": 2}]}]
    assert compared(*others) == [("policy.Statement[0].n", None)]
    assert compared({"Statement": ["a"]}, {"Statement": ["a", "b"]}) == [("policy.Statement[1]", "element added")]


def test_a_note_without_values_names_no_statement():
    assert unnamed('element added, in statement "Write"') == "element added, in statement"
    assert unnamed('statement "Deny plain" removed') == "statement removed"
    assert unnamed("element added") == "element added"
    assert unnamed(None) is None
