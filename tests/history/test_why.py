"""``why``: the last changes of a thing, found by what a person calls it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import msgspec
import pytest

from change_events.cli.render.why import answer_lines
from change_events.errors import TfeventError
from change_events.history.why import why
from change_events.journal import Journal
from change_events.model import (
    Action,
    Actor,
    Cause,
    CauseCommit,
    CauseKind,
    Change,
    ChangeOutcome,
    Confidence,
    Kind,
    Outcome,
    Playbook,
    Tool,
)
from change_events.model.tasks import HostFailure, ItemCounts, TaskRun
from tests.history.past import ABSENT, NOW, UNKNOWN, change, journal_of, run, secret

DB = "aws_db_instance.main"
MICRO, LARGE = "db.t3.micro", "db.r6g.large"
WEB = 'module.web.aws_instance.app["a"]'
CAUSE = Cause(
    kind=CauseKind.EDITED_LINE,
    text="var.db_class",
    file="prod.tfvars",
    line=4,
    attributes=("instance_class",),
    commits=(CauseCommit(id="c0ffee1" + "0" * 33, subject="Smaller nodes", author="Ada", pull_request="#41"),),
    confidence=Confidence.EXACT,
)


def task(name, outcome="applied", **fields):
    return Change(
        address=name, action=Action.CHANGE, outcome=ChangeOutcome(outcome), type="copy", task=TaskRun(**fields)
    )


def playbook(minutes_ago, *changes, **fields):
    return run(
        minutes_ago, *changes, playbook=Playbook(file="site.yml"), tool=Tool(name="ansible"), title="site.yml", **fields
    )


EVENTS = {
    "created": run(900, change(DB, "create"), change(WEB, "create", id="i-0abc")),
    "grown": run(800, change(DB, attributes={"instance_class": (MICRO, LARGE), "tags.a": ("1", "2")})),
    "password": run(700, change(DB, attributes={"password": (secret("a" * 12), secret("b" * 12))}), user="bo"),
    "failed": run(
        600,
        change(DB, outcome="failed", attributes={"instance_class": (LARGE, "db.x2.huge")}, error="quota\nmore"),
        outcome=Outcome.PARTIAL,
    ),
    "shrunk": run(
        500,
        change(DB, attributes={"instance_class": (LARGE, MICRO)}, causes=(CAUSE,)),
        change(
            WEB, attributes={"private_ip": ("10.0.0.4", "10.0.0.5"), "ami": ("ami-1", "ami-2"), "arn": ("x", UNKNOWN)}
        ),
    ),
    "elsewhere": run(400, change(DB, attributes={"instance_class": (MICRO, "db.t3.small")}), stack="other"),
    "played": playbook(
        300,
        task("nginx : config", changed_on=("10.0.0.5", "web2"), things=("/etc/nginx/nginx.conf",)),
        task("restart", "failed", failures=(HostFailure(host="web2", error="no unit"),)),
        task("looked", changed_on=("web2",), checked=True),
    ),
    "moved": run(200, change("aws_db_instance.primary", "move", previous_address=DB)),
    "after": run(100, change("aws_db_instance.primary", attributes={"instance_class": (MICRO, LARGE)})),
    "booted": run(50, explicit=True, kind=Kind.BOOT, actor=Actor(host="web2"), title="web2 booted"),
}
NAMES = {event.id: name for name, event in EVENTS.items()}


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    with journal_of(tmp_path_factory.mktemp("why"), *EVENTS.values()) as journal:
        yield journal


def asked(journal, text, **options):
    answer = why(journal, text, **{"limit": 20, **options})
    return answer, [NAMES[entry.event] for entry in answer.entries]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DB, ["after", "moved", "elsewhere", "shrunk", "failed", "password", "grown", "created"]),
        ("aws_db_instance.primary", ["after", "moved", "shrunk", "failed", "password", "grown", "created"]),
        (f"{DB}.instance_class", ["after", "moved", "elsewhere", "shrunk", "failed", "grown", "created"]),
        (f"{DB}.tags", ["moved", "grown", "created"]),
        (f"{DB}.password", ["moved", "password", "created"]),
        (WEB, ["played", "shrunk", "created"]),
        ("module.web", ["played", "shrunk", "created"]),
        ("module.web.aws_instance.app", ["played", "shrunk", "created"]),
        ("module.web.aws_instance.app.ami", ["shrunk", "created"]),
        (f"{WEB}.ami", ["shrunk", "created"]),
        ("module.*.ami", ["shrunk", "created"]),
        ("*.app[*]", ["played", "shrunk", "created"]),
        ("i-0abc", ["played", "shrunk", "created"]),
        ("10.0.0.5", ["played", "shrunk", "created"]),
        ("web2", ["booted", "played"]),
    ],
)
def test_the_last_changes_are_found_newest_first(journal, text, expected):
    _, names = asked(journal, text)
    assert names == expected


def test_an_entry_says_who_from_which_cause_and_commit_and_from_which_value_to_which(journal):
    answer, names = asked(journal, f"{DB}.instance_class")
    entry = answer.entries[names.index("shrunk")]
    assert (entry.user, entry.commit, entry.subject) == ("ann", "c0ffee1" + "0" * 33, "A change")
    (changed,) = entry.changes
    assert changed.cause == CAUSE
    (attribute,) = changed.attributes
    assert (attribute.path, attribute.before.text, attribute.after.text) == (
        "instance_class",
        '"db.r6g.large"',
        '"db.t3.micro"',
    )


def test_a_revert_names_the_event_it_undoes_and_a_failed_change_undoes_nothing(journal):
    answer, names = asked(journal, f"{DB}.instance_class")
    found = {
        name: (attribute.reverts and NAMES[attribute.reverts], attribute.reverted_by and NAMES[attribute.reverted_by])
        for name, entry in zip(names, answer.entries, strict=True)
        for changed in entry.changes
        for attribute in changed.attributes
    }
    assert found["shrunk"] == ("grown", None)
    assert found["grown"] == (None, "shrunk")
    assert found["failed"] == (None, None)
    assert found["elsewhere"] == (None, None), "another stack's value is another value"


def test_a_moved_resource_keeps_its_own_past_only(journal):
    answer, names = asked(journal, "aws_db_instance.primary")
    assert "elsewhere" not in names
    assert {thing.address for thing in answer.things} == {"aws_db_instance.primary", DB}


def test_tasks_are_those_that_changed_the_host(journal):
    answer, names = asked(journal, "web2")
    changes = answer.entries[names.index("played")].changes
    assert [(one.address, one.host, one.outcome, one.error) for one in changes] == [
        ("nginx : config", "web2", "applied", None),
        ("restart", "web2", "failed", "no unit"),
    ]
    assert changes[0].things == ("/etc/nginx/nginx.conf",)


@pytest.mark.parametrize(
    ("task_of_hosts", "host", "things"),
    [
        ({"changed_on": ("web1",), "things": ("a", "b")}, "web1", (("a", "b"), False)),
        ({"changed_on": ("web1", "web2"), "things": ("a",)}, "web1", (("a",), False)),
        ({"changed_on": ("web1", "web2"), "things": ("a", "b")}, "web1", (("a", "b"), True)),
        ({"changed_on": ("web1", "web2"), "things": ("a",), "things_omitted": 3}, "web1", (("a",), True)),
        ({"changed_on": ("web1",), "hosts_omitted": 9, "things": ("a", "b")}, "web1", (("a", "b"), True)),
        ({"changed_on": ("web2",), "things": ("a",), "failures": (HostFailure(host="web1"),)}, "web1", ((), False)),
        ({"changed_on": ("web2",), "things": ("a", "b"), "items": ItemCounts(changed=2, failed=1),
          "failures": (HostFailure(host="web1"),)}, "web2", (("a", "b"), True)),
    ],
)  # fmt: skip
def test_things_of_several_hosts_are_not_said_to_be_of_one(tmp_path, task_of_hosts, host, things):
    with journal_of(tmp_path, playbook(5, task("config", **task_of_hosts))) as journal:
        ((change,),) = (entry.changes for entry in why(journal, host, limit=1).entries)
    assert (change.things, change.things_shared) == things


def test_since_and_limit(journal):
    _, names = asked(journal, DB, since=NOW - timedelta(minutes=450))
    assert names == ["after", "moved", "elsewhere"]
    _, names = asked(journal, DB, limit=2)
    assert names == ["after", "moved"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aws_db_instance.mian", ["did you mean", DB, "is recorded since 2026-11-"]),
        ("web3", ["did you mean", "web2"]),
        ("main", ["did you mean", DB]),
        ("AWS_DB_INSTANCE.MAIN", ["did you mean", DB]),
        ("zzzzzzzzzzzzzz", ["expected an address, a prefix or glob of one, or a host"]),
        (f"{DB}.instance_klass", ["instance_class"]),
        ("module.web.aws_instance.ap", ["is recorded since"]),
        ('module.web.aws_instance.app["b"]', ["did you mean", WEB]),
        ("", ["is recorded since"]),
        ("*", []),
    ],
)
def test_what_is_not_known_is_an_error_with_near_matches(journal, text, said):
    if not said:
        assert asked(journal, text)[1]
        return
    with pytest.raises(TfeventError) as error:
        why(journal, text, limit=5)
    for words in said:
        assert words in str(error.value)


def test_an_empty_journal_says_so(tmp_path):
    with Journal.open(tmp_path / "journal.db") as empty, pytest.raises(TfeventError, match="nothing was changed yet"):
        why(empty, DB, limit=5)


def test_the_answer_is_json_without_what_is_empty(journal):
    answer, _ = asked(journal, f"{DB}.password")
    assert b"a" * 12 in msgspec.json.encode(answer)
    plain = msgspec.to_builtins(answer)
    assert set(plain) == {"asked", "attribute", "things", "entries", "known_since"}
    assert plain["entries"][1]["changes"][0]["attributes"][0]["before"] == {
        "kind": "sensitive",
        "fingerprint": "a" * 12,
    }


def test_an_address_that_was_used_again_is_distinguished_by_time(tmp_path):
    first = run(90, change("x.a", attributes={"v": ("1", "2")}))
    moved = run(80, change("x.b", "move", previous_address="x.a"))
    again = run(70, change("x.a", "create"))
    with journal_of(tmp_path, first, moved, again) as journal:
        assert [entry.event for entry in why(journal, "x.b", limit=9).entries] == [moved.id, first.id]


def test_absent_values_return_too(tmp_path):
    added = run(90, change("x.a", attributes={"tags.k": (ABSENT, "v")}))
    taken = run(80, change("x.a", attributes={"tags.k": ("v", ABSENT)}))
    with journal_of(tmp_path, added, taken) as journal:
        newest = why(journal, "x.a", limit=9).entries[0]
        assert newest.changes[0].attributes[0].reverts == added.id


def test_an_edit_of_the_state_says_what_was_done_and_nothing_is_its_own_alias(tmp_path):
    events = (
        run(50, change(DB, "edit", raw_actions=("taint",))),
        run(40, change(DB, "edit", raw_actions=("provider",), note="provider a → b")),
        run(30, change(DB, "move", previous_address=DB, note="to another state", id="db-1")),
    )
    with closing(journal_of(tmp_path, *events)) as filled:
        answer = why(filled, DB, limit=9)
    assert [one.names for one in answer.things] == [("db-1",)]
    assert [(one.edit, one.note) for entry in answer.entries for one in entry.changes] == [
        (None, "to another state"),
        ("managed by another provider", "provider a → b"),
        ("marked as tainted: the next apply replaces it", None),
    ]


def test_a_redacted_address_may_be_of_several_and_reverts_nothing(tmp_path):
    address = 'x_y.a["(sensitive)"]'
    there = run(90, change(address, attributes={"v": ("1", "2")}))
    back = run(80, change(address, attributes={"v": ("2", "1")}))
    tags = run(70, change("x_y.b", attributes={'tags["(sensitive)"]': ("1", "2")}))
    untagged = run(60, change("x_y.b", attributes={'tags["(sensitive)"]': ("2", "1")}))
    with closing(journal_of(tmp_path, there, back, tags, untagged)) as filled:
        answers = [why(filled, text, limit=9) for text in (address, "x_y.b")]
    assert [answer.things[0].redacted for answer in answers] == [True, False]
    assert [one.changes[0].attributes[0].reverts for answer in answers for one in answer.entries] == [None] * 4
    said = [any("part of the address is redacted" in line for line in answer_lines(answer)) for answer in answers]
    assert said == [True, False]
